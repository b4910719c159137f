"""Sonority: what each pitch class would be in the chord that the other parts sound: its root, its third, a clash.

Intervals from one part to another add up in a network's logits; that two thirds make a triad, and which of its notes
would then be the lowest, is about all of them at once. Shapes: B sequences, C parts.
"""

from itertools import product

import numpy as np

KINDS = {  # members as semitones above the root
    "major": ((0, 4, 7),),
    "minor": ((0, 3, 7),),
    "diminished": ((0, 3, 6),),
    "augmented": ((0, 4, 8),),
    "suspended": ((0, 5, 7),),
    "seventh without fifth": ((0, 4, 10), (0, 4, 11), (0, 3, 10), (0, 3, 11)),
    "dominant seventh": ((0, 4, 7, 10),),
    "other seventh": ((0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 7, 11), (0, 3, 6, 10)),
    "diminished seventh": ((0, 3, 6, 9),),
}
ALIKE = ("augmented", "diminished seventh")  # any of their notes may be the root


def _members() -> dict[frozenset[int], tuple[str, int]]:
    """For each chord, as semitones above one of its members, its kind and which member that is."""
    found = {}
    for kind, chords in KINDS.items():
        for chord in chords:
            for place, member in enumerate(chord):
                above = frozenset((other - member) % 12 for other in chord)
                found[above] = kind, 0 if kind in ALIKE else place
    return found


def _roles() -> tuple[np.ndarray, int]:
    """The role of a class by what sounds, bit k for the class k semitones above it, int64[4096]; and how many roles."""
    members, numbers = _members(), dict[tuple, int]()
    table = np.zeros(1 << 12, np.int64)
    for bits, _ in enumerate(product((0, 1), repeat=12)):
        sounding = {k for k in range(12) if bits >> k & 1}
        together, doubles = frozenset(sounding | {0}), 0 in sounding
        if not sounding:
            role: tuple = ("alone",)
        elif len(together) <= 2:
            role = ("interval", max(together), doubles)
        elif together in members:
            role = (*members[together], doubles)
        else:
            role = ("dissonance", doubles, bool({1, 11} & together))
        table[bits] = numbers.setdefault(role, len(numbers))
    return table, len(numbers)


_TABLE, ROLES = _roles()


def roles_of(pitches: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """The role of each pitch class, int64[B, 12], a category below `ROLES`: nothing sounds; it makes an interval,
    which; it is so many's member of a triad or seventh chord of such a kind; it makes a dissonance with or without a
    semitone. Whether it sounds already tells each of these apart.

    Args:
        pitches: of the other parts, MIDI, int64[B, C]. sounding: which of them sound, bool[B, C].
    """
    above = (pitches[:, :, None] - np.arange(12)) % 12
    return _TABLE[np.bitwise_or.reduce(np.where(sounding[:, :, None], 1 << above, 0), axis=1)]

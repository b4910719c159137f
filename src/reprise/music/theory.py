"""Keys, modes and chords as pitch classes (0 = C ... 11 = B); degrees count from 0 (the tonic)."""

from reprise.errors import ParamsError

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

# How well each pitch class fits after a key-defining context, from the tonic up: Krumhansl & Kessler, "Tracing the
# dynamic changes in perceived tonal organization", Psychological Review 89 (1982); Krumhansl (1990), table 2.1.
KEY_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
# Minor has its sixth and seventh degree both natural and raised: the natural, harmonic and melodic scale together.
KEY_CLASSES = {"major": MODES["major"], "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1, "-": -1}

# Which degree follows which, after the table of usual root progressions in Piston, Harmony (5th ed., 1987), ch. 3.
ROOT_PROGRESSIONS = {
    0: (1, 2, 3, 4, 5),
    1: (4, 6),
    2: (3, 5),
    3: (0, 1, 4),
    4: (0, 5),
    5: (1, 3, 4),
    6: (0, 2),
}


def scale(tonic: int, mode: str) -> tuple[int, ...]:
    """The seven pitch classes of a mode, from its tonic up."""
    return tuple((tonic + step) % 12 for step in MODES[mode])


def chord(scale_classes: tuple[int, ...], degree: int, size: int = 3) -> tuple[int, ...]:
    """The chord of stacked thirds on a degree: 3 pitch classes for a triad, 4 for a seventh chord."""
    return tuple(scale_classes[(degree + 2 * third) % 7] for third in range(size))


def pitches_in(classes: tuple[int, ...], lowest: int, highest: int) -> list[int]:
    """Every MIDI pitch of the given pitch classes within lowest..highest, ascending."""
    return [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in classes]


def key_classes(key: str) -> tuple[int, ...]:
    """The pitch classes of a key, ascending: seven in major, nine in minor, whose sixth and seventh may be raised.

    Args:
        key: such as "C major", "f# minor" or "Bb major", in capitals or not; all twelve for an empty one.

    Raises:
        ParamsError: it is no key.
    """
    if not key:
        return tuple(range(12))
    tonic, _, mode = key.strip().partition(" ")
    letter, accidental = tonic[:1].upper(), tonic[1:]
    if letter not in LETTERS or accidental not in ACCIDENTALS or mode.strip().lower() not in KEY_CLASSES:
        raise ParamsError(f"key: is {key!r}; it must be a tonic and a mode, such as C major, F# minor or Bb major")
    steps = KEY_CLASSES[mode.strip().lower()]
    return tuple(sorted((LETTERS[letter] + ACCIDENTALS[accidental] + step) % 12 for step in steps))

"""Chords beat by beat, and how often two settings of the same melody have the same ones.

A chord is that of `style.harmony.find_chords`, root and quality after Pardo & Birmingham, over each beat. How often the
chords of two harmonisations agree is the chord symbol recall of chord recognition with equal weights (Harte, Towards
automatic extraction of harmony information from music signals, 2010, ch. 8), here of windows of a beat. Stricter is
the set of pitch classes that sound as the beat begins. Times are twelfths of a quarter-note beat.
"""

from dataclasses import dataclass

import numpy as np

from reprise.composition.style.harmony import find_chords
from reprise.composition.style.voices import Share, beat_of, share, spans
from reprise.music.analysis.keyfinding import find_key
from reprise.music.piece import Piece

NO_CHORD = -1


@dataclass(frozen=True)
class Chords:
    """What sounds on each beat of a piece, from its start on.

    Attributes:
        roots: pitch classes, `NO_CHORD` where nothing sounds. qualities: places in `harmony.NAMES`; int64[beats] each.
        sets: pitch classes that sound as the beat begins, a bit each, int64[beats].
        top: the pitch of the first part as the beat begins, or `NO_CHORD`.
    """

    roots: np.ndarray
    qualities: np.ndarray
    sets: np.ndarray
    top: np.ndarray

    def __len__(self) -> int:
        return len(self.roots)

    def cut(self, start: int, stop: int) -> "Chords":
        """Some beats of it."""
        own = slice(start, stop)
        return Chords(self.roots[own], self.qualities[own], self.sets[own], self.top[own])

    def higher(self, semitones: int) -> "Chords":
        """The same so many semitones higher."""
        roots = np.where(self.roots == NO_CHORD, NO_CHORD, (self.roots + semitones) % 12)
        up = semitones % 12
        sets = (self.sets << up | self.sets >> (12 - up)) & 0xFFF
        return Chords(roots, self.qualities, sets, np.where(self.top == NO_CHORD, NO_CHORD, self.top + semitones))


def chords_of(piece: Piece, beats: int | None = None) -> Chords:
    """The chords of a piece, of so many beats, or all of them."""
    begun, ended = spans(piece)
    length = beat_of(piece)
    count = -(-int(ended.max(initial=0)) // length) if beats is None else beats
    starts = np.arange(count) * length
    roots, qualities, _ = find_chords(piece, starts, starts + length)
    sounds = (begun <= starts[:, None]) & (ended > starts[:, None])
    classes = sounds @ np.eye(12, dtype=np.int64)[piece.notes["pitch"] % 12]
    first = np.where(sounds & (piece.notes["part"] == 0), piece.notes["pitch"].astype(np.int64), NO_CHORD)
    sets = (classes > 0) @ (1 << np.arange(12))
    return Chords(roots, qualities, sets, first.max(axis=1, initial=NO_CHORD))


def agreeing(made: Chords, real: Chords) -> dict[str, Share]:
    """On how many beats two settings agree, of how many on which the real one has a chord.

    Returns:
        `chord`: the same root and quality. `root`: the same root. `set`: the same pitch classes as the beat begins.
    """
    counted = min(len(made), len(real))
    made, real = made.cut(0, counted), real.cut(0, counted)
    sounds = real.roots != NO_CHORD
    root = (made.roots == real.roots) & sounds
    same = {"chord": root & (made.qualities == real.qualities), "root": root}
    same["set"] = (made.sets == real.sets) & (real.sets > 0) & sounds
    of = {"chord": sounds, "root": sounds, "set": sounds & (real.sets > 0)}
    return {name: share(found, of[name].sum()) for name, found in same.items()}


def tonic_of(piece: Piece) -> int:
    """The tonic of a piece as a pitch class; 0 for a piece in no key."""
    key = find_key(piece)
    return 0 if key is None else key.tonic

"""Chords that close a piece: the tonic triad, or what comes near to it, at the end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reprise.music.analysis.keyfinding import Key
from reprise.music.piece import Piece

TRIADS = {"major": ({0, 4, 7},), "minor": ({0, 3, 7}, {0, 4, 7})}  # that close; minor may end with a Picardy third
FULL = 3  # notes of a chord that is no triad without its third
TONIC, DOMINANT, LEADING_NOTE = 0, 7, 11  # semitones above the tonic
SOON = 1e-6  # beats


@dataclass(frozen=True)
class Ending:
    """How a piece closes.

    Attributes:
        begins: when its last chord does, in beats. beats: for so many that stands, to the end of the last bar.
        triad: that is the tonic triad. authentic: a chord on the dominant, or with the leading note, comes before it.
        melody: its highest note is the tonic.
    """

    begins: float
    beats: float
    triad: bool
    authentic: bool
    melody: bool

    @property
    def rank(self) -> tuple[float, ...]:
        """The greater, the better it closes."""
        return self.triad, self.authentic + self.melody, self.authentic, self.beats


def endings_of(piece: Piece, home: Key | None, bars: int, after: float = 0.0) -> Iterator[Ending]:
    """Where a piece of so many bars could close, on a beat of its last one that comes `after` so many beats.

    A chord closes in which all parts sound and that `rests`: best the tonic triad; but music as dissonant as people ask
    for has hardly a triad. Something comes before it; what sounds in it is held.
    """
    notes, end, beat = piece.notes, bars * piece.bar_beats, beat_of(piece.metre)
    if home is None or not len(notes):
        return
    parts = len(np.unique(notes["part"]))
    last = notes["onset"] >= max(end - piece.bar_beats, after) - SOON
    last &= notes["onset"] > notes["onset"].min() + SOON
    for begins in np.unique(notes["onset"][last]).tolist():
        chord, before = sounding(notes, begins), sounding(notes, begins - beat / 4)
        off = (begins % piece.bar_beats) % beat
        on_beat, all_sound = min(off, beat - off) < SOON, len(np.unique(chord["part"])) == parts
        if on_beat and all_sound and rests(chord, home):
            melody = int(chord["pitch"].max()) % 12 == home.tonic
            yield Ending(begins, end - begins, is_tonic_triad(chord, home), _leads(before, home), melody)


def beat_of(metre: tuple[int, int]) -> float:
    """The length of a beat in quarter notes, a dotted one in compound metres."""
    beats, value = metre
    compound = value >= 8 and beats > 3 and beats % 3 == 0
    return (3 if compound else 1) * 4 / value


def is_tonic_triad(chord: np.ndarray, home: Key) -> bool:
    """Whether some notes are the tonic triad in root position; of three or more one is the third."""
    degrees = _degrees(chord, home)
    full = len(chord) < FULL or bool(degrees - {TONIC, DOMINANT})
    return full and _lowest(chord, home) == TONIC and any(degrees <= triad for triad in TRIADS[home.mode])


def rests(chord: np.ndarray, home: Key) -> bool:
    """Whether some notes are the tonic triad in root position, or have the tonic in the bass and its third or fifth
    above, whatever else.
    """
    third_or_fifth = set().union(*TRIADS[home.mode]) - {TONIC}
    over_tonic = _lowest(chord, home) == TONIC and bool(_degrees(chord, home) & third_or_fifth)
    return over_tonic or is_tonic_triad(chord, home)


def _leads(chord: np.ndarray, home: Key) -> bool:
    """Whether some notes lead to the tonic: they have the leading note, or the dominant in the bass and aren't merely
    the tonic triad over it.
    """
    degrees = _degrees(chord, home)
    six_four = len(degrees) > 1 and any(degrees <= triad for triad in TRIADS[home.mode])
    return LEADING_NOTE in degrees or (_lowest(chord, home) == DOMINANT and not six_four)


def _degrees(chord: np.ndarray, home: Key) -> set[int]:
    """The notes of a chord as semitones above the tonic, below 12."""
    return set(((chord["pitch"].astype(int) - home.tonic) % 12).tolist())


def _lowest(chord: np.ndarray, home: Key) -> int | None:
    """The lowest note of a chord as semitones above the tonic, below 12; None of silence."""
    return (int(chord["pitch"].min()) - home.tonic) % 12 if len(chord) else None


def sounding(notes: np.ndarray, beat: float) -> np.ndarray:
    """The notes that sound at a time."""
    return notes[(notes["onset"] <= beat + SOON) & (notes["onset"] + notes["duration"] > beat + SOON)]


def held(piece: Piece, ending: Ending, bars: int) -> Piece:
    """The piece with its last chord held to the end of its last bar."""
    notes = piece.notes.copy()
    last = notes["onset"] + notes["duration"] > ending.begins + SOON
    notes["duration"][last] = bars * piece.bar_beats - notes["onset"][last]
    return replace(piece, notes=notes)

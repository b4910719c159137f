"""The voices of a piece, and what sounds when: the ground on which the other modules measure.

Conventions: times are twelfths of a quarter-note beat, integers. What is measured of a piece is a `Share`, how much of
what was counted in how much of it, so that sets of pieces can be pooled: a share of notes as (notes that are so, all
notes), one number a piece as (number, 1), and (0, 0) where a measure isn't defined for the piece.
"""

from dataclasses import dataclass

import numpy as np

from reprise.composition.corpus.families import melody
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS, to_twelfths

Share = tuple[float, float]
UNDEFINED: Share = (0.0, 0.0)

SILENT = 128  # above every pitch
MOST_CHORDS = 0.1  # of a part's notes may begin while another of it sounds: a few stops of a violin, a divided bass


@dataclass(frozen=True)
class Line:
    """One note at a time: onsets ascending, ends, each at most the next onset, and pitches, int[N] each."""

    onsets: np.ndarray
    ends: np.ndarray
    pitches: np.ndarray

    def __len__(self) -> int:
        return len(self.onsets)

    @property
    def steps(self) -> np.ndarray:
        """Time from each onset to the next, of the last note its own length, int[N]."""
        return np.diff(self.onsets, append=self.ends[-1:])


def share(counted: np.ndarray | float, of: float) -> Share:
    """How many hold, of so many."""
    return float(np.sum(counted)), float(of)


def line_of(notes: np.ndarray) -> Line:
    """The highest note at each onset of a note table, each sounding until the next onset at most."""
    starts = to_twelfths(notes["onset"])
    stops = np.maximum(to_twelfths(notes["onset"] + notes["duration"]), starts + 1)
    order = np.lexsort((notes["pitch"], starts))
    kept = order[np.append(np.diff(starts[order]) > 0, True)] if len(order) else order
    onsets = starts[kept]
    ends = np.minimum(stops[kept], np.append(onsets[1:], stops[kept][-1:]))
    return Line(onsets, ends, notes["pitch"][kept].astype(int))


def voices(piece: Piece) -> list[Line]:
    """The line of each part that sounds, from the highest mean pitch to the lowest."""
    lines = [line_of(piece.notes[piece.notes["part"] == part]) for part in np.unique(piece.notes["part"])]
    return sorted(lines, key=lambda line: -line.pitches.mean())


def has_voices(piece: Piece) -> bool:
    """Whether two parts or more sound and each plays one note at a time: else there are no pairs of voices."""
    parts = [piece.notes[piece.notes["part"] == part] for part in np.unique(piece.notes["part"])]
    return len(parts) > 1 and all(_overlaps(part) <= MOST_CHORDS * len(part) for part in parts)


def is_monophonic(piece: Piece) -> bool:
    """Whether one note sounds at a time in the whole piece: there are no chords but implied ones."""
    return _overlaps(piece.notes) <= MOST_CHORDS * len(piece.notes)


def _overlaps(notes: np.ndarray) -> int:
    """Notes that begin before the one before has ended."""
    ends = np.maximum.accumulate(notes["onset"] + notes["duration"])
    return int((notes["onset"][1:] < ends[:-1] - 1 / (2 * TWELFTHS)).sum())


def melody_of(piece: Piece) -> Line:
    """The top voice, see `corpus.families.melody`."""
    return line_of(melody(piece))


def sounding(lines: list[Line], times: np.ndarray) -> np.ndarray:
    """The number of the note that sounds in each line at each time, -1 for a rest, int[lines, times]."""
    found = np.full((len(lines), len(times)), -1)
    for row, line in zip(found, lines):
        last = np.searchsorted(line.onsets, times, side="right") - 1
        sounds = (last >= 0) & (line.ends[np.maximum(last, 0)] > times)
        row[sounds] = last[sounds]
    return found


def pitch_time(piece: Piece, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """How long each pitch class sounds within each window, in twelfths, int[windows, 12]; voices add up."""
    classes = np.eye(12, dtype=int)[piece.notes["pitch"] % 12]
    return _lasting(piece, starts, stops) @ classes


def lowest(piece: Piece, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """The lowest pitch that sounds within each window, int[windows]; -1 where none does."""
    pitches = np.where(_lasting(piece, starts, stops) > 0, piece.notes["pitch"].astype(int), SILENT)
    found = pitches.min(axis=1, initial=SILENT)
    return np.where(found == SILENT, -1, found)


def _lasting(piece: Piece, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """How long each note sounds within each window, int[windows, notes]."""
    begun, ended = spans(piece)
    return np.maximum(np.minimum(ended, stops[:, None]) - np.maximum(begun, starts[:, None]), 0)


def spans(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """When each note begins and ends, int[notes] each; none is shorter than a twelfth."""
    begun = to_twelfths(piece.notes["onset"])
    return begun, np.maximum(to_twelfths(piece.notes["onset"] + piece.notes["duration"]), begun + 1)


def beat_of(piece: Piece) -> int:
    """The length of a beat of the metre: a dotted one where beats are divided by three, as in 6/8."""
    beats, value = piece.metre
    return 4 * TWELFTHS // value * (3 if beats > 3 and beats % 3 == 0 and value >= 8 else 1)


def bar_of(piece: Piece) -> int:
    """The length of a bar."""
    return round(piece.bar_beats * TWELFTHS)

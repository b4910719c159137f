"""What a corpus holds, in numbers: how much of everything, and how its notes lie.

Times are in quarter-note beats. A step is the time from a note's onset to the next note's, all parts taken together.
"""

import numpy as np

from reprise.composition.corpus.store import SPLITS, Corpus
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

OFF_GRID = 0.02  # twelfths; a third of a beat at 96 ticks or more is closer than that to the grid


def steps_of(piece: Piece) -> np.ndarray:
    """Beats between the onsets of successive notes, float64[N - 1]."""
    return np.diff(piece.notes["onset"])


def off_grid(beats: np.ndarray) -> np.ndarray:
    """Which times aren't multiples of 1/12 beat, bool[N]."""
    twelfths = np.asarray(beats) * TWELFTHS
    return np.abs(twelfths - np.round(twelfths)) > OFF_GRID


def repeated(piece: Piece) -> int:
    """Notes whose pitch is that of the note before them in their part."""
    parts = (piece.notes["pitch"][piece.notes["part"] == part] for part in range(len(piece.programs)))
    return sum(int((np.diff(pitches) == 0).sum()) for pitches in parts)


def unisons(piece: Piece) -> tuple[int, int]:
    """At how many onsets do two parts begin the same pitch, and how many onsets are there."""
    sounding = np.unique(piece.notes[["onset", "pitch", "part"]])
    onsets, pitches = sounding["onset"], sounding["pitch"]
    same = (np.diff(onsets) == 0) & (np.diff(pitches) == 0)
    return len(np.unique(onsets[1:][same])), len(np.unique(onsets))


def summarise(corpus: Corpus) -> dict:
    """Counts by split, and shares over the pieces of training, validation and test together."""
    table = corpus.table
    pieces = [piece for split in SPLITS if split != "opening" for piece in corpus.pieces(split)]
    steps = np.concatenate([steps_of(piece) for piece in pieces])
    durations = np.concatenate([piece.notes["duration"] for piece in pieces])
    at_unison, onsets = np.sum([unisons(piece) for piece in pieces], axis=0)
    groups = {split: table[table["split"] == split] for split in SPLITS}
    return {
        "pieces": {split: len(rows) for split, rows in groups.items()},
        "families": {split: int(rows["family"].nunique()) for split, rows in groups.items()},
        "bars": {split: int(rows["bars"].sum()) for split, rows in groups.items()},
        "notes": {split: int(rows["notes"].sum()) for split, rows in groups.items()},
        "share_of_notes_repeated": _share(sum(map(repeated, pieces)), len(durations)),
        "share_of_onsets_in_unison": _share(at_unison, onsets),
        "share_of_steps_zero": _share((steps == 0).sum(), len(steps)),
        "share_of_steps_off_grid": _share(off_grid(steps).sum(), len(steps)),
        "share_of_durations_off_grid": _share(off_grid(durations).sum(), len(durations)),
    }


def _share(part: float, whole: float) -> float:
    return round(float(part / max(whole, 1)), 4)

"""Pieces cut: to bars, counted from 0 at bar lines, and to parts."""

import math
from dataclasses import replace

import numpy as np

from reprise.music.piece import Piece

FURTHER_PARTS = "notes of further parts"


def bars_of(piece: Piece) -> int:
    """Bars until the last note ends, a begun one counted whole; 0 without notes."""
    ends = piece.notes["onset"] + piece.notes["duration"]
    return math.ceil(round(float(ends.max(initial=0.0)) / piece.bar_beats, 6))


def cut_at_bar(piece: Piece, bar: int) -> Piece:
    """What begins before the end of so many bars; notes that sound longer end there."""
    end = bar * piece.bar_beats
    notes = piece.notes[piece.notes["onset"] < end - 1e-9].copy()
    notes["duration"] = np.minimum(notes["duration"], end - notes["onset"])
    return replace(piece, notes=notes)


def after_bar(piece: Piece, bar: int) -> Piece:
    """What begins after so many bars, moved to the start: a continuation without its opening."""
    notes = piece.notes[piece.notes["onset"] >= bar * piece.bar_beats - 1e-9].copy()
    notes["onset"] -= bar * piece.bar_beats
    return replace(piece, notes=notes)


def first_parts(piece: Piece, count: int) -> Piece:
    """The piece without the parts after its first `count` ones, whose notes are counted as left out."""
    return replace(keeping(piece, piece.notes["part"] < count, FURTHER_PARTS), programs=piece.programs[:count])


def keeping(piece: Piece, kept: np.ndarray, kind: str) -> Piece:
    """The piece with some of its notes, bool[notes]; the others are counted as left out, as of `kind`."""
    lost = int((~kept).sum())
    left_out = dict(piece.left_out) | ({kind: lost} if lost else {})
    return replace(piece, notes=piece.notes[kept], left_out=left_out)

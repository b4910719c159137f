"""Cuts at bars and parts, by hand."""

from tiny_pieces import piece_of

from reprise.music.excerpts import after_bar, bars_of, cut_at_bar, first_parts
from reprise.music.piece import Piece


def rows(piece: Piece) -> list[tuple]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def test_a_begun_bar_counts_whole():
    assert bars_of(piece_of((0, 48, 60, 0))) == 1 and bars_of(piece_of((36, 36, 60, 0), metre=(3, 4))) == 2
    assert bars_of(piece_of((0, 12, 60, 0), (96, 1, 60, 0))) == 3
    assert bars_of(piece_of((0, 50, 60, 0))) == 2
    assert bars_of(cut_at_bar(piece_of((0, 12, 60, 0)), 0)) == 0, "there are no notes"


def test_cuts_at_bars():
    """3/4: a note over each bar line."""
    piece = piece_of((0, 12, 60, 0), (24, 24, 62, 0), (60, 36, 64, 0), (72, 12, 65, 0), metre=(3, 4))
    assert rows(cut_at_bar(piece, 1)) == [(0.0, 1.0, 60, 0), (2.0, 1.0, 62, 0)]
    assert rows(after_bar(piece, 1)) == [(2.0, 3.0, 64, 0), (3.0, 1.0, 65, 0)], "what sounds on from before is gone"
    assert rows(cut_at_bar(piece, 9)) == rows(piece) == rows(after_bar(piece, 0))


def test_the_first_parts():
    piece = piece_of((0, 12, 60, 0), (0, 12, 64, 1), (0, 12, 67, 2))
    assert rows(first_parts(piece, 2)) == [(0.0, 1.0, 60, 0), (0.0, 1.0, 64, 1)]
    assert first_parts(piece, 2).programs == (0, 0) and rows(first_parts(piece, 9)) == rows(piece)

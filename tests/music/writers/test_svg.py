"""Pictures of scores: every note is there, nothing in them changes from one to the next."""

from xml.etree import ElementTree

import numpy as np
import pytest
from tiny_model import chorale

from reprise.errors import ScoreError
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece, note_table
from reprise.music.writers.svg import svg_bytes

SVG = "{http://www.w3.org/2000/svg}"


def count(svg: bytes, kind: str) -> int:
    return sum(
        element.get("class", "").split()[:1] == [kind] for element in ElementTree.fromstring(svg).iter(f"{SVG}g")
    )


def test_notes_staves_and_bars_of_a_piece_are_drawn():
    rows = [(float(beat), 1.0, 60 + beat, 64, 0) for beat in range(8)] + [(0.0, 4.0, 48, 64, 1), (4.0, 4.0, 50, 64, 1)]
    svg = svg_bytes(Piece(note_table(rows), 90.0, (0, 42), (4, 4), "test"))
    assert count(svg, "note") == 10 and count(svg, "measure") == 2
    assert b'fill="white"' in svg


def test_the_first_page_is_shown_of_a_long_piece():
    piece = chorale(1)
    notes = np.concatenate([piece.notes] * 12)
    notes["onset"] += np.repeat(24.0 * np.arange(12), len(piece.notes))
    svg = svg_bytes(Piece(notes, 90.0, piece.programs, (4, 4), "long"))
    assert 0 < count(svg, "measure") < 72


def test_the_same_piece_gives_the_same_bytes():
    assert svg_bytes(chorale(1)) == svg_bytes(chorale(1)) != svg_bytes(chorale(2))
    assert svg_bytes(cut_at_bar(chorale(1), 1))


def test_a_piece_without_notes_is_refused():
    with pytest.raises(ScoreError, match="nothing"):
        svg_bytes(Piece(note_table([]), 90.0, (0,), (4, 4), "nothing"))

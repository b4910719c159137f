"""What parts are called."""

from dataclasses import replace

import pytest
from tiny_pieces import piece_of

from reprise.music.parts import part_names


@pytest.mark.parametrize(
    ("programs", "names"),
    [
        ((52, 52, 52, 52), ["Soprano", "Alto", "Tenor", "Bass"]),
        ((52, 53, 52, 53), ["Soprano", "Alto", "Tenor", "Bass"]),
        ((52, 52), ["Choir Aahs 1", "Choir Aahs 2"]),
        ((40, 40, 41, 42), ["Violin 1", "Violin 2", "Viola", "Cello"]),
        ((48, 48, 0), ["String Ensemble 1 (1)", "String Ensemble 1 (2)", "Acoustic Grand Piano"]),
        ((0,), ["Acoustic Grand Piano"]),
    ],
)
def test_parts_have_names(programs, names):
    piece = replace(piece_of((0, 12, 60, 0), parts=1), programs=programs)
    assert part_names(piece) == names

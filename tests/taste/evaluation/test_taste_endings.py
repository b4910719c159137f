"""On which chords the music from words ends, on pieces made by hand."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.taste.evaluation.endings import endings
from reprise.taste.evaluation.made import Made

TRIAD, SEVENTH, INVERTED = (48, 64, 67, 72), (48, 64, 67, 70), (52, 60, 67, 72)
SILENT = np.zeros(4, np.float32)


def made(last: tuple[int, ...], name: str = "base", home: str = "C major", tastes=("sour",)) -> Made:
    """Two chords, of which the second one ends the piece."""
    notes = [(0, 12, 50 + part, part) for part in range(4)] + [(12, 12, pitch, part) for part, pitch in enumerate(last)]
    row = {"set": name, "prompt": "own", "text": "", "tastes": list(tastes), "home": home}
    return Made(row, piece_of(*notes), SILENT)


def test_endings_are_told_by_taste_and_by_set_and_not_where_nobody_knows_the_home():
    pieces = [made(TRIAD), made(SEVENTH), made(INVERTED), made(TRIAD, "unconditioned"), made(TRIAD, "real", home="")]
    found = endings(pieces, 50, 1)
    assert found.keys() == {"sour", "unconditioned"}
    assert found["sour"]["closes"]["value"] == pytest.approx(1 / 3, abs=1e-4) and found["sour"]["closes"]["count"] == 3
    assert found["sour"]["rests"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["unconditioned"]["closes"]["value"] == 1


def test_the_home_is_the_one_that_was_told():
    assert endings([made(TRIAD, home="A minor"), made(TRIAD, home="F major")], 50, 1)["sour"]["rests"]["value"] == 0

"""The JSB Chorales benchmark: its unit, its floor, its rows, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.composition import jsb
from reprise.errors import BadInput

CHORD = [72, 67, 64, 48]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two frames of a chord and two of it a tone higher, the alto silent in the last, four times over."""
    higher = [pitch + 2 for pitch in CHORD]
    piece = [CHORD, CHORD, higher, [higher[0], jsb.REST, *higher[2:]]] * 4
    path = tmp_path / "Jsb16thSeparated.json"
    path.write_text(json.dumps({split: [piece] * 2 for split in jsb.SPLITS}))
    return path


def test_a_token_is_a_voice_in_a_sixteenth(data):
    encoding, events = jsb.encode(jsb.read_chorales(data))
    assert (encoding.lowest, encoding.highest) == (48, 74)
    assert events["train"][0].shape == (16, 4)
    assert events["train"][0][3].tolist() == [74 - 48, encoding.rest, 66 - 48, 50 - 48]


def test_the_floor_counts_what_follows_a_pitch(data):
    """The soprano's two pitches follow each other and themselves as often: about ln 2, as counts start at one."""
    encoding, events = jsb.encode(jsb.read_chorales(data))
    soprano = jsb.floor_nats(encoding, events, "test").reshape(2, 16, 4)[:, 1:, 0]
    assert soprano.mean() == pytest.approx(np.log(2), abs=0.03)


def test_the_rows_are_those_of_the_contract(data, tmp_path):
    encoding, events = jsb.encode(jsb.read_chorales(data))
    rows = jsb.make_rows(encoding, events, tmp_path / "work", quick=True, device="cpu")
    assert all(row.keys() == {"model", "split", "nats_per_token", "source", "minutes"} for row in rows)
    measured = {(row["model"], row["split"]): row["nats_per_token"] for row in rows if row["source"] == "measured"}
    assert {split for _, split in measured} == {"validation", "test"}
    for split in ("validation", "test"):
        worst = max(measured[name, split] for name in jsb.ENTRANTS)
        assert measured["mean of their probabilities", split] <= worst + 1e-4
    assert [row["nats_per_token"] for row in rows if row["source"] == "published"] == [0.417, 0.335]


@pytest.mark.parametrize("text", ["", "[]", '{"train": []}', '{"train": [[1]], "valid": [], "test": []}'])
def test_another_file_is_refused_by_name(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"other\.json: isn't Jsb16thSeparated\.json"):
        jsb.read_chorales(path)
    with pytest.raises(BadInput, match=r"absent\.json: cannot be read"):
        jsb.read_chorales(tmp_path / "absent.json")

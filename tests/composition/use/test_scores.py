"""Folders of scores, measured: what is read, and against what."""

import numpy as np
import pytest
from tiny_model import chorale
from tiny_pieces import line

from reprise.composition.use.scores import evaluate_music, find_scores
from reprise.errors import BadInput


def test_the_midi_file_is_read_of_files_alike_but_for_the_extension(tmp_path):
    (tmp_path / "below").mkdir()
    for name in ("b.krn", "a.musicxml", "a.mid", "below/a.MXL", "a.wav", "a", "c.mid/"):
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    assert find_scores(tmp_path) == [tmp_path / name for name in ("a.mid", "b.krn", "below/a.MXL")]
    with pytest.raises(BadInput, match="is a file; it must be a folder with scores"):
        find_scores(tmp_path / "a.mid")
    with pytest.raises(BadInput, match="no such folder"):
        find_scores(tmp_path / "none")


def test_music_against_itself_differs_in_nothing():
    pieces = [chorale(1), chorale(2)]
    found = evaluate_music(pieces, pieces)
    assert found["measures"] == found["reference"]["measures"]
    differences = [value for value in found["standardised_difference"].values() if value is not None]
    assert differences and not np.any(differences)
    assert "reference" not in evaluate_music(pieces)


def test_music_and_reference_are_measured_over_as_many_bars():
    """The same endless scale, 8 bars of it against 2: nothing differs once both are cut; without, its range would."""
    scale = [48 + step for step in range(32)]
    long, short = [line(scale, start=0.0)] * 2, [line(scale[:8])] * 2
    found = evaluate_music(long, short)
    assert found["standardised_difference"]["pitch_range"] == 0
    assert found["measures"]["pitch_range"]["value"] == found["reference"]["measures"]["pitch_range"]["value"] == 7
    assert evaluate_music(short, long)["measures"] == evaluate_music(short, long)["reference"]["measures"]
    assert evaluate_music(long)["measures"]["pitch_range"]["value"] == 31, "nothing is cut without a reference"
    assert found["originality"]["longest_copied_run"]["value"] == 8, "whole pieces"


def test_style_is_measured_as_far_as_it_applies():
    """Of one part no voice leading; how pieces end is that of whole pieces, also where a short reference cuts them."""
    alone = evaluate_music([chorale(1), chorale(2)])["style"]
    assert {"parallel_fifths", "closing_rate", "longest_return"} <= alone["measures"].keys() and len(alone) == 1
    melodies = evaluate_music([line(range(60, 72))])["style"]["measures"]
    assert "longest_return" in melodies and "parallel_fifths" not in melodies
    long, short = [line(range(48, 80))] * 2, [line(range(48, 56))] * 2
    found = evaluate_music(long, short)["style"]
    assert found["standardised_difference"]["longest_return"] == 0, "over as many bars"
    assert found["standardised_difference"].keys() <= found["measures"].keys() & found["reference"]["measures"].keys()

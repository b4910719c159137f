"""Notes heard: from levels drawn by hand, their measures by hand, and how the transcriber is judged."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from benchmarks.taste import heard_notes as heard
from benchmarks.taste.heard_notes import LOWEST, Transcriber, known_piece, measure, notes_of, rank_correlation
from reprise.errors import BadInput

FRAMES = 60


def levels(*notes: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How likely each frame holds and begins a pitch, for notes of (first frame, frame after the last, pitch)."""
    sounding, onsets = np.zeros((FRAMES, 88)), np.zeros((FRAMES, 88))
    for start, end, pitch in notes:
        sounding[start:end, pitch - LOWEST] = 0.9
        onsets[start, pitch - LOWEST] = 0.8
    return sounding, onsets, np.arange(FRAMES) / 10


def test_notes_are_found_where_they_begin_and_end():
    found = notes_of(*levels((5, 15, 60), (20, 40, 64), (30, 50, 60)))
    assert found.tolist() == [[0.5, 1.4, 60], [2.0, 3.9, 64], [3.0, 4.9, 60]]


def test_a_note_ends_where_its_pitch_begins_again_and_bridges_a_short_gap():
    assert notes_of(*levels((5, 15, 60), (15, 25, 60))).tolist() == [[0.5, 1.4, 60], [1.5, 2.4, 60]]
    sounding, onsets, times = levels((5, 30, 60))
    sounding[10:20, 60 - LOWEST] = 0.1  # ten frames, which are bridged; eleven aren't
    assert notes_of(sounding, onsets, times).tolist() == [[0.5, 2.9, 60]]
    sounding[10:21, 60 - LOWEST] = 0.1
    assert notes_of(sounding, onsets, times).tolist() == [[0.5, 0.9, 60]]


def test_what_is_faint_or_too_short_is_no_note_and_a_neighbour_is_not_heard_twice():
    sounding, onsets, times = levels((5, 8, 60), (20, 40, 64), (20, 40, 65))
    assert len(notes_of(sounding, onsets, times)) == 1  # 65 took 64 with it, and 60 lasts three frames
    assert len(notes_of(sounding, 0.6 * onsets, times)) == 0


def test_measures_by_hand():
    """A chord and two notes a second apart, that sound for a half, a half and a quarter of it, and a last one."""
    notes = np.array([[0, 0.5, 60], [0.02, 0.52, 64], [1, 1.25, 62], [2, 3, 66]])
    found = measure(notes, 4)
    assert found["mean_pitch"] == 63 and found["onset_rate"] == 0.75
    assert found["articulation"] == pytest.approx(0.5, abs=0.02)
    assert measure(np.zeros((0, 3)), 4)["onset_rate"] == 0


def test_rank_correlation_is_that_of_scipy_over_what_was_heard():
    rng = np.random.default_rng(0)
    played = rng.normal(size=40)
    sounded = played + rng.normal(size=40)
    found = rank_correlation(np.append(sounded, np.nan), np.append(played, 0))
    assert found["value"] == pytest.approx(spearmanr(sounded, played).statistic, abs=1e-4) and found["count"] == 40
    assert found["low"] < found["value"] < found["high"]


def test_known_pieces_differ_in_what_is_measured():
    rows = [measure(heard._as_heard(known_piece(number).notes), heard.SOUND_S) for number in range(30)]
    for name, spread in (("mean_pitch", 5), ("onset_rate", 1), ("articulation", 0.1)):
        assert np.std([row[name] for row in rows]) > spread


def test_another_network_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"isn't the network of basic-pitch 0\.4\.0; pip install"):
        Transcriber(tmp_path)


class Deaf:
    """Hears one note, whatever sounds."""

    def hear(self, sound: np.ndarray) -> np.ndarray:
        return np.array([[0.0, 1, 60], [float(np.abs(sound).max()), 2, 60]])


def test_a_deaf_transcriber_has_no_register(monkeypatch):
    monkeypatch.setattr(heard, "FONT", "TimGM6mb")
    monkeypatch.setattr(heard, "rank_correlation", lambda one, other: (one, other))
    found = heard.judge_the_transcriber(Deaf(), 4)
    assert set(found["mean_pitch"][0]) == {60} and len(set(found["mean_pitch"][1])) > 1

"""Recordings put together from clips: what is in them, and what is counted."""

import numpy as np
import pandas as pd
from tiny_recognizer import CONFIG, RATE, ToneDetector, tone_of

from benchmarks.recognition import long_recordings as benchmark

LABELS = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], bool)


def test_a_recording_has_no_instrument_beyond_those_of_its_first_clip():
    for seed in range(50):
        rows = benchmark.put_together(LABELS, 6, np.random.default_rng(seed))
        assert len(rows) == 6 and not (LABELS[rows] & ~LABELS[rows[0]]).any()


def test_a_guest_plays_alone_in_the_clips_that_it_is_given():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rows = benchmark.put_together(LABELS, 6, rng)
        before = LABELS[rows].any(axis=0)
        guest = benchmark.invite(LABELS, rows, 2, rng)
        places = np.flatnonzero(LABELS[rows, guest])
        assert not before[guest] and np.diff(places).tolist() == [1]
        assert (LABELS[rows[places]].sum(axis=1) == 1).all()


def test_errors_are_counted_by_length_and_rule(monkeypatch):
    """Of tones that a detector can't miss."""
    names = ("violin", "celesta")
    samples = [tone_of(name, CONFIG.clip_s, RATE).astype(np.float32) for name in names]
    labels = np.zeros((2, len(CONFIG.instruments)), bool)
    for row, name in enumerate(names):
        labels[row, CONFIG.instruments.index(name)] = True
    monkeypatch.setattr(benchmark, "load_clips", lambda *_: (samples, labels))
    answers = benchmark.measure(ToneDetector(), CONFIG, 0.01)
    assert set(answers["rule"]) == set(benchmark.RULES) and set(answers["seconds"]) == {4, 8, 16, 32, 60, 120}
    assert (answers.loc[answers["guest_s"] == 0, ["false", "missed"]] == 0).all().all()
    guests = answers.dropna(subset="guest_found")
    assert set(guests["guest_s"]) == {4, 8} and guests["guest_found"].isin([0, 1]).all()


def test_a_summary_by_hand():
    kind = {"seconds": 8.0, "guest_s": 0.0, "rule": "a"}
    answers = pd.DataFrame([{**kind, "false": value} for value in (0, 1, 1, 2)])
    (row,) = benchmark.summarise(answers, ["false"])
    assert row["false"]["value"] == 1 and row["false"]["count"] == 4 and row["rule"] == "a"
    assert "1.00 (" in benchmark.show([row])

"""Evaluation, on predictions small enough to check by hand; the floor's features; attributions."""

import numpy as np
import pytest
import torch
from tiny_recognizer import label_rows

from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.piece import Piece, note_table
from reprise.recognition.evaluation.attribution import attribute
from reprise.recognition.evaluation.evaluate import (
    EvaluationParams,
    Predictions,
    confusion_rows,
    evaluate_set,
    taken_for,
)
from reprise.recognition.evaluation.floor import PITCH_BINS, note_features
from reprise.recognition.model import NetworkParams, Recognizer

PIANO, GUITAR, STRINGS = INSTRUMENT_NAMES[:3]
PARAMS = EvaluationParams(seed=1, resamples=50, attribution_clips=1, attribution_steps=8)


@pytest.fixture
def predictions() -> Predictions:
    """A hit, guitar taken for strings, piano missed for nothing, strings out of nothing."""
    labels = label_rows((0,), (1,), (0, 1), (1,))
    decisions = label_rows((0,), (2,), (1,), (1, 2))
    return Predictions(labels, decisions * 0.8 + 0.1, decisions, labels.sum(axis=1).astype(int))


def test_confusions_pair_what_was_missed_with_what_was_heard_instead(predictions):
    assert sorted(confusion_rows(predictions)) == sorted(
        [
            (PIANO, PIANO),
            (GUITAR, STRINGS),
            (GUITAR, GUITAR),
            (PIANO, "none"),
            (GUITAR, GUITAR),
            ("none", STRINGS),
        ]
    )
    assert taken_for(predictions) == {PIANO: {"none": 1}, GUITAR: {STRINGS: 1}}


def test_the_contract_is_kept(predictions):
    found = evaluate_set(predictions, PARAMS)
    assert found["by_polyphony"].keys() == {"1", "2"}
    assert found["per_instrument"][PIANO] == {
        "f1": 0.6667,
        "precision": 1.0,
        "recall": 0.5,
        "average_precision": found["per_instrument"][PIANO]["average_precision"],
        "support": 2,
    }
    # piano 2 of 3, guitar 2 * 2 of 5, strings 0; nine instruments have neither labels nor decisions
    assert found["macro_f1"]["value"] == pytest.approx((2 / 3 + 4 / 5) / 12, abs=1e-4)
    assert found["micro_f1"]["value"] == pytest.approx(2 * 3 / (5 + 5), abs=1e-4)
    for name in ("macro_f1", "micro_f1", "mean_average_precision"):
        estimate = found[name]
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
        assert estimate["count"] == 4


def test_note_features_by_hand():
    # at 60 BPM a beat is a second: C4 for two seconds, E4 for one second together with it
    piece = Piece(note_table([(0, 2, 60, 90, 0), (1, 1, 64, 90, 1)]), 60.0, (0, 24))
    features = note_features(piece)
    histogram, rest = features[: len(PITCH_BINS) - 1], features[len(PITCH_BINS) - 1 :]
    assert histogram.sum() == pytest.approx(3)
    assert rest == pytest.approx([60, 64, 62, 1.0, 1.5, 2, 1.5])


def test_the_floor_does_not_see_which_part_plays_what():
    notes = [(0, 2, 60, 90, 0), (1, 1, 64, 90, 1)]
    swapped = [(onset, length, pitch, velocity, 1 - part) for onset, length, pitch, velocity, part in notes]
    first, second = (note_features(Piece(note_table(rows), 60.0, (0, 24))) for rows in (notes, swapped))
    assert np.array_equal(first, second)


def test_attributions_sum_to_the_change_of_the_logit():
    torch.manual_seed(0)
    network = Recognizer(NetworkParams((4, 4, 8, 8), 16, 1), 32, 12).eval()
    clip = np.random.default_rng(0).uniform(-60, 0, (32, 24)).astype(np.float32)
    found = attribute(network, clip, 3, -80.0, 256)
    with torch.inference_mode():
        both = torch.stack([torch.from_numpy(clip), torch.full((32, 24), -80.0)])
        heard, silent = network(both)[0][:, 3].tolist()
    assert found.shape == clip.shape
    assert found.sum() == pytest.approx(heard - silent, abs=0.05 * abs(heard - silent) + 0.01)

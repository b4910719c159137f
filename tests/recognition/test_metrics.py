"""Metrics against scikit-learn, thresholds by hand, and bootstrap intervals that mean what they say."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from reprise.learning.bootstrap import resample_weights
from reprise.recognition.metrics import (
    THRESHOLDS,
    average_precision,
    best_thresholds,
    estimates,
    f1_per_instrument,
    macro_f1,
    per_instrument,
)


def sample(seed: int, clips: int = 80, instruments: int = 5, ties: bool = False):
    """Labels, probabilities that know something of them, decisions at 0.5."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((clips, instruments)) < 0.3).astype(int)
    probabilities = np.clip(0.3 * labels + rng.random((clips, instruments)) * 0.7, 0, 1)
    if ties:
        probabilities = np.round(probabilities, 1)
    return labels, probabilities, (probabilities >= 0.5).astype(int)


def reference_precision(labels, probabilities, weights=None) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of instruments without a positive label
        return np.array(
            [
                average_precision_score(labels[:, k], probabilities[:, k], sample_weight=weights)
                for k in range(labels.shape[1])
            ]
        )


def test_f1_by_hand():
    """Two hits, one false alarm, one miss: F1 = 2 * 2 / (2 * 2 + 1 + 1) = 2 / 3. Nothing there, nothing said: 0."""
    labels, decisions = np.array([[1, 0], [1, 0], [1, 0], [0, 0]]), np.array([[1, 0], [1, 0], [0, 0], [1, 0]])
    np.testing.assert_allclose(f1_per_instrument(labels, decisions), [2 / 3, 0])
    assert macro_f1(labels, decisions) == pytest.approx(1 / 3)


zeros_and_ones = arrays(int, (12, 3), elements=st.integers(0, 1))


@given(zeros_and_ones, zeros_and_ones)
@settings(max_examples=60, deadline=None)
def test_f1_is_scikit_learn_s(labels, decisions):
    np.testing.assert_allclose(
        f1_per_instrument(labels, decisions), f1_score(labels, decisions, average=None, zero_division=0), atol=1e-12
    )
    assert macro_f1(labels, decisions) == pytest.approx(f1_score(labels, decisions, average="macro", zero_division=0))


@given(zeros_and_ones, arrays(float, (12, 3), elements=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])))
@settings(max_examples=60, deadline=None)
def test_average_precision_is_scikit_learn_s_also_with_ties(labels, probabilities):
    np.testing.assert_allclose(
        average_precision(labels, probabilities)[0], reference_precision(labels, probabilities), atol=1e-12
    )


@pytest.mark.parametrize("ties", [False, True])
def test_average_precision_is_scikit_learn_s_with_weights(ties):
    labels, probabilities, _ = sample(0, ties=ties)
    weights = resample_weights(len(labels), 20, seed=3)
    weighted = average_precision(labels, probabilities, weights)
    assert weighted.shape == (20, 5)
    for row, weight in zip(weighted, weights):
        np.testing.assert_allclose(row, reference_precision(labels, probabilities, weight), atol=1e-12)


def test_a_clip_counted_twice_is_a_clip_there_twice():
    labels, probabilities, _ = sample(1)
    weights = np.ones((1, len(labels)))
    weights[0, :10] = 2
    doubled = [np.concatenate([values, values[:10]]) for values in (labels, probabilities)]
    np.testing.assert_allclose(average_precision(labels, probabilities, weights), average_precision(*doubled))


def test_the_order_of_clips_means_nothing():
    labels, probabilities, _ = sample(2, ties=True)
    order = np.random.default_rng(0).permutation(len(labels))
    np.testing.assert_allclose(
        average_precision(labels, probabilities), average_precision(labels[order], probabilities[order])
    )
    np.testing.assert_array_equal(
        best_thresholds(labels, probabilities), best_thresholds(labels[order], probabilities[order])
    )


# --- thresholds


def test_a_threshold_lies_in_the_middle_of_those_that_separate():
    """Absent at 0.2, there at 0.4: all of 0.21 ... 0.40 are perfect, the middle two are 0.30 and 0.31."""
    labels, probabilities = np.array([[0], [1]]), np.array([[0.2], [0.4]])
    assert best_thresholds(labels, probabilities) == pytest.approx([0.30])


def test_a_threshold_never_falls_between_two_maxima():
    """F1 is 2/3 where all four are claimed (up to 0.30) and where the first alone is (0.61 to 0.86), less between."""
    labels, probabilities = np.array([[1], [0], [0], [1]]), np.array([[0.86], [0.6], [0.5], [0.3]])
    assert best_thresholds(labels, probabilities) == pytest.approx([0.73]), "of stretches as long the higher"
    probabilities[0] = 0.7
    assert best_thresholds(labels, probabilities) == pytest.approx([0.17]), "the longer one, 0.05 to 0.30"


@pytest.mark.parametrize("clips", [4, 8, 200])
@pytest.mark.parametrize("seed", range(3))
def test_no_other_threshold_has_a_better_f1(seed, clips):
    labels, probabilities, _ = sample(seed, clips, instruments=40)
    chosen = best_thresholds(labels, probabilities)
    ours = f1_per_instrument(labels, (probabilities >= chosen).astype(int))
    for threshold in THRESHOLDS:
        assert (ours >= f1_per_instrument(labels, (probabilities >= threshold).astype(int)) - 1e-9).all(), threshold


def test_each_instrument_has_its_own_threshold():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.array([[0, 0], [1, 1]]), 50, axis=0)
    probabilities = labels * 0.1 + rng.uniform(0, 0.05, labels.shape) + [0.1, 0.7]
    low, high = best_thresholds(labels, probabilities)
    assert 0.15 < low <= 0.21 and 0.75 < high <= 0.81


# --- intervals


def test_estimates_are_scikit_learn_s():
    labels, probabilities, decisions = sample(4)
    found = estimates(labels, probabilities, decisions, resample_weights(len(labels), 100, seed=0))
    expected = {
        "macro_f1": f1_score(labels, decisions, average="macro"),
        "micro_f1": f1_score(labels, decisions, average="micro"),
        "mean_average_precision": average_precision_score(labels, probabilities, average="macro"),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value, abs=5.1e-5) and found[name]["count"] == 80
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
        assert 0.02 < found[name]["high"] - found[name]["low"] < 0.4


def test_resampled_f1_is_that_of_the_resampled_clips():
    labels, probabilities, decisions = sample(5)
    weights = resample_weights(len(labels), 1, seed=9)
    drawn = np.repeat(np.arange(len(labels)), weights[0].astype(int))
    found = estimates(labels, probabilities, decisions, weights)["macro_f1"]
    assert (
        found["low"]
        == found["high"]
        == pytest.approx(f1_score(labels[drawn], decisions[drawn], average="macro", zero_division=0), abs=5.1e-5)
    )


def test_the_bootstrap_depends_on_its_seed_alone():
    labels, probabilities, decisions = sample(6)

    def run(seed: int) -> dict:
        np.random.seed(seed + 1)  # noqa: NPY002 - the global generator must not matter
        return estimates(labels, probabilities, decisions, resample_weights(len(labels), 50, seed))

    assert run(1) == run(1) != run(2)


def test_95_percent_intervals_cover_the_truth_about_so_often():
    """300 samples of 150 clips; in truth precision, recall and F1 are 0.8. Percentile intervals run a bit short."""
    rng, covered = np.random.default_rng(0), 0
    for trial in range(300):
        labels = np.zeros((150, 1), int)
        labels[rng.random(150) < 0.5] = 1
        decisions = np.where(
            rng.random((150, 1)) < 0.2, 1 - labels, labels
        )  # expected F1 0.8: recall = precision = 0.8
        found = estimates(labels, decisions.astype(float), decisions, resample_weights(150, 200, trial))["macro_f1"]
        covered += found["low"] <= 0.8 <= found["high"]
    assert 0.88 <= covered / 300 <= 0.99


def test_figures_of_each_instrument_are_scikit_learn_s():
    labels, probabilities, decisions = sample(7)
    labels[:, 4] = decisions[:, 3] = 0
    found = per_instrument(("a", "b", "c", "d", "e"), labels, probabilities, decisions)
    options = {"average": None, "zero_division": 0}
    for k, figures in enumerate(found.values()):
        assert figures["f1"] == pytest.approx(f1_score(labels, decisions, **options)[k], abs=5.1e-5)
        assert figures["precision"] == pytest.approx(precision_score(labels, decisions, **options)[k], abs=5.1e-5)
        assert figures["recall"] == pytest.approx(recall_score(labels, decisions, **options)[k], abs=5.1e-5)
        expected = reference_precision(labels, probabilities)[k]
        assert figures["average_precision"] == pytest.approx(expected, abs=5.1e-5)
        assert figures["support"] == labels[:, k].sum()
    assert found["e"] == {"f1": 0.0, "precision": 0.0, "recall": 0.0, "average_precision": 0.0, "support": 0}

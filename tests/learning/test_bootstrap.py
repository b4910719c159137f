"""Means and ratios with intervals that mean what they say."""

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from reprise.learning.bootstrap import (
    estimate,
    mean_estimate,
    mean_estimates,
    ratio_estimate,
    resample_weights,
    with_interval,
)


def test_a_resample_draws_as_many_items_as_there_are():
    weights = resample_weights(30, 1000, seed=0)
    assert weights.shape == (1000, 30) and (weights.sum(axis=1) == 30).all()
    assert weights.mean() == 1 and weights.mean(axis=0) == pytest.approx(1, abs=0.15)


def test_resamples_depend_on_their_seed_alone():
    np.random.seed(5)  # noqa: NPY002 - the global generator must not matter
    first = resample_weights(10, 20, seed=1)
    assert (first == resample_weights(10, 20, seed=1)).all() and (first != resample_weights(10, 20, seed=2)).any()


def test_an_estimate_of_what_never_varies_has_no_width():
    assert estimate(1.0, np.ones(100), 7) == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 7}
    assert mean_estimate(np.full(5, 0.1), 50, seed=0) == {"value": 0.1, "low": 0.1, "high": 0.1, "count": 5}


def test_of_a_single_item_nothing_is_known_beyond_it():
    assert mean_estimate(np.array([0.3]), 100, seed=0) == {"value": 0.3, "count": 1}
    assert mean_estimate(np.array([1.0, 2, 6]), 100, seed=0, clusters=["tune"] * 3) == {"value": 3.0, "count": 1}


def test_an_estimate_in_words():
    assert with_interval({"value": 0.12345, "low": 0.1, "high": 0.2, "count": 2}) == "0.123 (0.100-0.200)"
    assert with_interval({"value": 0.5, "count": 1}, 1) == "0.5"


def test_a_cluster_is_drawn_as_a_whole():
    """Of two tunes, of three settings and of one: half of the resamples hold both, a quarter each of them twice."""
    values, tunes = np.array([0.0, 0, 0, 1]), ["a", "a", "a", "b"]
    found = mean_estimate(values, 4000, seed=0, clusters=tunes)
    assert found == {"value": 0.25, "low": 0.0, "high": 1.0, "count": 2}
    alone = mean_estimate(values, 4000, seed=0)
    assert alone["count"] == 4 and alone["high"] == 0.75, "four pieces alone would seem to say more"


@pytest.mark.parametrize("copies", [1, 4])
def test_copies_of_an_item_add_nothing(copies):
    """What is said of 20 tunes stays, however often each of them is there."""
    values = np.random.default_rng(5).random(20)
    found = mean_estimate(np.repeat(values, copies), 500, seed=1, clusters=np.repeat(np.arange(20), copies))
    assert found == mean_estimate(values, 500, seed=1)


def test_what_is_undefined_is_left_out_with_its_cluster():
    columns = {"a": np.array([1.0, np.nan, 3.0]), "b": np.full(3, np.nan)}
    found = mean_estimates(columns, 50, seed=0, clusters=["x", "y", "x"])
    assert found == {"a": {"value": 2.0, "count": 1}}


def test_a_mean_by_hand():
    found = mean_estimate(np.array([1, 2, 3, 6]), 1000, seed=0)
    assert found["value"] == 3 and found["count"] == 4
    assert 1 <= found["low"] < 3 < found["high"] <= 6
    assert {type(found[key]) for key in ("value", "low", "high")} == {float} and type(found["count"]) is int


def test_an_interval_of_a_mean_is_scipy_s():
    values = np.random.default_rng(0).exponential(size=60)
    found = mean_estimate(values, 20_000, seed=1)
    expected = scipy_bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert found["low"] == pytest.approx(expected.low, abs=0.01)
    assert found["high"] == pytest.approx(expected.high, abs=0.01)


def test_a_ratio_is_the_sum_over_the_sum():
    """10 nats on 2 notes and 2 nats on 4 notes are 12 / 6 = 2 nats a note, not the mean of 5 and 0.5."""
    found = ratio_estimate(np.array([10.0, 2.0]), np.array([2, 4]), 500, seed=0)
    assert found["value"] == 2 and found["count"] == 2
    assert found["low"] == 0.5 and found["high"] == 5  # a quarter of the resamples hold one of the two alone


def test_a_resampled_ratio_is_that_of_the_items_drawn():
    numerators, denominators = np.array([3.0, 1, 4, 1, 5, 9]), np.array([1.0, 2, 3, 5, 8, 13])
    drawn = np.repeat(np.arange(6), resample_weights(6, 1, seed=7)[0].astype(int))
    found = ratio_estimate(numerators, denominators, 1, seed=7)
    expected = numerators[drawn].sum() / denominators[drawn].sum()
    assert found["low"] == found["high"] == pytest.approx(expected, abs=5.1e-5)
    assert len(set(drawn.tolist())) > 1


def test_a_ratio_with_equal_denominators_is_a_mean():
    values = np.random.default_rng(3).random(20)
    assert ratio_estimate(values * 7, np.full(20, 7), 300, seed=4) == mean_estimate(values, 300, seed=4)


def test_an_item_without_a_denominator_is_left_out():
    with_it = ratio_estimate(np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, 4.0]), 100, seed=0)
    assert with_it == ratio_estimate(np.array([1.0, 3.0]), np.array([2.0, 4.0]), 100, seed=0)
    assert with_it["count"] == 2


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf]])
def test_what_is_undefined_is_refused(values):
    with pytest.raises(ValueError, match="an estimate needs"):
        mean_estimate(np.array(values), 100, seed=0)


def test_95_percent_intervals_of_a_mean_cover_the_truth_about_so_often():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(300):
        found = mean_estimate(rng.normal(2, 1, 40), 200, seed=trial)
        covered += found["low"] <= 2 <= found["high"]
    assert 0.88 <= covered / 300 <= 0.99

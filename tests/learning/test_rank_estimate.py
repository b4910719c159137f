"""A rank correlation with its interval: against a hand, against SciPy, and what is refused."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from reprise.learning.bootstrap import rank_estimate, rank_estimates

RNG = np.random.default_rng(0)
X = RNG.normal(size=60)
NOISY = X + RNG.normal(size=60)


def test_a_rank_correlation_by_hand():
    """Ranks 1, 2, 3, 4, 5 and 2, 1, 4, 3, 5: differences 1, 1, 1, 1, 0, so 1 - 6 * 4 / (5 * 24) = 0.8."""
    found = rank_estimate(np.array([1.0, 10, 11, 500, 501]), np.array([0.2, 0.1, 0.4, 0.3, 7.0]), 50, seed=0)
    assert found["value"] == 0.8 and found["count"] == 5


@pytest.mark.parametrize("second", [NOISY, -NOISY, RNG.normal(size=60), np.round(NOISY), np.exp(X)])
def test_the_value_is_scipy_s_ties_included(second):
    found = rank_estimate(X, second, 50, seed=0)
    assert found["value"] == pytest.approx(spearmanr(X, second).statistic, abs=5e-5)


def test_what_rises_with_the_other_is_one_without_a_width():
    """Whatever the scale; of resamples that draw more than one item all say so."""
    assert rank_estimate(X, X**3, 200, seed=0) == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 60}
    assert rank_estimate(X, -np.exp(X), 200, seed=0) == {"value": -1.0, "low": -1.0, "high": -1.0, "count": 60}


def test_the_interval_holds_scipy_s_of_resampled_items():
    """The 2.5th and 97.5th percentile of Spearman's coefficient over items drawn with replacement, other draws."""
    rng = np.random.default_rng(99)
    draws = [rng.integers(60, size=60) for _ in range(2000)]
    expected = np.percentile([spearmanr(X[rows], NOISY[rows]).statistic for rows in draws], [2.5, 97.5])
    found = rank_estimate(X, NOISY, 2000, seed=1)
    assert [found["low"], found["high"]] == pytest.approx(expected, abs=0.04)
    assert found["low"] < found["value"] < found["high"]


def test_the_interval_depends_on_the_seed_alone():
    first = rank_estimate(X, NOISY, 100, seed=1)
    assert first == rank_estimate(X, NOISY, 100, seed=1) != rank_estimate(X, NOISY, 100, seed=2)


def test_the_interval_narrows_with_more_items():
    def width(items: int) -> float:
        rng = np.random.default_rng(3)
        x = rng.normal(size=items)
        found = rank_estimate(x, x + rng.normal(size=items), 300, seed=0)
        return found["high"] - found["low"]

    assert width(2000) < width(100) / 2


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_an_item_without_one_of_the_values_is_left_out(gap):
    first, second = np.append(X, [0.0, gap]), np.append(NOISY, [gap, 1.0])
    assert rank_estimate(first, second, 100, seed=0) == rank_estimate(X, NOISY, 100, seed=0)


def test_a_resample_that_is_constant_is_left_out():
    """Of three items one in nine resamples draws one alone, of which no correlation is defined."""
    found = rank_estimate(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), 500, seed=0)
    assert found["value"] == 0.5 and (found["low"], found["high"]) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([], []),
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, 2.0, 3.0, np.nan], [1.0, np.nan, 3.0, 4.0]),
        ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]),
        ([1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0]),
        ([1.0, 1.0, 1.0, 9.0], [1.0, 2.0, 3.0, np.nan]),
    ],
)
def test_too_few_items_and_those_all_alike_are_refused(first, second):
    with pytest.raises(ValueError, match="three items or more that aren't all alike"):
        rank_estimate(np.array(first), np.array(second), 50, seed=0)


def test_of_several_pairs_those_are_left_out_of_which_nothing_can_be_said():
    pairs = {"noisy": (X, NOISY), "alike": (X, np.zeros(60)), "few": (X, np.append(X[:2], np.full(58, np.nan)))}
    assert rank_estimates(pairs, 50, seed=3) == {"noisy": rank_estimate(X, NOISY, 50, seed=3)}

"""The yardstick: halves that keep families together, and distances that are known."""

import numpy as np
import pytest

from reprise.composition.style.halves import SPLITS, between_halves, divergences, halves

FAMILIES = list("aabbccdd")


def mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(one.mean() - other.mean())


def test_halves_keep_families_together_and_leave_nothing_out():
    found = list(halves(FAMILIES, 1))
    assert len(found) == SPLITS and len({tuple(one) for one, _ in found}) > 3
    for one, other in found:
        assert len(one) == len(other) == 4 and sorted([*one, *other]) == list(range(8))
        assert {FAMILIES[i] for i in one}.isdisjoint(FAMILIES[i] for i in other)
    assert list(halves("aaa", 1)) == [], "one family can't be divided"


def test_the_distance_between_halves_is_a_mean_of_absolute_ones():
    """Of four families of 0, 0, 0 and 4 one half always has a mean of 2 and the other of 0."""
    values = np.repeat([0.0, 0, 0, 4], 2)
    assert between_halves(mean_difference, values, FAMILIES, 1) == 2
    assert between_halves(mean_difference, np.ones(8), FAMILIES, 1) == 0
    assert np.isnan(between_halves(lambda one, other: np.nan, values, FAMILIES, 1))


def test_music_like_the_reference_is_as_far_as_its_halves_and_other_music_farther():
    rng = np.random.default_rng(0)
    reference, alike = (rng.poisson([4.0, 2, 1, 0], (40, 4)).astype(float) for _ in range(2))
    other = rng.poisson([0.0, 1, 2, 4], (40, 4)).astype(float)
    found = divergences(reference, {"alike": alike, "other": other}, range(40), 1)
    assert found["alike"] == pytest.approx(found["halves"], abs=0.005) and found["other"] > 10 * found["halves"] > 0


def test_a_divergence_does_not_depend_on_the_sets_beside_it():
    rng = np.random.default_rng(0)
    reference, first, second = (rng.poisson([4.0, 2, 1, 1], (12, 4)).astype(float) for _ in range(3))
    alone = divergences(reference, {"second": second}, range(12), 1)
    beside = divergences(reference, {"first": first, "second": second}, range(12), 1)
    assert beside["second"] == alone["second"] != beside["first"]


def test_what_has_no_counts_has_no_divergence():
    found = divergences(np.ones((4, 2)), {"silent": np.zeros((3, 2))}, range(4), 1)
    assert found["halves"] == 0 and np.isnan(found["silent"])

"""KAD by hand, against a plain double sum, and on distributions whose distances are known in order."""

import math

import numpy as np
import pytest

from reprise.errors import BadInput
from reprise.taste.evaluation.kad import kad, median_distance


def normal(count: int, size: int = 16, scale: float = 1.0, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (count, size))


def by_double_sum(generated: np.ndarray, reference: np.ndarray) -> float:
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b)))

    pairs = [(i, j) for i in range(len(reference)) for j in range(i)]
    bandwidth = np.median([distance(reference[i], reference[j]) for i, j in pairs])

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return math.exp(-(distance(a, b) ** 2) / (2 * bandwidth**2))

    def within(own: np.ndarray) -> float:
        n = len(own)
        return sum(kernel(own[i], own[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    across = np.mean([kernel(a, b) for a in generated for b in reference])
    return 100 * (within(generated) + within(reference) - 2 * float(across))


def test_by_hand():
    """On a line: reference 0, 2 (bandwidth 2), generated 0, 2: e^-.5 within each, (1 + e^-.5) / 2 across."""
    points = np.array([[0.0], [2.0]])
    assert kad(points, points, 100, 0)["value"] == pytest.approx(100 * (math.exp(-0.5) - 1), abs=1e-4)
    assert median_distance(np.array([[0.0], [1.0], [3.0]])) == 2


def test_against_a_double_sum():
    generated, reference = normal(7, 3, 1.5), normal(9, 3, seed=1)
    assert kad(generated, reference, 100, 0)["value"] == pytest.approx(by_double_sum(generated, reference), abs=1e-4)


def test_float32_vectors_give_the_same():
    generated, reference = normal(30).astype(np.float32), normal(30, seed=1).astype(np.float32)
    assert kad(generated, reference, 100, 0) == kad(generated.astype(float), reference.astype(float), 100, 0)


def test_two_samples_of_one_distribution_lie_around_0_with_0_in_the_interval():
    found = [kad(normal(60, seed=2 * n), normal(60, seed=2 * n + 1), 300, n) for n in range(40)]
    values = np.array([row["value"] for row in found])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))  # neither set's size adds to it
    assert values.min() < 0 < values.max()
    assert np.mean([row["low"] <= 0 <= row["high"] for row in found]) >= 0.95
    assert all(row["count"] == 60 for row in found)


def test_another_distribution_is_told_apart_even_in_few_sounds():
    found = kad(normal(25, shift=1.0), normal(100, seed=1), 500, 0)
    assert found["low"] > 0 and found["low"] < found["value"] < found["high"]


def test_what_scatters_twice_as_much_is_farther_than_what_scatters_half_as_much():
    """With the bandwidth of the generated set it is the other way round."""
    reference = normal(150, 64, seed=1)
    half, twice = (kad(normal(150, 64, scale), reference, 200, 0) for scale in (0.5, 2.0))
    assert 0 < half["value"] < twice["low"]


def test_the_same_seed_gives_the_same_interval():
    sets = normal(20), normal(20, seed=1)
    assert kad(*sets, 100, 3) == kad(*sets, 100, 3) != kad(*sets, 100, 4)


@pytest.mark.parametrize(
    ("generated", "reference", "message"),
    [
        (normal(1), normal(5), "the generated set has 1 sounds; it must have 2 or more"),
        (normal(5), normal(0), "the reference set has 0 sounds"),
        (normal(5, 3), normal(5, 4), "generated vectors have 3 numbers and those of the reference 4; both must be of"),
        (np.full((5, 2), np.nan), normal(5, 2), "the generated set has a vector that isn't finite"),
        (normal(5), np.ones((5, 16)) / 3, "are the same sound; they must differ"),
    ],
)
def test_what_has_no_distance_is_refused(generated, reference, message):
    with pytest.raises(BadInput, match=message):
        kad(generated, reference, 100, 0)

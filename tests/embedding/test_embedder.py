"""Sounds of any length: windows and their mean, by hand."""

import numpy as np
import pytest

from reprise.embedding.embedder import mean_of_windows, windows


@pytest.mark.parametrize(("samples", "count"), [(0, 1), (1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_windows_lie_side_by_side_and_the_last_is_filled_with_silence(samples, count):
    cut = windows(np.arange(1, samples + 1), 4)
    assert cut.shape == (count, 4) and cut.dtype == np.float32
    assert cut.ravel().tolist() == [*range(1, samples + 1), *[0] * (4 * count - samples)]


def test_the_mean_of_windows_is_normalised_by_hand():
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 1]], np.float32)
    found = mean_of_windows(vectors, np.array([0, 0, 1, 0]), 2)
    assert found == pytest.approx(np.array([[1 / 5**0.5, 2 / 5**0.5], [0.6, 0.8]]))


def test_windows_that_cancel_out_give_a_finite_vector():
    vectors = np.array([[1, 0], [-1, 0]], np.float32)
    assert mean_of_windows(vectors, np.array([0, 0]), 1).tolist() == [[0, 0]]

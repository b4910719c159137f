"""Bins: exact up to a bar, then within a tenth; the nearest centre against a search of all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.composition.encoding.binning import LONGEST, Binning
from reprise.errors import ParamsError
from reprise.music.timegrid import to_twelfths

VALUES = st.lists(st.integers(0, 400), min_size=1, max_size=30)


def test_bins_by_hand():
    bins = Binning.from_values([0, 6, 12, 6, 60], bar=48)
    assert bins.centres[:6] == (0, 6, 12, 48, 57, 68), "60 is beyond a bar: 48 x 2 ** (1 / 4) = 57.08 and its square"
    assert bins.index(np.array([0, 2, 3, 9, 29, 30, 62, 63])).tolist() == [0, 0, 1, 2, 2, 3, 4, 5]
    assert bins.value(np.array([2, 0])).tolist() == [12, 0]


@given(VALUES, st.sampled_from([18, 36, 48]))
@settings(deadline=None)
def test_values_up_to_a_bar_are_exact_and_longer_ones_nearly(values, bar):
    bins = Binning.from_values(values, bar)
    found = bins.value(bins.index(np.array(values)))
    for value, back in zip(values, found):
        assert back == value if value <= bar else abs(back - value) <= 0.1 * value


@given(VALUES, st.integers(0, 5000))
@settings(deadline=None)
def test_the_bin_is_the_one_with_the_nearest_centre(values, value):
    bins = Binning.from_values(values, 48)
    distances = np.abs(np.array(bins.centres) - value)
    assert distances[bins.index(np.array(value))] == distances.min()


def test_what_lasts_longer_than_everything_counts_as_the_longest():
    bins = Binning.from_values([1], 48)
    assert LONGEST <= bins.centres[-1] < 1.2 * LONGEST
    assert bins.index(np.array(10**9)) == len(bins) - 1


def test_a_bar_longer_than_that_is_a_bin_of_its_own():
    assert Binning.from_values([0, 5], 2 * LONGEST).centres == (0, 5, 2 * LONGEST)


@pytest.mark.parametrize("centres", [(), (3, 1), (1, 1)])
def test_centres_out_of_order_are_refused(centres):
    with pytest.raises(ParamsError, match="centres"):
        Binning(centres)


def test_twelfths_by_hand():
    assert to_twelfths(np.array([0, 1 / 3, 0.25, 1.04, 1.05, 2 + 1 / 24])).tolist() == [0, 4, 3, 12, 13, 25]

"""Intervals as categories."""

import numpy as np

from reprise.composition.encoding.events import INTERVAL_SPAN, INTERVALS, NO_PITCH, interval


def test_intervals_by_hand():
    pitches = np.array([60, 67, 48, 127, 0, 60, NO_PITCH])
    references = np.array([60, 60, 60, 0, 127, NO_PITCH, 60])
    unison = INTERVAL_SPAN + 1
    assert interval(pitches, references).tolist() == [unison, unison + 7, unison - 12, INTERVALS - 1, 1, 0, 0]

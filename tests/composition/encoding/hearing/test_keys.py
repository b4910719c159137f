"""The key that is followed, on music whose key is plain."""

import numpy as np
import pytest

from reprise.composition.encoding.events import NO_PITCH
from reprise.composition.encoding.hearing.keys import DECAYS, RECENCIES, KeyTracker

MAJOR, MINOR = 1, 2
MEMORIES = len(DECAYS)  # from the longest to the shortest
SCALES = {MAJOR: (0, 4, 7, 0, 2, 4, 5, 7, 9, 11, 0, 4, 7, 0), MINOR: (0, 3, 7, 0, 2, 3, 5, 7, 8, 11, 0, 3, 7, 0)}


def heard(*sequences: list[int]) -> KeyTracker:
    """Each sequence of pitches, a beat a note."""
    tracker = KeyTracker(len(sequences))
    for pitches in zip(*sequences):
        tracker.push(np.array(pitches)[:, None], np.ones((len(sequences), 1)))
    return tracker


@pytest.mark.parametrize("mode", SCALES)
def test_scales_and_triads_are_in_their_key(mode):
    tracker = heard(*([48 + tonic + step for step in SCALES[mode]] for tonic in range(12)))
    assert tracker.tonics.tolist() == [[tonic] * MEMORIES for tonic in range(12)]
    assert (tracker.modes == mode).all()


def test_the_short_memory_follows_a_modulation_sooner():
    tracker = heard([60 + step for step in SCALES[MAJOR] * 4 + tuple(step + 6 for step in SCALES[MAJOR])])
    assert tracker.tonics[0, [0, -1]].tolist() == [0, 6], "from C to F sharp"


def test_degrees_by_hand():
    tracker = heard([60 + step for step in SCALES[MAJOR]])
    degrees = tracker.degrees(np.array([[67, NO_PITCH, 59]]))
    assert degrees.tolist() == [[8] * MEMORIES + [0] * MEMORIES + [12] * MEMORIES], "G, a rest and B in C major"


def test_how_lately_a_pitch_class_sounded_by_hand():
    """After C, D, E, F, G and A, a beat each: 5, 4, 3, 2, 1 and 0 beats ago; categories by powers of 2."""
    recency = heard([60, 62, 64, 65, 67, 69]).recency()[0]
    assert recency[[0, 2, 4, 5, 7, 9]].tolist() == [5, 5, 4, 4, 3, 1] and not recency[[1, 3, 6, 8, 10, 11]].any()
    assert heard([60] + [61] * 500).recency()[0, 0] == RECENCIES - 1


def test_before_the_first_note_there_is_no_key():
    tracker = KeyTracker(1)
    tracker.push(np.array([[NO_PITCH, NO_PITCH]]), np.ones((1, 2)))
    assert tracker.tonics.tolist() == [[NO_PITCH] * MEMORIES] and not tracker.modes.any()
    assert tracker.degrees(np.array([[60]])).tolist() == [[0] * MEMORIES]


def test_a_rest_beside_a_note_counts_for_nothing():
    alone, beside = KeyTracker(1), KeyTracker(1)
    alone.push(np.array([[60]]), np.ones((1, 1)))
    beside.push(np.array([[60, NO_PITCH]]), np.ones((1, 2)))
    assert np.array_equal(alone.counts, beside.counts)


def test_selected_sequences_keep_their_keys():
    tracker = heard([60, 64, 67], [62, 66, 69]).select(np.array([1, 0, 1]))
    assert tracker.tonics[:, 0].tolist() == [2, 0, 2]
    assert (tracker.recency()[:, 9] > 0).tolist() == [True, False, True], "the A of D major"

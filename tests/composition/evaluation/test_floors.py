"""The counting floors against counts by hand."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.evaluation.floors import floors

PIECE = piece_of((0, 12, 60, 0), (12, 12, 62, 0), (24, 12, 60, 0))
ENCODING = NotesEncoding(
    60, 62, 1, NotesEncoding.of([PIECE]).steps, NotesEncoding.of([PIECE]).durations, (64,), ((4, 4),), 1, (0, 0)
)
EVENTS = ENCODING.encode(PIECE)
PITCH, DURATION = 2, 3


def test_unigrams_by_hand():
    """Pitches C D C: with one more of each of the three values C has 3 of 6, D 2 of 6; the end has no pitch."""
    nats = floors(ENCODING, [EVENTS], [EVENTS], [EVENTS])["unigram"][0]
    assert np.exp(-nats[:, PITCH]) == pytest.approx([3 / 6, 2 / 6, 3 / 6, 1])
    values = len(ENCODING.steps) + 1
    steps = [2, 3, 3, 2]  # 0 once, a beat twice, the end once, and one more of each
    assert np.exp(-nats[:, 0]) == pytest.approx([count / (4 + values) for count in steps])
    assert np.exp(-nats[:-1, DURATION]) == pytest.approx(4 / (3 + len(ENCODING.durations)))


def test_bigrams_by_hand():
    """After C once D, after D once C, at the beginning C; each as if its unigram share had been seen once more.

    On pieces that go on in the same way the bigram alone is best, so it gets all the weight.
    """
    nats = floors(ENCODING, [EVENTS], [EVENTS], [EVENTS])["bigram"][0]
    c, d = 3 / 6, 2 / 6
    assert np.exp(-nats[:, PITCH]) == pytest.approx([(1 + c) / 2, (1 + d) / 2, (1 + c) / 2, 1])


def test_the_weight_comes_from_validation_pieces():
    """Where validation pieces go on otherwise, the unigram is better, and the bigram floor is the unigram one."""
    other = ENCODING.encode(piece_of((0, 12, 60, 0), (12, 12, 60, 0), (24, 12, 60, 0)))
    found = floors(ENCODING, [EVENTS], [other], [EVENTS])
    assert np.allclose(found["bigram"][0][1:, PITCH], found["unigram"][0][1:, PITCH])


def test_shares_of_all_values_sum_to_one():
    """Of every pitch after the first note, for both floors."""
    tests = []
    for pitch in range(3):
        events = EVENTS.copy()
        events[1, PITCH] = pitch
        tests.append(events)
    for nats in floors(ENCODING, [EVENTS], [EVENTS], tests).values():
        assert sum(np.exp(-piece[1, PITCH]) for piece in nats) == pytest.approx(1)

"""Flip tests are balanced, differ in one assertion, and a model that always says the same is right half the time."""

import numpy as np
import pytest
from tiny_clap import clip_set

from reprise.clips.descriptions.assertions import FALSE, INSTRUMENT, PLACE, STATEMENTS, TRUE, Assertion
from reprise.clips.descriptions.axes import AXES
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.evaluation.flips import flip_tests, told_apart

TRUTH = clip_set(120).described.truth


def test_each_axis_has_as_many_clips_of_either_pole():
    for test in flip_tests(TRUTH, 1)[1:]:
        low, high = (TRUTH[test.clips, PLACE[Assertion(test.topic, pole)]] == TRUE for pole in ("low", "high"))
        assert low.sum() == high.sum() > 0 and (low ^ high).all() and len(set(test.clips)) == len(test.clips)


def test_the_two_texts_of_a_pair_differ_in_one_held_out_wording():
    for test in flip_tests(TRUTH, 1):
        values = [statement.value for statement in STATEMENTS if statement.topic == test.topic]
        words = [word for value in values for word in WORDINGS[test.topic, value].held_out]
        for true, false in zip(test.true, test.false):
            assert true != false and any(word in true for word in words) and any(word in false for word in words)


def test_of_instruments_one_plays_and_the_other_does_not():
    test = flip_tests(TRUTH, 1)[0]
    assert test.topic == INSTRUMENT and len(test.clips) == len(TRUTH)
    for own, true, false in zip(TRUTH, test.true, test.false):
        named = [
            {s.value for s in STATEMENTS if s.topic == INSTRUMENT and any(w in text for w in WORDINGS[s[:2]].held_out)}
            for text in (true, false)
        ]
        assert any(own[PLACE[Assertion(INSTRUMENT, name)]] == TRUE for name in named[0])
        assert any(own[PLACE[Assertion(INSTRUMENT, name)]] == FALSE for name in named[1])


def test_an_axis_without_clips_on_a_pole_is_left_out():
    flat = TRUTH.copy()
    flat[:, PLACE[Assertion("loudness", "low")]] = FALSE
    assert {test.topic for test in flip_tests(flat, 1)} == {INSTRUMENT, *AXES} - {"loudness"}


def test_told_apart_by_hand():
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    true, false = np.array([[1.0, 0], [0, 1], [0, 1]]), np.array([[0.0, 1], [1, 0], [0, 1]])
    assert told_apart(vectors, true, false).tolist() == [1, 0, 0.5]


def test_who_always_says_the_same_is_right_half_the_time():
    for test in flip_tests(TRUTH, 1)[1:]:
        low = np.array([any(w in text for w in WORDINGS[test.topic, "low"].held_out) for text in test.true])
        assert np.mean(low) == pytest.approx(0.5)

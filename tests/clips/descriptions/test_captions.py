"""Captions: which are true of which clip, and that no held-out word is ever heard in training."""

import re

import numpy as np
import pytest

from reprise.clips.descriptions.assertions import (
    FALSE,
    STATEMENTS,
    TRUE,
    UNDECIDED,
    Assertion,
    caption_truth,
    parse_assertion,
    truth_of,
)
from reprise.clips.descriptions.axes import AXES
from reprise.clips.descriptions.captions import (
    DescriptionParams,
    draw_caption,
    flipped,
    listed,
    put_in_words,
    with_article,
)
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.music.instruments import INSTRUMENT_NAMES

PARAMS = DescriptionParams(seed=1, captions=2, most_assertions=5, negated_share=0.15)
DUET = truth_of(["violin", "trumpet"], dict.fromkeys(AXES, "low") | {"dissonance": None, "mode": "middle"})
SOLO = truth_of(["celesta"], dict.fromkeys(AXES, "high"))
CLIPS = np.stack([DUET, SOLO])


@pytest.mark.parametrize(
    ("caption", "duet", "solo"),
    [
        ([("instrument", "violin")], TRUE, FALSE),
        ([("instrument", "violin"), ("instrument", "trumpet")], TRUE, FALSE),
        ([("instrument", "violin"), ("instrument", "celesta")], FALSE, FALSE),
        ([("instrument", "celesta", False)], TRUE, FALSE),
        ([("count", "1")], FALSE, TRUE),
        ([("count", "2", False)], FALSE, TRUE),
        ([("mean_pitch", "low"), ("loudness", "high", False)], TRUE, FALSE),
        ([("mean_pitch", "middle")], FALSE, FALSE),
        ([("dissonance", "low")], UNDECIDED, FALSE),
        ([("dissonance", "low", False)], UNDECIDED, TRUE),
        ([("dissonance", "low"), ("instrument", "celesta")], FALSE, FALSE),
        ([("dissonance", "high"), ("instrument", "violin")], UNDECIDED, FALSE),
        ([("mode", "high")], UNDECIDED, TRUE),
    ],
)
def test_truth_table_on_two_clips_made_by_hand(caption, duet, solo):
    assert caption_truth([[Assertion(*said) for said in caption]], CLIPS).tolist() == [[duet, solo]]


def test_every_drawn_caption_is_true_of_its_clip():
    rng = np.random.default_rng(0)
    for truth in CLIPS:
        captions = [draw_caption(truth, PARAMS, rng) for _ in range(300)]
        assert (caption_truth(captions, truth[None]) == TRUE).all()
        assert {len(caption) for caption in captions} == {1, 2, 3, 4, 5}
        said = [assertion for caption in captions for assertion in caption]
        assert np.mean([not assertion.holds for assertion in said]) == pytest.approx(0.15, abs=0.05)
        for caption in captions:
            topics = [assertion.topic for assertion in caption if assertion.topic != "instrument"]
            assert len(topics) == len(set(topics))


def test_a_flipped_caption_is_false_and_differs_in_one_assertion():
    rng = np.random.default_rng(3)
    for truth in CLIPS:
        for _ in range(300):
            caption = draw_caption(truth, PARAMS, rng)
            flip = flipped(caption, truth, rng)
            assert (caption_truth([flip], truth[None]) == FALSE).all(), (caption, flip)
            changed = [(a, b) for a, b in zip(caption, flip, strict=True) if a != b]
            assert len(changed) == 1 and changed[0][0].topic == changed[0][1].topic


def test_each_statement_has_words_of_both_stocks_that_share_none():
    assert {(statement.topic, statement.value) for statement in STATEMENTS} == set(WORDINGS)
    seen = [word.lower() for wordings in WORDINGS.values() for word in wordings.seen]
    held_out = [word.lower() for wordings in WORDINGS.values() for word in wordings.held_out]
    assert len(seen) == len(set(seen)) and len(held_out) == len(set(held_out)) and not set(seen) & set(held_out)
    for wordings in WORDINGS.values():
        assert wordings.seen and wordings.held_out


def test_a_held_out_wording_is_never_in_a_training_caption():
    rng = np.random.default_rng(1)
    texts = [put_in_words(draw_caption(truth, PARAMS, rng), rng) for truth in CLIPS for _ in range(2000)]
    held_out = [word for wordings in WORDINGS.values() for word in wordings.held_out]
    for word in [*held_out, "you hear", "give me", "lacking", "anything but"]:
        assert not any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for text in texts), word


def test_a_caption_in_words_names_all_that_it_asserts():
    rng = np.random.default_rng(2)
    for _ in range(500):
        caption = draw_caption(DUET, PARAMS, rng)
        for held_out in (False, True):
            text = put_in_words(caption, rng, held_out)
            for topic, value, _ in caption:
                assert any(word in text for word in WORDINGS[topic, value][held_out]), (caption, text)
            assert "  " not in text and not text.startswith((",", " ")) and not re.search(r"\ba [aiou]", text), text


def test_assertions_are_read_as_they_are_written():
    for statement in STATEMENTS:
        for said in (statement, statement._replace(holds=False)):
            assert parse_assertion(str(said)) == said


def test_words_are_joined_and_take_their_articles():
    assert [listed(items) for items in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert with_article("organ") == "an organ" and with_article("euphonious piece") == "a euphonious piece"


def test_statements_are_about_each_instrument_count_and_axis():
    assert {statement.value for statement in STATEMENTS if statement.topic == "instrument"} == set(INSTRUMENT_NAMES)
    assert {statement.topic for statement in STATEMENTS} == {"instrument", "count", *AXES}

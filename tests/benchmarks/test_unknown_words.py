"""The texts of the benchmark are what it says, and its shares are counted by hand."""

import re

import numpy as np
from tiny_clap import tiny_clap

from benchmarks.taste.unknown_words import HIGH, LEARNT, LOW, NOTHING, OTHERS, QUIET, compare, judged
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.taste.words.rest import PHRASES
from reprise.taste.words.understanding import Understood, understand


def test_no_text_has_an_explicit_word_or_one_that_is_held_out():
    held_out = {word for (topic, _), own in WORDINGS.items() if topic != "instrument" for word in own.held_out}
    for text in (*LEARNT, *OTHERS, *NOTHING):
        assert understand(text) == Understood(), text
        assert not any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in held_out), text


def test_shares_are_of_what_texts_say_and_of_texts():
    wishes, second = np.zeros((3, len(PHRASES)), bool), np.zeros((3, len(PHRASES)), bool)
    register, loudness = list(PHRASES).index("register"), list(PHRASES).index("loudness")
    wishes[0, [register, loudness]] = wishes[1, register] = True
    second[0, register] = second[1, register] = True
    found = judged(wishes, second, [(HIGH, QUIET), (LOW,), (QUIET,)])
    assert {name: round(row["value"], 3) for name, row in found.items()} == {
        "texts with a wish": 0.667,
        "wishes a text": 1.0,
        "right": 0.5,
        "wrong": 0.25,
    }
    assert judged(wishes, second, [(), (), ()]).keys() == {"texts with a wish", "wishes a text"}


def test_each_criterion_has_a_row(tmp_path):
    rows = compare(tiny_clap(tmp_path))
    assert len({row["criterion"] for row in rows}) == len(rows) - 1 == 5
    assert all(row["nothing"]["texts with a wish"]["count"] == 22 for row in rows)

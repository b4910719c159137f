"""Held-out words by themselves: one that points to its own pole, and one that points to the other."""

import numpy as np

from benchmarks.embedding.held_out_words import as_text, margins
from reprise.clips.descriptions.axes import AXES
from reprise.clips.descriptions.wordings import WORDINGS


class Poles:
    """An embedder to which low words point left and high ones right, but `dim` and `treble` as their opposites do."""

    def embed_text(self, texts):
        places = {as_text(word): pole for (_, pole), own in WORDINGS.items() for word in (*own.seen, *own.held_out)}
        signs = [
            (-1 if places[text] == "low" else 1) * (-1 if text in ("dim music", "treble music") else 1)
            for text in texts
        ]
        return np.array([[sign, 0.0] for sign in signs], np.float32)


def test_a_word_that_is_taken_for_its_opposite_is_below_zero():
    rows = margins(Poles())
    assert {row["axis"] for row in rows} == set(AXES)
    assert len(rows) == sum(len(WORDINGS[axis, pole].held_out) for axis in AXES for pole in ("low", "high"))
    wrong = {row["word"] for row in rows if row["margin"] < 0}
    assert wrong == {"dim", "treble"} and all(abs(row["margin"]) == 2 for row in rows)


def test_a_phrase_stands_after_the_noun():
    assert as_text("hushed") == "hushed music" and as_text("of thin texture") == "music of thin texture"

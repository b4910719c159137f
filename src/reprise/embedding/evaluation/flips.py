"""Flip tests: of two captions that differ in one assertion, is the true one nearer?

Each axis is tested on as many clips of its low pole as of its high one, so that a model which always says the same is
right half the time. Words and sentences are of the stock held out from training, or of that of training.
"""

from dataclasses import dataclass

import numpy as np

from reprise.clips.descriptions.assertions import FALSE, INSTRUMENT, PLACE, STATEMENTS, TRUE, Assertion
from reprise.clips.descriptions.axes import AXES
from reprise.clips.descriptions.captions import put_in_words

OTHERS = 2  # further assertions in a pair of captions, at most


@dataclass(frozen=True)
class FlipTest:
    """Pairs of captions for one topic: the clip of each pair, int[N], its true text and its false one."""

    topic: str
    clips: np.ndarray
    true: list[str]
    false: list[str]


def flip_tests(truth: np.ndarray, seed: int, held_out: bool = True) -> list[FlipTest]:
    """A test for instruments and for each axis that has clips on both poles, from the truth of clips, int8[N, S]; in
    words held out from training or in those of training.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, len(truth)]))
    tests = [_instrument_test(truth, held_out, rng)]
    for axis in AXES:
        low, high = (Assertion(axis, pole) for pole in ("low", "high"))
        poles = [rng.permutation(np.flatnonzero(truth[:, PLACE[pole]] == TRUE)) for pole in (low, high)]
        count = min(map(len, poles))
        if count:
            clips = np.concatenate([own[:count] for own in poles])
            pairs = [(low, high)] * count + [(high, low)] * count
            tests.append(_test(axis, clips, pairs, truth, held_out, rng))
    return tests


def _instrument_test(truth: np.ndarray, held_out: bool, rng: np.random.Generator) -> FlipTest:
    """One instrument that plays in each clip, against one that doesn't."""
    named = [place for place, statement in enumerate(STATEMENTS) if statement.topic == INSTRUMENT]
    pairs = []
    for own in truth:
        right, wrong = (rng.choice([place for place in named if own[place] == value]) for value in (TRUE, FALSE))
        pairs.append((STATEMENTS[right], STATEMENTS[wrong]))
    return _test(INSTRUMENT, np.arange(len(truth)), pairs, truth, held_out, rng)


def _test(
    topic: str,
    clips: np.ndarray,
    pairs: list[tuple[Assertion, Assertion]],
    truth: np.ndarray,
    held_out: bool,
    rng: np.random.Generator,
) -> FlipTest:
    texts: tuple[list[str], list[str]] = ([], [])
    for clip, pair in zip(clips, pairs):
        rest = [place for place in np.flatnonzero(truth[clip] == TRUE) if STATEMENTS[place].topic != topic]
        others = [STATEMENTS[place] for place in rng.permutation(rest)[: rng.integers(OTHERS + 1)]]
        words = int(rng.integers(2**32))
        for own, assertion in zip(texts, pair):  # both in the same sentence and, but for one, the same words
            own.append(put_in_words([assertion, *others], np.random.default_rng(words), held_out))
    return FlipTest(topic, clips, *texts)


def told_apart(vectors: np.ndarray, true: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Is each item nearer to its true text? 1, 0, or a half where both are as near, float[N]; all float[N, E]."""
    difference = ((true - false) * vectors).sum(axis=1)
    return (np.sign(difference) + 1) / 2

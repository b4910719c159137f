"""Assertions: single statements about a clip that are true, false or undecided, and the conjunctions that captions are.

An assertion is a topic (`instrument`, `count`, or an axis), a value of it and a polarity: (instrument, violin, True)
says that a violin plays, (onset_rate, low, False) that the clip isn't slow. Because a caption is a list of them,
whether *any* caption is true of *any* clip can be computed: nothing that happens to be true is taken for false.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from reprise.clips.compose import MAX_INSTRUMENTS
from reprise.clips.descriptions.axes import AXES, POLES, UNCERTAIN
from reprise.music.instruments import INSTRUMENT_NAMES

INSTRUMENT, COUNT = "instrument", "count"
TRUE, FALSE, UNDECIDED = 1, 0, -1


class Assertion(NamedTuple):
    """A statement about a clip; `holds` False denies it."""

    topic: str
    value: str
    holds: bool = True

    def __str__(self) -> str:
        return f"{'' if self.holds else 'not '}{self.topic}={self.value}"


def parse_assertion(text: str) -> Assertion:
    """The assertion that `str` wrote."""
    topic, _, value = text.removeprefix("not ").partition("=")
    return Assertion(topic, value, not text.startswith("not "))


def parse_caption(text: str) -> list[Assertion]:
    """The assertions that `written` wrote."""
    return [parse_assertion(said) for said in text.split(", ")]


def written(caption: Sequence[Assertion]) -> str:
    """The assertions of a caption as one line."""
    return ", ".join(map(str, caption))


STATEMENTS: tuple[Assertion, ...] = (
    *(Assertion(INSTRUMENT, name) for name in INSTRUMENT_NAMES),
    *(Assertion(COUNT, str(count)) for count in range(1, MAX_INSTRUMENTS + 1)),
    *(Assertion(axis, pole) for axis in AXES for pole in POLES if (axis, pole) not in UNCERTAIN),
)
PLACE = {statement: place for place, statement in enumerate(STATEMENTS)}
_TOPICS = np.array([statement.topic for statement in STATEMENTS])


def truth_of(instruments: Sequence[str], poles: Mapping[str, str | None]) -> np.ndarray:
    """Of each of `STATEMENTS` whether it is true of a clip with these instruments, that lies on these poles of the axes
    (None where an axis is undefined): int8[statements], 1, 0, or -1 for undecided.
    """
    truth = np.full(len(STATEMENTS), FALSE, np.int8)
    for place, statement in enumerate(STATEMENTS):
        if statement.topic == INSTRUMENT:
            truth[place] = statement.value in instruments
        elif statement.topic == COUNT:
            truth[place] = int(statement.value) == len(instruments)
        else:
            pole = poles[statement.topic]
            uncertain = pole is None or (statement.topic, pole) in UNCERTAIN
            truth[place] = UNDECIDED if uncertain else statement.value == pole
    return truth


def statements_of(captions: Sequence[Sequence[Assertion]]) -> np.ndarray:
    """Which of `STATEMENTS` each caption asserts (1) or excludes (0), -1 for those of which it says nothing:
    int8[captions, S]. Denying a statement excludes it, and so does asserting another value of its topic, but for
    instruments.
    """
    found = np.full((len(captions), len(STATEMENTS)), UNDECIDED, np.int8)
    for row, caption in zip(found, captions):
        for topic, value, holds in caption:
            if holds and topic != INSTRUMENT:
                row[topic == _TOPICS] = FALSE
            row[PLACE[Assertion(topic, value)]] = TRUE if holds else FALSE
    return found


def caption_truth(captions: Sequence[Sequence[Assertion]], truth: np.ndarray) -> np.ndarray:
    """Whether each caption is true of each clip: int8[captions, clips] from the clips' `truth_of`, int8[clips, S].

    A caption is true where all its assertions are, false where one is false, and undecided elsewhere.
    """
    found = np.empty((len(captions), len(truth)), np.int8)
    for row, caption in enumerate(captions):
        values = truth[:, [PLACE[assertion._replace(holds=True)] for assertion in caption]]
        holds = np.array([assertion.holds for assertion in caption])
        values = np.where(values == UNDECIDED, UNDECIDED, values == holds)
        found[row] = np.where((values == FALSE).any(axis=1), FALSE, values.min(axis=1, initial=TRUE))
    return found

"""Captions: random true assertions about a clip, put into words.

Random subsets of what is true taught a text encoder more than a larger one did (Doh et al., "Toward universal
text-to-music retrieval", ICASSP 2023, table 2). Wordings and sentence forms come from one of two stocks: that of
training, or the one held out from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from reprise.checked import AtLeastOne, Seed, Share, checked
from reprise.clips.descriptions.assertions import COUNT, FALSE, INSTRUMENT, STATEMENTS, TRUE, Assertion
from reprise.clips.descriptions.wordings import TRAILING, WORDINGS

DENIALS = (
    (("without", "not"), ("not with", "by no means"), ("minus", "never"), ("leaving out", "in no way")),
    (("lacking", "anything but"), ("free of", "not at all")),
)
DENIED_FLIPS = 0.2  # share of flipped captions in which an assertion is denied


@checked
class DescriptionParams:
    """The `descriptions` section."""

    seed: Seed
    captions: AtLeastOne  # a clip, in either stock of words
    most_assertions: Annotated[int, Field(ge=1, le=len(STATEMENTS))]
    negated_share: Share


def draw_caption(truth: np.ndarray, params: DescriptionParams, rng: np.random.Generator) -> list[Assertion]:
    """Assertions that are all true of a clip with this `truth_of`, int8[S]: one or more, one a topic but for
    instruments; of `negated_share` of them something false is denied.
    """
    chosen: dict[tuple[str, str], Assertion] = {}
    count = 1 + int(rng.integers(params.most_assertions))
    for place in rng.permutation(np.flatnonzero(truth == TRUE))[:count]:
        statement = STATEMENTS[place]
        if rng.random() < params.negated_share:
            statement = _denied(truth, rng)
        own = statement.value if statement.topic == INSTRUMENT else ""
        chosen.setdefault((statement.topic, own), statement)
    return list(chosen.values())


def _denied(truth: np.ndarray, rng: np.random.Generator) -> Assertion:
    """The denial of something false: each topic as likely as another, then each of its values."""
    false = [STATEMENTS[place] for place in np.flatnonzero(truth == FALSE)]
    topics = sorted({statement.topic for statement in false})
    topic = topics[rng.integers(len(topics))]
    of_topic = [statement for statement in false if statement.topic == topic]
    return of_topic[rng.integers(len(of_topic))]._replace(holds=False)


def flipped(caption: Sequence[Assertion], truth: np.ndarray, rng: np.random.Generator) -> list[Assertion]:
    """The caption with one of its assertions, true ones all, turned into a false one of the same topic: another value,
    or now and then the same one denied. An assertion that has no false counterpart is denied.
    """
    changed = int(rng.integers(len(caption)))
    topic, _, holds = caption[changed]
    wrong = FALSE if holds else TRUE
    others = [STATEMENTS[place] for place in np.flatnonzero(truth == wrong) if STATEMENTS[place].topic == topic]
    if not others or rng.random() < DENIED_FLIPS:
        flip = caption[changed]._replace(holds=not holds)
    else:
        flip = others[rng.integers(len(others))]._replace(holds=holds)
    return [*caption[:changed], flip, *caption[changed + 1 :]]


@dataclass
class _Words:
    """The words of a caption: instruments and ensembles with their articles, adjectives, phrases after the noun, and
    what is denied.
    """

    nouns: list[str] = field(default_factory=list)
    ensembles: list[str] = field(default_factory=list)
    adjectives: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)


def put_in_words(caption: Sequence[Assertion], rng: np.random.Generator, held_out: bool = False) -> str:
    """A caption as text, with words and a sentence form drawn from the stock of training or from the held-out one."""
    words = _Words()
    without, not_so = DENIALS[held_out][rng.integers(len(DENIALS[held_out]))]
    for topic, value, holds in caption:
        stock = WORDINGS[topic, value][held_out]
        word = stock[rng.integers(len(stock))]
        noun = topic in (INSTRUMENT, COUNT)
        shown = with_article(word) if noun else word
        if not holds:
            words.denied.append(f"{without} {shown}" if topic == INSTRUMENT else f"{not_so} {shown}")
        elif noun:
            (words.nouns if topic == INSTRUMENT else words.ensembles).append(shown)
        else:
            (words.phrases if word.split()[0] in TRAILING else words.adjectives).append(word)
    forms = FORMS[held_out]
    return forms[rng.integers(len(forms))](words, rng)


def with_article(noun: str) -> str:
    """The noun after a or an."""
    vowel = noun[0].lower() in "aeiou" and not noun.startswith("eu")
    return f"{'an' if vowel else 'a'} {noun}"


def listed(items: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def _tags(words: _Words, rng: np.random.Generator) -> str:
    """violin, slow, in a low register, without a piano"""
    bare = [noun.split(" ", 1)[1] for noun in words.nouns + words.ensembles]
    tags = bare + words.adjectives + words.phrases + words.denied
    return ", ".join(tags[place] for place in rng.permutation(len(tags)))


def _piece(words: _Words, rng: np.random.Generator) -> str:
    """a slow, dark piece for a violin and a piano in a low register, a duo, not loud"""
    head = f"{', '.join(words.adjectives)} {('piece', 'recording', 'tune')[rng.integers(3)]}".strip()
    players = f"{('with', 'for', 'by')[rng.integers(3)]} {listed(words.nouns)}" if words.nouns else ""
    return _sentence(with_article(head), players, *words.phrases, tail=words.ensembles + words.denied)


def _played(words: _Words, rng: np.random.Generator) -> str:
    """a violin and a piano play slow, dark music in a low register, as a duo, not loud"""
    verb = "play" if len(words.nouns) > 1 or not words.nouns else "plays"
    music = f"{', '.join(words.adjectives)} music".strip()
    ensemble = [f"as {words.ensembles[0]}"] if words.ensembles else []
    start = f"{listed(words.nouns)} {verb} {music}" if words.nouns else music
    return _sentence(start, *words.phrases, tail=ensemble + words.denied)


def _said(words: _Words, rng: np.random.Generator) -> str:
    """music with a violin and a piano: it is slow, dark and in a low register, a duo and not loud"""
    rest = words.adjectives + words.phrases + words.ensembles + words.denied
    if not words.nouns:
        return f"the music is {listed(rest)}"
    start = f"music with {listed(words.nouns)}"
    return f"{start}: it is {listed(rest)}" if rest else start


def _heard(words: _Words, rng: np.random.Generator) -> str:
    """in this clip you hear a violin and a piano, and the playing is slow, dark and in a low register"""
    rest = words.adjectives + words.phrases + words.ensembles + words.denied
    playing = f"the playing is {listed(rest)}" if rest else ""
    heard = f"in this clip you hear {listed(words.nouns)}" if words.nouns else ""
    return ", and ".join(filter(None, (heard, playing)))


def _wanted(words: _Words, rng: np.random.Generator) -> str:
    """give me something slow, dark and in a low register, played by a violin and a piano"""
    rest = words.adjectives + words.phrases + words.ensembles + words.denied
    start = " ".join(filter(None, ("give me something", listed(rest) if rest else "")))
    return f"{start}, played by {listed(words.nouns)}" if words.nouns else start


def _sentence(*parts: str, tail: Sequence[str]) -> str:
    return ", ".join([" ".join(filter(None, parts)), *tail])


FORMS: tuple[tuple[Callable[[_Words, np.random.Generator], str], ...], ...] = (
    (_tags, _piece, _played, _said),
    (_heard, _wanted),
)

"""What a text asks for: explicit words are obeyed, then tastes by the crossmodal table, then what an embedder says of
the rest. Each wish keeps where it comes from, so that a person sees what was understood and can override it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from reprise.embedding.embedder import Embedder
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import parse_key
from reprise.taste.words.crossmodal import CROSSMODAL
from reprise.taste.words.lexicon import (
    ARTICULATION,
    DENSITY,
    DISSONANCE,
    IMPOSSIBLE,
    INSTRUMENT,
    INSTRUMENTS,
    LOUDNESS,
    METRE,
    MODE,
    REGISTER,
    TEMPO,
    WORDS,
    denied,
)
from reprise.taste.words.prompts import tastes_in

LONGEST = 2000  # characters of a text
KEY, SECONDS, BARS = "key", "seconds", "bars"
TABLE = {
    TEMPO: "tempo_bpm",
    DENSITY: "density",
    REGISTER: "register",
    ARTICULATION: "articulation",
    DISSONANCE: "dissonance",
    LOUDNESS: "loudness",
}
# Poles that an embedder may find in a text, each as the phrases that are compared with it.
PHRASES = {
    TEMPO: (("slow music", 60.0), ("fast music", 130.0)),
    REGISTER: (("low music", "low"), ("high music", "high")),
    ARTICULATION: (("staccato music", "low"), ("legato music", "high")),
    DISSONANCE: (("consonant music", "low"), ("dissonant music", "high")),
    MODE: (("minor music", "minor"), ("major music", "major")),
    LOUDNESS: (("quiet music", "low"), ("loud music", "high")),
}
SURE = 0.25  # how much nearer than its opposite a phrase must be, as a cosine

_PATTERNS: tuple[tuple[re.Pattern, str, object], ...] = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])"), name, value)
    for pattern, name, value in (
        *WORDS,
        *((f"(?:{pattern})s?", INSTRUMENT, program) for pattern, program in INSTRUMENTS.items()),
    )
)
_ACCIDENTAL = "(?:[ -]?(?:sharp|flat)|[#♯b♭])"
_MODES = "(major|minor|maj|min|dur|moll)"
# A letter alone, `a minor tune`, is no key, nor is `in a minor mood`.
_KEY = re.compile(
    rf"\b(?:in|key(?: of|:)?) (?:the key of )?(?!a (?:major|minor) (?:key|mode|mood|scale|chord|tonality)\b)"
    rf"([a-g]{_ACCIDENTAL}?)(?:[ -]{_MODES}|(m))\b|(?<![\w'-])([b-g]{_ACCIDENTAL}?|a{_ACCIDENTAL})[ -]{_MODES}\b"
)
_BPM = re.compile(r"\b(\d{1,4}(?:\.\d+)?)[ -]?(?:bpm|beats (?:per|a) minute)\b|\btempo(?: of|:)? (\d{1,4}(?:\.\d+)?)\b")
_METRE = re.compile(r"\b(\d{1,2}) ?/ ?(2|4|8|16)\b(?![ -]notes?)")
# The 1980s and the 80s are no lengths.
_LENGTH = re.compile(
    r"\b(?!1[5-9]\d0s\b|20[0-2]0s\b|[5-9]0s\b)(\d{1,4})[ -]?(seconds?|secs?|s|minutes?|mins?|bars?|measures?)\b"
)
_TOO_MANY = re.compile(
    r"\b\d{2,6} ?(?:voices|parts|players|singers|musicians|instruments)\b"
    r"|\b(?:choir|chorus|orchestra|ensemble|band|group) of \d{2,6}\b"
    r"|\b(?:quintet|sextet|septet|octet|nonet)\b"
    r"|\b(?:five|six|seven|eight|nine|ten) (?:voices|parts|players|singers|musicians|instruments)\b"
)


@dataclass(frozen=True)
class Wish:
    """A value that is asked for, and what says so: a word of the text, a taste, an option."""

    value: object
    because: str


@dataclass(frozen=True)
class Understood:
    """What a text asks for.

    Attributes:
        wishes: by name: a tempo in BPM, levels (see `plan.LEVELS`) of density, register, articulation, dissonance and
        loudness, a key or a mode, a metre, a number of parts, a length in seconds or bars.
        instruments: General MIDI programs, in the order of the text, each with its word. excluded: programs that must
        not play. tastes: those that the text names. limits: what can't be done, in words.
    """

    wishes: Mapping[str, Wish] = field(default_factory=dict)
    instruments: tuple[tuple[int, str], ...] = ()
    excluded: tuple[int, ...] = ()
    tastes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def told(self, name: str, value: object, because: str) -> "Understood":
        """With one wish more, in the place of an earlier one of that name."""
        return replace(self, wishes={**self.wishes, name: Wish(value, because)})

    def value(self, name: str) -> object:
        """What is asked for of `name`; None where nothing is."""
        return self.wishes[name].value if name in self.wishes else None


def understand(text: str, embedder: Embedder | None = None) -> Understood:
    """What `text` asks for.

    Args:
        embedder: tells poles of axes for which the text has no explicit word; without one they stay open.

    Raises:
        BadInput: the text is empty or very long.
    """
    understood, rest = _words(text, "prompt")
    understood = _by_taste(understood)
    return understood if embedder is None else _by_embedder(understood, rest, embedder)


def _words(text: str, what: str) -> tuple[Understood, str]:
    """What the explicit words of a text ask for, and the rest of it."""
    plain = " ".join(text.lower().replace("’", "'").split())
    if not plain or len(plain) > LONGEST:
        raise BadInput(f"{what}: has {len(plain):,} characters; it must have 1 to {LONGEST:,}")
    understood, rest, end = Understood(tastes=tastes_in(plain)), [], 0
    for found in _explicit(plain):
        understood = _obeyed(understood, found)
        rest.append(plain[end : found.start])
        end = found.start + len(found.word)
    return _limits(understood, plain), " ".join([*rest, plain[end:]])


def overridden(understood: Understood, text: str) -> Understood:
    """The same with the explicit words of another text above it.

    Raises:
        BadInput: that text is empty or very long, or nothing in it is an explicit word.
    """
    above, _ = _words(text, "override")
    if not above.wishes and not above.instruments and not above.excluded:
        raise BadInput(
            f"override: nothing in '{text}' is understood; give words such as '90 BPM', 'low' or 'for cello'"
        )
    instead = {MODE: KEY, KEY: MODE, SECONDS: BARS, BARS: SECONDS}
    gone = {instead.get(name) for name in above.wishes}
    kept = {name: wish for name, wish in understood.wishes.items() if name not in gone}
    return replace(
        understood,
        wishes={**kept, **above.wishes},
        instruments=above.instruments or tuple(i for i in understood.instruments if i[0] not in above.excluded),
        excluded=tuple(dict.fromkeys((*understood.excluded, *above.excluded))),
        limits=tuple(dict.fromkeys((*understood.limits, *above.limits))),
    )


@dataclass(frozen=True)
class _Found:
    start: int
    name: str
    value: object
    word: str
    denied: bool


def _explicit(text: str) -> Iterator[_Found]:
    """The words of a text that are obeyed, in its order; of two that overlap the longer."""
    spans: list[tuple[int, int, str, object]] = []
    for match in _KEY.finditer(text):
        letter, mode = filter(None, match.groups())
        spans.append((*match.span(), KEY, parse_key(f"{letter} {mode}").name))
    for match in _BPM.finditer(text):
        spans.append((*match.span(), TEMPO, float(match.group(1) or match.group(2))))
    for match in _METRE.finditer(text):
        spans.append((*match.span(), METRE, (int(match.group(1)), int(match.group(2)))))
    for match in _LENGTH.finditer(text):
        name = BARS if match.group(2).startswith(("bar", "measure")) else SECONDS
        number = int(match.group(1)) * (60 if match.group(2).startswith("min") else 1)
        spans.append((*match.span(), name, number))
    for pattern, name, value in _PATTERNS:
        spans += [(*match.span(), name, value) for match in pattern.finditer(text)]
    end = 0
    for start, stop, name, value in sorted(spans, key=lambda span: (span[0], span[0] - span[1])):
        if start >= end:
            end = stop
            yield _Found(start, name, value, text[start:stop], denied(text, start, stop))


def _obeyed(understood: Understood, found: _Found) -> Understood:
    """With what a word asks for; of two for one thing the first counts, but a tempo or metre in numbers above all."""
    because = f"'{found.word}'"
    if found.name == INSTRUMENT:
        assert isinstance(found.value, int)
        if found.denied:
            return replace(understood, excluded=(*understood.excluded, found.value))
        known = [program for program, _ in understood.instruments]
        more = () if found.value in known else ((found.value, because),)
        return replace(understood, instruments=(*understood.instruments, *more))
    if found.denied:
        levelled = found.name in (DENSITY, REGISTER, ARTICULATION, DISSONANCE, LOUDNESS)
        opposite = {"low": "high", "lowest": "high", "high": "low", "highest": "low"}.get(str(found.value))
        if not levelled or opposite is None:
            return understood
        found, because = replace(found, value=opposite), f"not '{found.word}'"
    earlier = understood.wishes.get(found.name)
    exact = found.name in (TEMPO, METRE) and bool(re.search(r"\d", found.word))
    if earlier and not (exact and not re.search(r"\d", earlier.because)):
        return understood
    return understood.told(found.name, found.value, because)


def _limits(understood: Understood, text: str) -> Understood:
    limits = [
        said
        for pattern, said in IMPOSSIBLE.items()
        if any(not denied(text, found.start(), found.end()) for found in re.finditer(rf"\b(?:{pattern})\b", text))
    ]
    if many := _TOO_MANY.search(text):
        limits.append(f"'{many.group(0)}': there are at most four parts")
    return replace(understood, limits=tuple(limits))


def _by_taste(understood: Understood) -> Understood:
    """With what the crossmodal table says of the first taste named, where no word says otherwise."""
    for taste in understood.tastes[:1]:
        row = CROSSMODAL[taste]
        for name, column in TABLE.items():
            if name not in understood.wishes:
                understood = understood.told(name, getattr(row, column), f"{taste}, by the crossmodal table")
        if not understood.instruments:
            allowed = [program for program in row.instruments if program not in understood.excluded]
            said = f"{taste}, by the crossmodal table"
            understood = replace(understood, instruments=tuple((program, said) for program in allowed))
    return understood


def _by_embedder(understood: Understood, rest: str, embedder: Embedder) -> Understood:
    """With the poles that the embedder finds in the words that weren't obeyed."""
    words = re.sub(r"[^a-z\s,'-]+", " ", rest)  # it knows English alone, and no numbers
    words = " ".join(words.split()).strip(" ,-")
    open_axes = [name for name in PHRASES if name not in understood.wishes]
    if MODE in open_axes and KEY in understood.wishes:
        open_axes.remove(MODE)
    if not words or not open_axes:
        return understood
    texts = [words, *(phrase for name in open_axes for phrase, _ in PHRASES[name])]
    vectors = embedder.embed_text(texts)
    cosines = (vectors[1:] @ vectors[0]).reshape(len(open_axes), 2)
    for name, (low, high) in zip(open_axes, cosines):
        if abs(high - low) >= SURE:
            phrase, value = PHRASES[name][int(np.argmax((low, high)))]
            understood = understood.told(name, value, f"'{words}', nearest to '{phrase}' for {embedder.name}")
    return understood

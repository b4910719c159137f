"""What a text asks for: explicit words are obeyed, then tastes by the crossmodal table, then what an embedder says of
the rest. Each wish keeps where it comes from, so that a person sees what was understood and can override it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reprise.embedding.embedder import Embedder
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import parse_key
from reprise.taste.words.crossmodal import CROSSMODAL
from reprise.taste.words.explicit import CHANGE, explicit, lowered
from reprise.taste.words.lexicon import (
    ARTICULATION,
    DENSITY,
    DISSONANCE,
    IMPOSSIBLE,
    INSTRUMENT,
    LOUDNESS,
    MODE,
    REGISTER,
    TEMPO,
    denied,
)
from reprise.taste.words.patterns import BARS, KEY, SECONDS, TAKEN_FOR_MAJOR, Found
from reprise.taste.words.prompts import tastes_in
from reprise.taste.words.rest import PHRASES, poles

LONGEST = 2000  # characters of a text
TABLE = {
    TEMPO: "tempo_bpm",
    DENSITY: "density",
    REGISTER: "register",
    ARTICULATION: "articulation",
    DISSONANCE: "dissonance",
    LOUDNESS: "loudness",
}
_MANY = r"(?:\d{2,6}|[5-9]|five|six|seven|eight|nine|ten|eleven|twelve|sixteen|twenty)"
_TOO_MANY = re.compile(
    rf"\b{_MANY}[ -]?(?:voices?|parts?|players|singers|musicians|instruments)\b"
    r"|\b(?:choir|chorus|orchestra|ensemble|band|group) of \d{2,6}\b"
    r"|\b(?:quintet|sextet|septet|octet|nonet)s?\b"
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
    written = " ".join(text.replace("’", "'").split())
    if not written or len(written) > LONGEST:
        raise BadInput(f"{what}: has {len(written):,} characters; it must have 1 to {LONGEST:,}")
    plain = lowered(written)
    every = _with_mode(explicit(written))
    exact = {found.name: found for found in reversed(every) if found.exact and found.value is not None}
    understood, rest, end = Understood(tastes=tastes_in(plain)), [], 0
    for found in every:
        counts = exact.get(found.name, found)  # a tempo or metre in numbers counts above words
        understood = _obeyed(understood, counts, plain[counts.start : counts.stop])
        rest.append(plain[end : found.start])
        end = found.stop
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


def _with_mode(every: list[Found]) -> list[Found]:
    """A tonic alone has the mode that the text names elsewhere: `a minor tune in D` is in D minor."""
    mode = next((found.value for found in every if found.name == MODE and found.value), None)
    if mode is None:
        return every
    return [
        replace(found, value=parse_key(f"{str(found.value).split()[0]} {mode}").name, said=f"{mode} by another word")
        if found.said == TAKEN_FOR_MAJOR
        else found
        for found in every
    ]


def _obeyed(understood: Understood, found: Found, word: str) -> Understood:
    """With what a word asks for; of two for one thing the first counts."""
    because = f"{'not ' if found.denied else ''}'{word}'{', ' if found.said else ''}{found.said}"
    if found.name == INSTRUMENT:
        assert isinstance(found.value, int)
        if found.denied:
            return replace(understood, excluded=(*understood.excluded, found.value))
        known = [program for program, _ in understood.instruments]
        more = () if found.value in known else ((found.value, because),)
        return replace(understood, instruments=(*understood.instruments, *more))
    if found.name == CHANGE and found.value:
        return replace(understood, limits=(*understood.limits, f"'{word}': {found.value}"))
    if found.value is None or found.name in understood.wishes:
        return understood
    limit = (found.limit,) if found.limit else ()
    return replace(understood, limits=(*understood.limits, *limit)).told(found.name, found.value, because)


def _limits(understood: Understood, text: str) -> Understood:
    limits = [
        said
        for pattern, said in IMPOSSIBLE.items()
        if any(not denied(text, found.start(), found.end()) for found in re.finditer(rf"\b(?:{pattern})\b", text))
    ]
    if many := _TOO_MANY.search(text):
        limits.append(f"'{many.group(0)}': there are at most four parts")
    return replace(understood, limits=tuple(dict.fromkeys((*limits, *understood.limits))))


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
    given = {*understood.wishes, *((MODE,) if KEY in understood.wishes else ())}
    for name, value, because in poles(rest, [name for name in PHRASES if name not in given], embedder):
        understood = understood.told(name, value, because)
    return understood

"""The stretches of a text that are obeyed: words of the lexicon with their degree (`very slow`, `a bit low`, `less
loud`), and what `patterns` finds; each with what it asks for, its denial done.
"""

import re
from dataclasses import replace

from reprise.taste.words.lexicon import (
    AS_IT_IS,
    CHANGES,
    DEGREES,
    INSTRUMENT,
    INSTRUMENTS,
    LEVELLED,
    LOUDNESS,
    MILDLY,
    MOSTLY,
    TEMPO,
    WORDS,
    denied,
)
from reprise.taste.words.patterns import Found, patterns_in

CHANGE = "change"  # the name of what would have to change within a piece
OPPOSITES = {"low": "high", "lowest": "high", "high": "low", "highest": "low"}
MODERATE_BPM, SLOWISH_BPM, FASTISH_BPM = 100.0, 80.0, 112.0

_SPACE = re.compile(r"(?<!\[) ")  # but not that of a class of characters
_PATTERNS: tuple[tuple[re.Pattern, str, object], ...] = tuple(
    (re.compile(rf"(?<![\w-])(?:{_SPACE.sub('[ -]', pattern)})(?![\w-])"), name, value)
    for pattern, name, value in (
        *((pattern, CHANGE, said) for pattern, said in CHANGES),
        *WORDS,
        *((f"(?:{pattern})s?", INSTRUMENT, program) for pattern, program in INSTRUMENTS.items()),
    )
)
_DEGREE = re.compile(rf"(?<![\w-])(?:(?P<most>{MOSTLY})|(?P<mild>{MILDLY})|(?P<less>less)|as|{AS_IT_IS})(?: more)? $")
_AS_POSSIBLE = re.compile(" as possible(?![\\w-])")
_NOUN = re.compile(r" (?!(?:and|but|or|in|at|for|with|please)\b)\w")  # `a little slow waltz` is a little waltz
RESTRAINED = {"too", "so", "that", "as", "overly", "particularly", "very", "really", "extremely"}  # after `not`
# Hyphens that join whole words.
_JOINED = re.compile(
    r"(?<=\w)-(?=(?:and|based|driven|led|only)\b)|(?<=-and)-|(?<=\bvery)-|(?<=\bsuper)-|(?<=\bultra)-|(?<=\bmedium)-"
)


def lowered(written: str) -> str:
    """A text in lower case, character by character, so that places in both are the same."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in written)


def explicit(written: str) -> list[Found]:
    """The stretches of a text that are obeyed, in its order; of two that overlap the first, then the longer one."""
    written = _JOINED.sub(" ", written)
    text = lowered(written)
    words = [
        _to_degree(text, Found(*match.span(), name, value))
        for pattern, name, value in _PATTERNS
        for match in pattern.finditer(text)
    ]
    kept: list[Found] = []
    for found in sorted((*patterns_in(text, written), *words), key=lambda one: (one.start, -one.stop)):
        if not kept or found.start >= kept[-1].stop:
            kept.append(_meant(text, found))
    return kept


def _to_degree(text: str, found: Found) -> Found:
    """With the words around it that say how much, and what that makes of its value."""
    if found.name not in (TEMPO, *LEVELLED):
        return found
    before = _DEGREE.search(text, 0, found.start)
    if before is None:
        return found
    mild, most = DEGREES.get((found.name, found.value), (found.value, found.value))
    after = _AS_POSSIBLE.match(text, found.stop)
    if before[0] == "as " and after is None:
        return found
    own = text[found.start : found.stop]
    if "little" in before[0] and not own.endswith("er") and _NOUN.match(text, found.stop):
        return found
    value = found.value
    if before["less"]:
        value = _other_side(found)
    elif before["mild"]:
        value = mild
    elif before["most"] or after:
        value = most
    return replace(found, start=before.start(), stop=after.end() if after else found.stop, value=value)


def _other_side(found: Found) -> object:
    """`less loud` is quieter, `less fast` a bit slow."""
    if isinstance(found.value, float):
        return FASTISH_BPM if found.value < MODERATE_BPM else SLOWISH_BPM
    return OPPOSITES.get(str(found.value), found.value)


def _meant(text: str, found: Found) -> Found:
    """What is asked for where the text denies it: of levels the opposite (`not loud`), or what lies between (`not too
    high`), but `not too loud` is soft.
    """
    if not denied(text, found.start, found.stop):
        return found
    value = found.value if found.name == INSTRUMENT else None
    near = [*text[: found.start].split()[-1:], text[found.start : found.stop].split()[0]]
    if found.name in LEVELLED:
        loud = found.name == LOUDNESS and found.value in ("high", "highest")
        value = "middle" if RESTRAINED.intersection(near) and not loud else OPPOSITES.get(str(found.value))
    elif found.name == TEMPO and not found.exact and RESTRAINED.intersection(near):
        value = MODERATE_BPM
    return replace(found, value=value, limit="", denied=True)

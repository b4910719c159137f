"""Tempos, metres, lengths, keys and dynamics as people write them, found in a text.

Numbers may be digits or words, and a range stands for its middle.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprise.music.analysis.keyfinding import parse_key
from reprise.taste.words.lexicon import LOUDNESS, METRE, MODE, TEMPO

KEY, SECONDS, BARS = "key", "seconds", "bars"
TAKEN_FOR_MAJOR = "taken for major"


@dataclass(frozen=True)
class Found:
    """A stretch of a text, from `start` to `stop`, and what it asks for; a `value` of None asks for nothing.

    Attributes:
        said: what is added to its reason. limit: what of it can't be had. exact: a number, which counts above words.
        denied: the text says that it's not to be so.
    """

    start: int
    stop: int
    name: str
    value: object
    said: str = ""
    limit: str = ""
    exact: bool = False
    denied: bool = False


def patterns_in(text: str, written: str) -> Iterator[Found]:
    """All of them, which may overlap, in a text in lower case; `written` is the same with its capitals."""
    yield from _tempos(text)
    for match in _METRE.finditer(text):
        yield Found(*match.span(), METRE, (int(match[1]), int(match[2])), exact=True)
    yield from _lengths(text)
    yield from _keys(text, written)
    for match in _DYNAMICS.finditer(written):
        sign = next(filter(None, match.groups()))
        yield Found(*match.span(), LOUDNESS, DYNAMICS[sign[:2]])


# --- numbers

_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
VALUES = {
    **{word: float(value) for value, word in enumerate((*_UNITS, *_TEENS), 1)},
    **{word: 10.0 * value for value, word in enumerate(_TENS, 2)},
    **{"half": 0.5, "couple": 2.0, "dozen": 12.0},
}
FACTORS = {"hundred": 100.0, "quarter": 0.25, "quarters": 0.25}
WIDEST = 10  # of a range, as a ratio: in `no. 2 - 90 BPM` there is none

_UNIT = "|".join(_UNITS)
_BELOW_100 = rf"(?:{'|'.join(_TENS)})(?:[ -](?:{_UNIT}))?|{'|'.join(_TEENS)}|{_UNIT}"
_DIGITS = r"(?<![\w/:])(?<!\d[.,])(?:\d{1,3}(?:,\d{3})+|\d{1,9}(?:[.,]\d+)?)"
_NUMBER = (
    rf"(?:{_DIGITS}|\b(?:(?:(?:an?|{_UNIT}) )?hundred(?:(?: and)?[ -](?:{_BELOW_100}))?"
    rf"|(?:{_BELOW_100})(?: and a half)?|(?:a )?half(?:[ -]an?)?|(?:a |three )?quarters? of an?|a couple of|a dozen)\b)"
)
_RANGE = (
    rf"(?:between (?P<low>{_NUMBER}) and |(?P<from>{_NUMBER}) ?(?:-(?!(?:{_UNIT})\b)|–|—|to|or) ?)?"
    rf"(?P<number>{_NUMBER})"
)


def number(text: str) -> float:
    """Of a number in digits or in words, such as 1,000 or `one and a half`."""
    if text[0].isdigit():
        return float(re.sub(r",(?=\d{3}(?!\d))", "", text).replace(",", "."))
    value = 0.0
    for word in re.findall(r"[a-z]+", text):
        value = max(value, 1.0) * FACTORS[word] if word in FACTORS else value + VALUES.get(word, 0.0)
    return value


def _middle(match: re.Match) -> tuple[float, str]:
    """The number of a match of `_RANGE`, or the middle of its two; and what is said of it."""
    high, low = number(match["number"]), number(match["low"] or match["from"] or "0")
    if high / WIDEST <= low < high:
        return (low + high) / 2, "the middle of it"
    return high, ""


# --- tempos and metres

_BPM = r"(?:bpm|b\.p\.m\.?|beats?(?: per | a | ?/ ?)min(?:ute)?s?)"
_LENGTHS = "s|secs?|seconds?|mins?|minutes?|hrs?|hours?|bars?|measures?"
_NOTE = (
    r"(?P<dotted>dotted[ -])?(?:\b(?P<note>quarter|crotchet|half|minim|eighth|quaver)(?:[ -]note)?|(?P<sign>[♩♪]))"
    r"(?P<dot>\.)?"
)
QUARTERS = {"half": 2.0, "minim": 2.0, "eighth": 0.5, "quaver": 0.5, "♪": 0.5}  # of a note; of others one
_TEMPOS = (
    re.compile(rf"{_RANGE}[ -]?{_BPM}(?!\w)"),
    re.compile(rf"{_NOTE} ?[=≈] ?(?:ca?\.? ?)?{_RANGE}(?: ?{_BPM})?(?![\w/])"),
    re.compile(
        r"\b(?:tempo|bpm|m\. ?m\.|metronome(?: mark(?:ing)?)?)(?: of| is| at| ?:| ?=)*(?: around| about| ca\.?)? ?~?"
        rf"{_RANGE}(?: ?{_BPM})?(?![\w/]|[ -]?(?:{_LENGTHS}|voices?|parts?|instruments)\b)"
    ),
)
_METRE = re.compile(
    r"(?<![\d/])\b(\d{1,2}) ?/ ?(2|4|8|16)\b(?! ?/|[ -](?:notes?|an? |minutes?|hours?|speed|tempo|steps?|tones?))"
)


def _tempos(text: str) -> Iterator[Found]:
    for pattern in _TEMPOS:
        for match in pattern.finditer(text):
            own = match.groupdict()
            bpm, said = _middle(match)
            bpm *= QUARTERS.get(own.get("note") or own.get("sign") or "", 1.0)
            bpm *= 1.5 if own.get("dotted") or own.get("dot") else 1.0
            yield Found(*match.span(), TEMPO, bpm, said, exact=True)


# --- lengths

_LENGTH = re.compile(
    rf"(?<!\w)(?<!\w-){_RANGE}[ -]?(?P<unit>{_LENGTHS})\b(?P<half> and a half)?"
    r"(?![ -](?:notes?|rests?|violins?|movements?|themes?)\b)"  # no thirty-second notes, no two second violins
)
_DECADE = re.compile(r"(?:\bthe \d|\b(?:1[5-9]\d|20[0-2]|[5-9]))0s$")  # the 1980s and the 30s are no lengths
_MINUTES_SECONDS = re.compile(
    rf"(?P<minutes>{_NUMBER})[ -]?(?:minutes?|mins?|m),? ?(?:and )?"
    rf"(?P<seconds>\d+|{_NUMBER})[ -]?(?:seconds?|secs?|s)\b"
)
_BARS = re.compile(r"\b(?:bars|measures) ?[:=] ?(\d{1,9})\b")
_CLOCK = re.compile(r"(?<!\bat )(?<![\d:.])(\d{1,2}):([0-5]\d)\b(?!:| ?[ap]\.?m\b)(?: (?:minutes?|mins?)\b)?")
# Not what happens `in a minute`, `a minute detail` or `notes a minute`.
_ONE = re.compile(
    r"\b(?:(?:for|about|around|lasts?|lasting|of|roughly|nearly|almost|exactly) an? (minute|hour)\b|(?<!in )(?<!wait )"
    r"(?<!just )(?<!notes )(?<!times )an? (minute|hour)\b(?= long| of| or so| and a half|-long|'s|[,.;!)]|$))"
    r"(?P<half> and a half)?"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _lengths(text: str) -> Iterator[Found]:
    for match in _LENGTH.finditer(text):
        count, said = _middle(match)
        count += 0.5 if match["half"] else 0.0
        unit = match["unit"]
        if unit.startswith(("bar", "measure")):
            yield Found(*match.span(), BARS, round(count), said)
        elif not _DECADE.search(text, 0, match.end("unit")):
            yield Found(*match.span(), SECONDS, count * _SECONDS[unit[0]], said)
    for match in _BARS.finditer(text):
        yield Found(*match.span(), BARS, int(match[1]))
    for match in _MINUTES_SECONDS.finditer(text):
        yield Found(*match.span(), SECONDS, number(match["minutes"]) * 60 + number(match["seconds"]))
    for match in _CLOCK.finditer(text):
        yield Found(*match.span(), SECONDS, int(match[1]) * 60.0 + int(match[2]))
    for match in _ONE.finditer(text):
        unit = match[1] or match[2]
        yield Found(*match.span(), SECONDS, (1.5 if match["half"] else 1.0) * _SECONDS[unit[0]])


# --- keys

# Of the modes the nearer one of the two that the composer knows, by its third.
CHURCH_MODES = {
    "ionian": "major",
    "dorian": "minor",
    "phrygian": "minor",
    "phrygian dominant": "major",
    "lydian": "major",
    "mixolydian": "major",
    "aeolian": "minor",
    "locrian": "minor",
}
_ACCIDENTAL = "(?:[ -]?(?:sharp|flat)|[#♯b♭])"
_CHURCH = "phrygian dominant|" + "|".join(mode for mode in CHURCH_MODES if " " not in mode)
_MODES = rf"(?:(?:natural|harmonic|melodic) )?(major|minor|maj|min|dur|moll|{_CHURCH})"
_NO_KEY = "key|mode|mood|scale|chord|tonality|way|style|tone|manner|setting|feel|feeling"
# A letter alone, `a minor tune`, is no key, nor is `in a minor mood`.
_KEY = re.compile(
    rf"\b(?:in|key(?: of| ?:)?) (?:the key of )?(?!a (?:major|minor|{_CHURCH}) (?:{_NO_KEY})\b)"
    rf"([a-g]{_ACCIDENTAL}?)(?:[ -]{_MODES}|(m))\b"
    rf"|(?<![\w'-])([b-g]{_ACCIDENTAL}?|a{_ACCIDENTAL}|a(?=-))[ -]{_MODES}\b"
)
# With capitals: `Am`, `(A minor)`; `in C`, if no word follows but one that goes on (`in C for piano`), so that `in B
# movie style` is none, and `in a minute` isn't A.
_CAPITAL_KEY = re.compile(
    rf"(?<![\w'-])([A-G](?:[#♯b♭])?)(m|min|maj)(?![\w'-]| I\b)|(?:(?<=[,;:] )|(?<=\())(A) {_MODES}(?=[,.;)]|$)"
)
_GOES_ON = "(?:about|and|as|at|but|by|for|in|like|on|or|over|played|please|then|to|with|without|\\d|\\()"
_TONIC = re.compile(
    rf"\b(?i:in|key(?: of| ?[:=])?) (?i:the key of )?"
    rf"(?:((?i:[b-g])(?:(?i:[ -]?(?:sharp|flat))|[#♯b♭])?|A(?:[ -]?(?i:sharp|flat))?|[Aa][#♯b♭]|a-(?:sharp|flat))"
    rf"(?=\.?$|[,;:!?)]|\. |(?i: {_GOES_ON}))(?!\.\.)|(a)(?=\.?$| (?:for|at|on|with)\b))(?<!\bdB)"
)
_CHURCH_ALONE = re.compile(rf"(?<![\w-])({_CHURCH})(?: mode| scale)?(?![\w-]| (?:gray|harp))")


def _keys(text: str, written: str) -> Iterator[Found]:
    for match in (*_KEY.finditer(text), *_CAPITAL_KEY.finditer(written)):
        letter, mode = filter(None, match.groups())
        yield _key(match, letter, mode.lower())
    for match in _TONIC.finditer(written):
        yield Found(*match.span(), KEY, parse_key(f"{match[1] or match[2]} major").name, TAKEN_FOR_MAJOR)
    for match in _CHURCH_ALONE.finditer(text):
        nearer = CHURCH_MODES[match[1]]
        yield Found(*match.span(), MODE, nearer, limit=_nearer(match[0], nearer))


def _key(match: re.Match, letter: str, mode: str) -> Found:
    key = parse_key(f"{letter} {CHURCH_MODES.get(mode, mode)}").name
    return Found(*match.span(), KEY, key, limit=_nearer(match[0], key) if mode in CHURCH_MODES else "")


def _nearer(asked: str, nearer: str) -> str:
    return f"'{asked}': the composer knows major and minor alone, so it is told {nearer}"


# --- dynamics

DYNAMICS = {"pp": "lowest", "p": "low", "mp": "low", "mf": "middle", "f": "high", "ff": "highest"}
# A lone p or f is one only in brackets or quotes, or where it's called so.
_DYNAMICS = re.compile(
    r"(?<![\w.'-])(p{2,5}|f{2,5}|mp|mf)(?![\w'-])|\(([pf])\)|[\"'“]([pf])[\"'”]|\bdynamics?(?: of| ?:| ?=)? ([pf])\b"
)

"""What the fields of an ABC tune say: keys, metres, lengths, tempos, clefs (the ABC standard 2.1, sections 3 and 4.6).

Lengths are exact, in quarter notes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reprise.music.readers.modes import MODES, mode_of

LETTERS = "FCGDAEB"  # in the order in which sharps are added; flats from behind
ALTERATIONS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0, "": 0}
MAX_DIGITS = 6  # of a number

_KEY = re.compile(r"\s*(?P<tonic>[A-G])(?P<sign>[#b]?)\s*(?P<mode>[A-Za-z]*)")
_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_PROPERTY = re.compile(r"\b([a-z]+)\s*=\s*(\"[^\"]*\"|[^\s=]+)")
_MIDI = re.compile(r"MIDI\s+(program|transpose|channel)\s+(?:\d+\s+(?=\d))?(-?\d{1,3})\b")
_PROPERTIES = ("clef", "octave", "transpose", "t", "middle", "m", "name", "nm", "sname", "snm", "stafflines", "style")


@dataclass(frozen=True)
class Key:
    """A key signature: what it alters, letter by letter, its number of sharps (flats below 0), and the mode.

    `fifths` is None where what is altered is no usual signature, or where none is written; `mode` also where what is
    altered isn't that of the mode.
    """

    altered: Mapping[str, int] = field(default_factory=dict)
    fifths: int | None = None
    mode: str | None = None


@dataclass(frozen=True)
class Settings:
    """What the fields so far say of the notes to come.

    Attributes:
        unit: what a note without a length lasts.
        shifts: semitones that all pitches are moved by, by what says so.
        tempo: quarter notes a minute; None where none is written, as for the program.
        propagate: what an accidental holds for: "octave", "pitch" (all octaves) or "not" (its note alone).
    """

    key: Key = field(default_factory=Key)
    metre: tuple[int, int] = (4, 4)
    unit: Fraction = Fraction(1, 2)
    shifts: Mapping[str, int] = field(default_factory=dict)
    tempo: float | None = None
    program: int | None = None
    name: str = ""
    is_unpitched: bool = False
    propagate: str = "octave"

    def after(self, letter: str, value: str) -> "Settings":
        """The settings after a field; the properties of a V: are read without its voice's name.

        Raises:
            ValueError: the field can't be read.
        """
        if letter == "L":
            return replace(self, unit=unit_of(value))
        if letter == "M":
            return replace(self, metre=metre_of(value))
        if letter == "Q":
            return replace(self, tempo=tempo_of(value, self.unit) or self.tempo)
        if letter == "K":
            return replace(self.after("V", value), key=key_of(value) or self.key)
        if letter == "V":
            named: dict[str, str] = dict(_PROPERTY.findall(value))
            return replace(
                self,
                shifts={**self.shifts, **shifts_of(value)},
                name=named.get("name", named.get("nm", self.name)).strip('"'),
                is_unpitched=self.is_unpitched or is_percussion(value),
            )
        return self._after_directive(value) if letter == "I" else self

    def _after_directive(self, value: str) -> "Settings":
        if found := re.match(r"propagate-accidentals\s+(not|octave|pitch)\b", value):
            return replace(self, propagate=found[1])
        if re.match(r"MIDI\s+nobarlines\b", value):
            return replace(self, propagate="not")
        if found := _MIDI.match(value):
            number = int(found[2])
            if found[1] == "transpose":
                return replace(self, shifts={**self.shifts, "MIDI": number})
            if found[1] == "channel":
                return replace(self, is_unpitched=number == 10)
            return replace(self, program=number if 0 <= number < 128 else self.program)
        return self


def key_of(value: str) -> Key | None:
    """The key of a K: field; None for one that names only a clef or the like. What is no key alters nothing."""
    value = _PROPERTY.sub(lambda found: "" if found[1] in _PROPERTIES else found[0], value)
    words = [word for word in value.split() if not is_clef(word)]
    value = " ".join(words)
    if not value:
        return None
    if value.lower().startswith("hp"):  # Highland bagpipes sound F and C sharp, whether that is written or not
        return _signature(2)
    if re.search(r"\bexp\b", value):
        key = Key()
    elif found := _KEY.match(value):
        key = _named(found)
    else:
        return Key()
    altered = dict(key.altered)
    for sign, letter in _ACCIDENTAL.findall(value):
        altered[letter.upper()] = ALTERATIONS[sign]
    altered = {letter: change for letter, change in altered.items() if change}
    usual = (fifths for fifths in range(-7, 8) if _signature(fifths).altered == altered)
    return Key(altered, next(usual, None), key.mode if altered == key.altered else None)


def _named(found: re.Match) -> Key:
    """The key of a tonic and a mode; without one it is major."""
    mode = "minor" if found["mode"].lower() == "m" else mode_of(found["mode"]) or "major"
    fifths = LETTERS.index(found["tonic"]) - 1 + {"": 0, "#": 7, "b": -7}[found["sign"]] + MODES[mode]
    return replace(_signature(fifths), mode=mode)


def _signature(fifths: int) -> Key:
    """The key signature of so many sharps; beyond seven, letters are altered twice."""
    altered: dict[str, int] = {}
    for number in range(abs(fifths)):
        letter = LETTERS[number % 7] if fifths > 0 else LETTERS[-1 - number % 7]
        altered[letter] = altered.get(letter, 0) + (1 if fifths > 0 else -1)
    return Key(altered, fifths)


def metre_of(value: str) -> tuple[int, int]:
    """The metre of an M: field; free metre counts as 4/4.

    Raises:
        ValueError: it is none.
    """
    value = value.strip()
    if value.lower() in ("none", "", "c"):
        return 4, 4
    if value.lower() == "c|":
        return 2, 2
    found = re.search(r"\(?\s*(\d+(?:\s*\+\s*\d+)*)\s*\)?\s*/\s*(\d+)", value)
    if not found or len(found[2]) > MAX_DIGITS or not int(found[2]):
        raise ValueError(f"M: is '{value[:40]}'; it must be a metre such as 6/8, (2+3)/8, C or none")
    return sum(int(number[:MAX_DIGITS]) for number in re.findall(r"\d+", found[1])), int(found[2])


def unit_of(value: str) -> Fraction:
    """The unit note length of an L: field.

    Raises:
        ValueError: it is none.
    """
    found = re.match(r"\s*([1-9]\d{0,2})\s*(?:/\s*([1-9]\d{0,3}))?\s*$", value)
    if not found:
        raise ValueError(f"L: is '{value.strip()[:40]}'; it must be a note length such as 1/8")
    return Fraction(4 * int(found[1]), int(found[2] or 1))


def usual_unit(metre: tuple[int, int]) -> Fraction:
    """The unit note length where none is written: a sixteenth below 3/4, else an eighth."""
    return Fraction(1, 4) if metre[0] * 4 < metre[1] * 3 else Fraction(1, 2)


def tempo_of(value: str, unit: Fraction) -> float | None:
    """Quarter notes a minute of a Q: field; None where it gives no number. `Q:100` counts unit notes."""
    value = re.sub(r'"[^"]*"?', " ", value)
    found = re.match(r"\s*(?:([\d/\s]+|C\d*)=)?\s*(\d{1,5}(?:\.\d{1,6})?)\s*$", value)
    if not found:
        return None
    beat = unit
    if found[1] and found[1].startswith("C"):
        beat = unit * int(found[1][1:5] or 1)
    elif found[1]:
        parts = [re.fullmatch(r"(\d{1,4})(?:/([1-9]\d{0,3}))?", part) for part in found[1].split()]
        read = [part for part in parts if part]
        if not read or len(read) < len(parts):
            return None
        beat = sum((Fraction(4 * int(part[1]), int(part[2] or 1)) for part in read), Fraction())
    return round(float(Fraction(found[2]) * beat), 6)


def length_of(text: str) -> Fraction:
    """A note's length in units, such as '3/2', '/', '//' or ''.

    Raises:
        ValueError: it is too large a number, or divides by zero.
    """
    found = re.fullmatch(r"(\d*)(/*)(\d*)", text)
    if not found or max(map(len, found.groups())) > MAX_DIGITS or (found[3] and not int(found[3])):
        raise ValueError(f"'{text[:40]}' is no length of a note")
    number, strokes, divisor = found.groups()
    return Fraction(int(number or 1), int(divisor) * 2 ** (len(strokes) - 1) if divisor else 2 ** len(strokes))


def is_clef(word: str) -> bool:
    return (
        bool(word) and re.fullmatch(r"(?:treble|bass|alto|tenor|perc|none|mid)?\d?(?:[+-]8)?(?:va)?", word) is not None
    )


def shifts_of(value: str) -> dict[str, int]:
    """How the properties of a K: or V: field move what sounds, in semitones, by what they are called.

    A clef moves nothing but by its 8; where notes stand on it (`middle=`) doesn't matter either.
    """
    shifts, properties = {}, dict(_PROPERTY.findall(value))
    bare = next((word for word in _PROPERTY.sub("", value).split() if is_clef(word)), "")
    clef = properties.get("clef", bare).strip('"')
    if clef:
        shifts["clef"] = 12 if clef.endswith("+8") else -12 if clef.endswith("-8") else 0
    for name, called, size in (("octave", "octave", 12), ("transpose", "transpose", 1), ("t", "transpose", 1)):
        if re.fullmatch(r"[+-]?\d{1,2}", properties.get(name, "")):
            shifts[called] = size * int(properties[name])
    return shifts


def is_percussion(value: str) -> bool:
    """Whether a K: or V: field has the clef of unpitched instruments."""
    return re.search(r"(?<!\S)(?:clef\s*=\s*\"?)?perc\b", value) is not None

"""The header and body of an ABC tune to its voices.

Follows the ABC standard 2.1 (https://abcnotation.com/wiki/abc:standard:v2.1), and where tunes don't, what other
readers make of them. Repeats, endings and parts are read as written, not played. What can't be understood is an
error; `count_letters` counts the notes in another, simpler way.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from reprise.music.readers.abc.fields import Settings, length_of, metre_of, usual_unit
from reprise.music.readers.abc.voice import Head, Voice

_LENGTH = r"\d*/*\d*"
_NOTE = rf"(?P<accidental>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<marks>[',]*)(?P<length>{_LENGTH})"
_PLAIN_NOTE = re.sub(r"\?P<\w+>", "?:", _NOTE)
_TEXT = r'"[^"]*"|![^!|]*!'  # chord symbols, annotations and decorations
_OLD_CHORD = rf"\+(?!f+\+)(?:{_PLAIN_NOTE}){{2,}}\+"
_OLD_DECORATION = rf"(?!{_OLD_CHORD})\+[^+|]*\+"
_SIGNS = r"[H-WYh-w~.()\s`\\$*;?@#!]"  # move no note
_TOKEN = re.compile(
    rf"""
    {_TEXT} | {_OLD_DECORATION}
    | \[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
    | \[(?=["\d])[\d,.\-]*                                   # the number of an ending
    | (?P<bar>\[?[|:][|:\]]*)
    | (?P<ending>\d[\d,.\-]*)                               # such a number right after a bar line
    | {{(?P<grace>[^}}]*)}}
    | \((?P<p>\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?            # a tuplet
    | {_NOTE}
    | \[(?P<chord>[^\[\]|]+)\](?P<chord_length>{_LENGTH})
    | (?P<old_chord>{_OLD_CHORD})
    | [zx](?P<rest>{_LENGTH})
    | [ZX](?P<bars>\d{{0,6}})
    | (?P<broken>>+|<+)
    | (?P<tie>-)
    | (?<!\()(?P<overlay>&+)(?!\))
    | y{_LENGTH}                                             # mere space
    | {_SIGNS}
    """,
    re.VERBOSE,
)
_IN_CHORD = re.compile(rf"{_NOTE}(?P<tie>-?)|{_TEXT}|[zx]{_LENGTH}|{_SIGNS}|[<>]")
_FIELD = re.compile(r"\s*(?P<letter>[A-Z+msw]):(?![|:\]])(?P<value>.*)")  # no r: other readers take it for music

AFTER = "after"
Line = tuple[str, str]  # a field's letter and value, or "" and a line of music, or AFTER and music after the end


class Tune:
    """The voices of a tune, filled by its lines."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.voices: dict[str, Voice] = {}
        self._voice: Voice | None = None  # None until one is named or begins to sound: then fields are for all
        self._is_after_bar = False

    def read_header(self, fields: Sequence[Line]) -> None:
        """The fields of a file's and a tune's header, up to the first K:.

        Raises:
            ValueError: one of them can't be read.
        """
        metre = metre_of(next((value for letter, value in reversed(fields) if letter == "M"), "none"))
        self.settings = replace(self.settings, metre=metre, unit=usual_unit(metre))
        for now in ("LK", "IQV"):
            for letter, value in fields:
                if letter in now:
                    self.read_field(letter, value)
        self._voice = None

    def read_field(self, letter: str, value: str) -> None:
        """A field for the voice that sounds, or for all as long as none does.

        Raises:
            ValueError: it can't be read.
        """
        if letter == "V":
            self._choose(value)
        elif self._voice:
            self._voice.read_field(letter, value)
        else:
            self.settings = self.settings.after(letter, value)
            for voice in self.voices.values():
                voice.read_field(letter, value)

    def read_music(self, line: str) -> None:
        """A line of the body, up to its end.

        Raises:
            ValueError: something in it can't be understood.
        """
        place = 0
        while place < len(line):
            found = _TOKEN.match(line, place)
            if not found or (found["ending"] and not self._is_after_bar):
                raise ValueError(f"'{line[place : place + 20].strip()}' can't be understood")
            if found["field"]:
                self.read_field(found["field"], found["value"])
            elif found.lastgroup:
                self._take(self._sounding(), found)
                self._is_after_bar = bool(found["bar"])
            place = found.end()

    def _take(self, voice: Voice, found: re.Match) -> None:
        if found["letter"]:
            voice.sound([_head(found)], length_of(""))
        elif found["bar"]:
            voice.bar_line()
        elif found["rest"] is not None:
            voice.sound([], length_of(found["rest"]))
        elif found["chord"]:
            voice.sound(_heads(found["chord"]), length_of(found["chord_length"]))
        elif found["old_chord"]:
            voice.sound(_heads(found["old_chord"].strip("+")), length_of(""))
        elif found["broken"]:
            voice.break_rhythm(found["broken"])
        elif found["tie"]:
            voice.tie()
        elif found["p"]:
            time, count = (int(found[name]) if found[name] else None for name in "qr")
            voice.begin_tuplet(int(found["p"]), time, count)
        elif found["grace"] is not None:
            voice.graces += count_letters(found["grace"])
        elif found["overlay"]:
            voice.overlay(len(found["overlay"]))
        elif found["bars"] is not None:
            voice.rest_bars(int(found["bars"] or 1))

    def _sounding(self) -> Voice:
        return self._voice or self._choose(next(iter(self.voices), "1"))

    def _choose(self, value: str) -> Voice:
        """What follows is of the voice that a V: field names; the field's properties hold from here."""
        name = (value.split() or ["1"])[0]
        voice = self._voice = self.voices.setdefault(name, Voice(self.settings))
        voice.read_field("V", value.strip()[len(name) :])
        return voice


def lines_of(text: str) -> list[Line]:
    """The fields and lines of music of a tune, the first K: and all before it being its header.

    Directives (`%%`) come as I: fields. An empty line ends the body.
    """
    lines, in_body, is_over, block = [], False, False, None
    for line in text.split("\n"):
        if block or line.startswith("%%begin"):
            block = block or line.split()[0][len("%%begin") :]
            block = None if line.startswith(f"%%end{block}") else block
            continue
        is_over = is_over or (in_body and not line.strip())
        if line.startswith("%%"):
            line = "I:" + line[2:]
        line = re.sub(r"(?<!\\)%.*", "", line)
        found = _FIELD.match(line)
        if is_over:
            if not found and _is_music(line):
                lines.append((AFTER, line))
        elif found:
            lines.append((found["letter"], found["value"]))
            in_body = in_body or found["letter"] == "K"
        elif in_body and line.strip():
            lines.append(("", line))
    return lines


def _is_music(line: str) -> bool:
    """Whether a line holds a bar line and a note, and nothing but what music is written with."""
    if "|" not in line or not count_letters(line):
        return False
    place = 0
    while place < len(line) and (found := _TOKEN.match(line, place)):
        place = found.end()
    return place == len(line)


def count_letters(line: str) -> int:
    """The letters of a line of music that stand for notes: A to G, but in texts, decorations and fields."""
    music = re.sub(rf"({_OLD_CHORD})|{_TEXT}|{_OLD_DECORATION}|\[[A-Za-z]:[^\]]*\]", r"\1", line)
    return len(re.findall("[A-Ga-g]", music))


def _head(found: re.Match, is_tied: bool = False) -> Head:
    return Head(found["accidental"] or "", found["letter"], found["marks"], length_of(found["length"]), is_tied)


def _heads(chord: str) -> list[Head]:
    heads, place = [], 0
    while place < len(chord):
        found = _IN_CHORD.match(chord, place)
        if not found:
            raise ValueError(f"the chord '[{chord[:20]}]' can't be understood")
        if found["letter"]:
            heads.append(_head(found, bool(found["tie"])))
        place = found.end()
    if not heads:
        raise ValueError(f"the chord '[{chord[:20]}]' has no notes")
    return heads

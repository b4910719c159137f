"""The sampling options: what each is, its range, its default and its help, for whoever offers one.

`OPTIONS` is the one place that says so. The command line, the service, section `sampling` of params.yaml and the docs
take their ranges, defaults and words from it.
"""

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from reprise.checked import Rule, build, checked, require
from reprise.errors import BadInput
from reprise.params import plain_number


@dataclass(frozen=True)
class Option(Rule):
    """A sampling option.

    Attributes:
        kind: int, float or str of its value; of each of them where it is given by field.
        default: what it is where nobody says.
        low, high: its range, both ends included; None for a text, or for no upper end.
        help: what it does, with its unit, in one clause.
        above_low: `low` itself is no value. by_field: it holds values by the name of a field, as (name, value) pairs.
        example: a text that is one of its values. longest: characters of a text, at most, where strangers ask.
    """

    kind: type
    default: Any
    low: float | None
    high: float | None
    help: str
    above_low: bool = False
    by_field: bool = False
    example: str = ""
    longest: int = 80

    @property
    def right(self) -> str:
        """What must be given, in words."""
        return f"a field and {self.range}, such as {self.example}" if self.by_field else self.range

    @property
    def range(self) -> str:
        """What a value must be, in words."""
        if self.kind is str:
            return f"a text such as {self.example}"
        what = "a whole number" if self.kind is int else "a number"
        if self.high is None:
            return f"{what}, {self.low:,} or more"
        ends = "above {:,}, at most {:,}" if self.above_low else "from {:,} to {:,}"
        return f"{what} {ends.format(self.low, self.high)}"

    def check(self, name: str, value: Any) -> None:
        """Refuse a value out of range, not a number (nan) among them.

        Raises:
            ParamsError: it is; the message names it.
        """
        for named, one in value if self.by_field else ((name, value),):
            require(self._inside(one), named, one, self.range)

    def _inside(self, value: Any) -> bool:
        if self.low is None:
            return True
        above = self.low < value if self.above_low else self.low <= value
        return above and (self.high is None or value <= self.high)

    def holds(self, value: Any) -> bool:
        """See `Rule.holds`."""
        return all(self._inside(one) for _, one in value) if self.by_field else self._inside(value)

    def schema(self, found: dict) -> dict:
        """See `Rule.schema`."""
        ends = {"exclusiveMinimum" if self.above_low else "minimum": self.low, "maximum": self.high}
        return found | {key: end for key, end in ends.items() if end is not None and not self.by_field}

    def parse(self, text: str) -> object:
        """What a text stands for: a number in plain digits, the text itself, or (name, number) of an option by field.

        Raises:
            ValueError: there is none; the message says what would be right.
        """
        name, separator, written = text.partition("=") if self.by_field else ("", "", text)
        try:
            if (self.by_field and not separator) or not written.strip():
                raise ValueError
            value = written if self.kind is str else plain_number(written, self.kind)
            self.check(name, [(name, value)] if self.by_field else value)
        except (ValueError, BadInput):
            raise ValueError(f"is '{text}'; it must be {self.right}") from None
        return (name.strip(), value) if self.by_field else value


SAMPLING = "sampling.json"  # beside a model: the rules that its music was measured with
HOTTEST = 100
OPTIONS = {
    "temperature": Option(
        float, 1.0, 0, HOTTEST, "how bold the music is: 0 takes the likeliest value, 1 draws as the model learnt it"
    ),
    "field_temperature": Option(
        float,
        (),
        0,
        HOTTEST,
        "the temperature of one field (step, part, pitch, duration, velocity), whatever `temperature` and "
        "`pitch_factor` are",
        by_field=True,
        example="step=0.8",
    ),
    "pitch_factor": Option(
        float, 0.6, 0, 10, "the temperature of pitches, relative to that of the other fields", above_low=True
    ),
    "top_k": Option(int, 0, 0, None, "only so many likeliest values of each field; 0 for all"),
    "top_p": Option(
        float, 0.99, 0, 1, "only the likeliest values that have so much probability together; 1 for all", above_low=True
    ),
    "min_p": Option(float, 0.0, 0, 1, "only values so probable, relative to the likeliest; 0 for all"),
    "key": Option(str, "", None, None, "the key of the music", example="C major, F# minor, Bb or Dm"),
    "chords": Option(
        str,
        "",
        None,
        None,
        "the chords that the music keeps to, a bar each unless beats are given (C:2 F:2), again and again to the end; "
        "numerals count in the key",
        example="C F G7 C or I IV V7 I",
        longest=400,
    ),
    "lowest": Option(int, 0, 0, 127, "the lowest pitch, a MIDI number"),
    "highest": Option(int, 127, 0, 127, "the highest pitch, a MIDI number"),
    "repeat_limit": Option(int, 8, 1, None, "a part strikes a pitch at most so often in a row"),
    "copy_limit": Option(int, 32, 2, None, "no run of so many notes that a training piece has is made longer"),
    "returns": Option(
        float,
        5.0,
        0,
        20,
        "how much likelier notes get with which the melody, the first part, carries on what was heard before at the "
        "same place of a bar: e to this times",
    ),
    "avoid_parallels": Option(
        int, 0, 0, 1, "1 keeps parts from moving in parallel fifths and octaves wherever another pitch is left"
    ),
    "ending_tries": Option(
        int,
        6,
        0,
        64,
        "where bars are given, so many more ways to write the last two, of which one that closes is taken",
    ),
}


Pitch = Annotated[int, OPTIONS["lowest"]]
Temperature = Annotated[float, OPTIONS["temperature"]]


@checked
class SharedRules:
    """The rules that all music of section `sampling` of params.yaml shares, whatever its temperature; see `OPTIONS`."""

    _: KW_ONLY
    pitch_factor: Annotated[float, OPTIONS["pitch_factor"]] = OPTIONS["pitch_factor"].default
    top_k: Annotated[int, OPTIONS["top_k"]] = OPTIONS["top_k"].default
    top_p: Annotated[float, OPTIONS["top_p"]] = OPTIONS["top_p"].default
    min_p: Annotated[float, OPTIONS["min_p"]] = OPTIONS["min_p"].default
    repeat_limit: Annotated[int, OPTIONS["repeat_limit"]] = OPTIONS["repeat_limit"].default
    copy_limit: Annotated[int, OPTIONS["copy_limit"]] = OPTIONS["copy_limit"].default
    returns: Annotated[float, OPTIONS["returns"]] = OPTIONS["returns"].default
    avoid_parallels: Annotated[int, OPTIONS["avoid_parallels"]] = OPTIONS["avoid_parallels"].default
    ending_tries: Annotated[int, OPTIONS["ending_tries"]] = OPTIONS["ending_tries"].default


@checked
class SamplingRules(SharedRules):
    """How the values of one sequence are drawn: see `OPTIONS`; each bad one is refused by name."""

    _: KW_ONLY
    temperature: Temperature = OPTIONS["temperature"].default
    field_temperature: Annotated[tuple[tuple[str, float], ...], OPTIONS["field_temperature"]] = ()
    key: str = OPTIONS["key"].default
    chords: str = OPTIONS["chords"].default
    lowest: Pitch = OPTIONS["lowest"].default
    highest: Pitch = OPTIONS["highest"].default

    def __post_init__(self) -> None:
        require(self.lowest <= self.highest, "lowest", self.lowest, f"from 0 to highest ({self.highest})")
        if self.key:
            from reprise.music.analysis.keyfinding import (
                parse_key,  # here, since it brings numpy, which --help does without
            )

            parse_key(self.key)
        if self.chords:
            from reprise.composition.sampling.chords.progression import parse_chords  # here, since it brings music21

            parse_chords(self.chords)

    def temperatures(self, names: tuple[str, ...]) -> dict[str, float]:
        """The temperature of each field of an encoding.

        Raises:
            BadInput: a field that the encoding lacks was given one.
        """
        for name, _ in self.field_temperature:
            if name not in names:
                raise BadInput(f"field_temperature: '{name}' is no field of the model; it must be {', '.join(names)}")
        relative = {"pitch": self.pitch_factor}
        return {name: self.temperature * relative.get(name, 1.0) for name in names} | dict(self.field_temperature)

    def told(self, given: Mapping[str, Any]) -> "SamplingRules":
        """These rules with the options that somebody gave, by name; None is none. A field's temperature adds to others.

        Raises:
            ParamsError: what was given doesn't go together.
        """
        changes = {name: given[name] for name in OPTIONS if given.get(name) is not None}
        if "field_temperature" in changes:
            changes["field_temperature"] = (*self.field_temperature, *changes["field_temperature"])
        return replace(self, **changes)


USUAL = SamplingRules()  # of a model that nobody has measured music of


def save_rules(rules: SamplingRules, path: Path) -> None:
    """Write the rules that a model's music was measured with."""
    path.write_text(json.dumps(asdict(rules), indent=2) + "\n")


def load_rules(folder: Path) -> tuple[SamplingRules, bool]:
    """The rules that a model's music was measured with, and True; the usual ones, and False, where none are kept.

    Raises:
        BadInput: they are damaged.
    """
    path = folder / SAMPLING
    if not path.is_file():
        return USUAL, False
    try:
        return build(SamplingRules, json.loads(path.read_text()), str(path)), True
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: not the rules of a model ({error}); make them again with ./run") from error

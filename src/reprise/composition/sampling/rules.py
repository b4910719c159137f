"""The sampling options: what each is, its range, its default and its help, for whoever offers one.

`OPTIONS` is the one place that says so. The command line, the service, section `sampling` of params.yaml and the docs
take their ranges, defaults and words from it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from reprise.errors import BadInput
from reprise.params import build, plain_number, require


@dataclass(frozen=True)
class Option:
    """A sampling option.

    Attributes:
        kind: int, float or str of its value; of each of them where it is given by field.
        default: what it is where nobody says.
        low, high: its range, both ends included; None for a text, or for no upper end.
        help: what it does, with its unit, in one clause.
        above_low: `low` itself is no value. by_field: it holds values by the name of a field, as (name, value) pairs.
        example: a text that is one of its values.
    """

    kind: type
    default: Any
    low: float | None
    high: float | None
    help: str
    above_low: bool = False
    by_field: bool = False
    example: str = ""

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

    def check(self, name: str, value: object) -> None:
        """Refuse a value out of range, not a number (nan) among them.

        Raises:
            ParamsError: it is; the message names it.
        """
        for named, one in value if self.by_field else ((name, value),):
            inside = self.kind is str or (self.low < one if self.above_low else self.low <= one)
            require(inside and (self.high is None or one <= self.high), named, one, self.range)

    def parse(self, text: str) -> object:
        """What a text stands for: a number in plain digits, the text itself, or (name, number) of an option by field.

        Raises:
            ValueError: there is none; the message says what would be right.
        """
        name, separator, written = text.partition("=") if self.by_field else ("", "", text)
        try:
            if self.by_field and not separator:
                raise ValueError
            value = written if self.kind is str else plain_number(written, self.kind)
            self.check(name, [(name, value)] if self.by_field else value)
        except (ValueError, BadInput):
            raise ValueError(f"is '{text}'; it must be {self.right}") from None
        return (name.strip(), value) if self.by_field else value


SAMPLING = "sampling.json"  # beside a composer: the rules that its music was measured with
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
    "lowest": Option(int, 0, 0, 127, "the lowest pitch, a MIDI number"),
    "highest": Option(int, 127, 0, 127, "the highest pitch, a MIDI number"),
    "repeat_limit": Option(int, 8, 1, None, "a part strikes a pitch at most so often in a row"),
    "copy_limit": Option(int, 32, 2, None, "no run of so many notes that a training piece has is made longer"),
}


@dataclass(frozen=True, kw_only=True)
class SharedRules:
    """The rules that all music of section `sampling` of params.yaml shares, whatever its temperature; see `OPTIONS`."""

    pitch_factor: float = OPTIONS["pitch_factor"].default
    top_k: int = OPTIONS["top_k"].default
    top_p: float = OPTIONS["top_p"].default
    min_p: float = OPTIONS["min_p"].default
    repeat_limit: int = OPTIONS["repeat_limit"].default
    copy_limit: int = OPTIONS["copy_limit"].default

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in OPTIONS:
                OPTIONS[field.name].check(field.name, getattr(self, field.name))


@dataclass(frozen=True, kw_only=True)
class SamplingRules(SharedRules):
    """How the values of one sequence are drawn: see `OPTIONS`; each bad one is refused by name."""

    temperature: float = OPTIONS["temperature"].default
    field_temperature: tuple[tuple[str, float], ...] = OPTIONS["field_temperature"].default
    key: str = OPTIONS["key"].default
    lowest: int = OPTIONS["lowest"].default
    highest: int = OPTIONS["highest"].default

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.lowest <= self.highest, "lowest", self.lowest, f"from 0 to highest ({self.highest})")
        if self.key:
            from reprise.music.keyfinding import parse_key  # here, since it brings numpy, which --help does without

            parse_key(self.key)

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


USUAL = SamplingRules()  # of a composer that nobody has measured music of


def save_rules(rules: SamplingRules, path: Path) -> None:
    """Write the rules that a composer's music was measured with."""
    path.write_text(json.dumps(asdict(rules), indent=2) + "\n")


def load_rules(folder: Path) -> tuple[SamplingRules, bool]:
    """The rules that a composer's music was measured with, and True; the usual ones, and False, where none are kept.

    Raises:
        BadInput: they are damaged.
    """
    path = folder / SAMPLING
    if not path.is_file():
        return USUAL, False
    try:
        return build(SamplingRules, json.loads(path.read_text()), str(path)), True
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: not the rules of a composer ({error}); make them again with ./run") from error

"""params.yaml, read with the YAML 1.2 parser that DVC itself uses, and checked.

A section of the file becomes a frozen dataclass that lives with the code it steers; this module only turns
one into the other. Unknown keys, missing keys and wrong types are refused by their dotted name. A dataclass
checks its own ranges in `__post_init__` with `require`.
"""

import dataclasses
import re
import typing
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reprise.errors import ParamsError

T = TypeVar("T")
N = TypeVar("N", int, float)

PARAMS_FILE = Path("params.yaml")
LARGEST_SEED = 2**32 - 1
PLAIN_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]*(e[-+]?[0-9]+)?", re.IGNORECASE)


def read_yaml(path: Path) -> dict:
    """The mapping that a YAML file holds.

    Raises:
        ParamsError: the file is missing, isn't YAML, repeats a key or isn't a mapping.
    """
    try:
        content = YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(f"{path}: cannot be read ({error.strerror}); it must be a YAML file") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise ParamsError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: holds {type(content).__name__}; it must be a mapping of sections")
    return content


def load_section(cls: type[T], name: str, path: Path = PARAMS_FILE) -> T:
    """Section `name` of params.yaml as the dataclass `cls`; a dot leads into a section of a section.

    Raises:
        ParamsError: the file, the section or one of its keys is wrong.
    """
    content = read_yaml(path)
    for part in name.split("."):
        if not isinstance(content, dict) or part not in content:
            raise ParamsError(f"{path}: section '{name}' is missing")
        content = content[part]
    return build(cls, content, name)


def build(cls: type[T], mapping: object, name: str) -> T:
    """A dataclass from a mapping; `name` is the section's dotted name in messages."""
    if not isinstance(mapping, dict):
        raise ParamsError(f"{name}: is {mapping!r}; it must be a mapping")
    hints = typing.get_type_hints(cls)
    unknown = sorted(str(key) for key in mapping if key not in hints)
    if unknown:
        raise ParamsError(f"{name}.{unknown[0]}: unknown key; the known ones are {', '.join(hints)}")
    missing = [key for key in hints if key not in mapping]
    if missing:
        raise ParamsError(f"{name}.{missing[0]}: missing; it must be {describe(hints[missing[0]])}")
    values = {key: convert(hint, mapping[key], f"{name}.{key}") for key, hint in hints.items()}
    try:
        return cls(**values)
    except ParamsError as error:
        raise ParamsError(f"{name}.{error}") from None


def convert(hint: object, value: object, name: str) -> object:
    """`value` as the type `hint`; whole numbers pass as floats, nothing else changes type."""
    if dataclasses.is_dataclass(hint):
        return build(hint, value, name)
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        if isinstance(value, list):
            inner = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
            if len(inner) == len(value):
                return tuple(convert(kind, item, name) for kind, item in zip(inner, value))
    elif hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise ParamsError(f"{name}: is {value!r}; it must be {describe(hint)}")


def describe(hint: object) -> str:
    """A type in words, for error messages."""
    if typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        if inner[-1] is Ellipsis:
            return f"a list, each item {describe(inner[0])}"
        return f"a list of {len(inner)}, each {describe(inner[0])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return words.get(hint, "a mapping")


def require(condition: bool, key: str, value: object, right: str) -> None:
    """Refuse a parameter out of range: call it from `__post_init__`."""
    if not condition:
        raise ParamsError(f"{key}: is {value!r}; it must be {right}")


def require_seed(value: int, key: str = "seed") -> None:
    """Refuse a seed that isn't from 0 to `LARGEST_SEED`: the rule for every seed, of params, commands and requests.

    `SeedSequence` cuts a larger number into words of 32 bits: (2**32 + 7, 0) gives what (7, 1) does.
    """
    require(0 <= value <= LARGEST_SEED, key, value, f"a whole number from 0 to {LARGEST_SEED}")


def plain_number(text: str, kind: type[N]) -> N:
    """The number, int or float, that digits stand for; Python itself also takes '5_0', '５０' and ' 5' for one.

    Raises:
        ValueError: there is none.
    """
    if not PLAIN_NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' isn't a number in plain digits")
    return kind(text)


def require_range(key: str, value: tuple[float, float], low: float, high: float) -> None:
    """Refuse a [from, to] pair that is not ordered within low..high."""
    require(low <= value[0] <= value[1] <= high, key, list(value), f"[from, to] with {low} <= from <= to <= {high}")

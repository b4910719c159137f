"""Frozen dataclasses whose types and ranges are checked, by pydantic, and what is said of a value that is wrong.

A field's type says what it may be, with pydantic's `Field(ge=..., lt=...)` or a `Rule` in `Annotated`; what several
fields must be together is checked in `__post_init__` with `require`. Whatever is wrong is refused with a `ParamsError`
that names the key, its value and what would be right: `fit.epochs: is 0; it must be a whole number of 1 or more`.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError, core_schema

from reprise.errors import ParamsError

T = TypeVar("T")

LARGEST_SEED = 2**32 - 1
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]  # for larger ones see `require_seed`
Share = Annotated[float, Field(ge=0, le=1)]
HeldOutShare = Annotated[float, Field(gt=0, lt=0.5)]
AtLeastOne = Annotated[int, Field(ge=1)]
Resamples = Annotated[int, Field(ge=10, le=100_000)]


class Rule(ABC):
    """A check of one value, in `Annotated[type, rule]`."""

    @property
    @abstractmethod
    def right(self) -> str:
        """What a value must be, in words."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Is it that?"""

    def schema(self, found: dict) -> dict:
        """The JSON schema `found` of the type alone, with what the rule adds."""
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable) -> core_schema.CoreSchema:
        def check(value: Any) -> Any:
            if not self.holds(value):
                raise PydanticCustomError("rule", "{right}", {"right": self.right})
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: Callable) -> dict:
        return self.schema(handler(core))


@plain_dataclass(frozen=True)
class Within(Rule):
    """A [from, to] pair in order, within low..high."""

    low: float
    high: float

    @property
    def right(self) -> str:
        return f"[from, to] with {self.low} <= from <= to <= {self.high}"

    def holds(self, value: Sequence[float]) -> bool:
        return self.low <= value[0] <= value[1] <= self.high

    def schema(self, found: dict) -> dict:
        return found | {"prefixItems": [i | {"minimum": self.low, "maximum": self.high} for i in found["prefixItems"]]}


@plain_dataclass(frozen=True)
class OneOf(Rule):
    """One of some texts."""

    known: Sequence[str]

    @property
    def right(self) -> str:
        return f"one of {', '.join(self.known)}"

    def holds(self, value: str) -> bool:
        return value in self.known

    def schema(self, found: dict) -> dict:
        return found | {"enum": list(self.known)}


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def checked(cls: type[T]) -> type[T]:
    """A frozen dataclass that refuses, with a `ParamsError`, what isn't of its types, in their ranges, by its rules."""
    plain: Any = cls  # its methods are wrapped, which types don't allow of a class
    rules = getattr(plain, "__post_init__", None)
    if rules and not hasattr(rules, "said"):

        def post_init(self: Any) -> None:
            try:
                rules(self)
            except ParamsError as error:
                raise PydanticCustomError("said", "{said}", {"said": str(error)}) from None

        post_init.said = True  # type: ignore[attr-defined]  # a mark, of which types know nothing
        plain.__post_init__ = post_init
    made: Any = dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))(plain)
    initialise = made.__init__

    def init(self: Any, *args: Any, **values: Any) -> None:
        try:
            initialise(self, *args, **values)
        except ValidationError as error:
            raise ParamsError(explain(error, made)) from None

    made.__init__ = init
    return made


def build(cls: type[T], mapping: object, name: str) -> T:
    """A checked dataclass from a mapping, as YAML and JSON hold one; `name` is its dotted name in messages.

    Raises:
        ParamsError: a key is unknown, missing, of the wrong type or out of range.
    """
    try:
        text = json.dumps(mapping, default=str)
    except (ValueError, RecursionError) as error:  # an alias of YAML can stand for what it is in
        raise ParamsError(f"{name}: holds itself; it must be a mapping that ends") from error
    try:
        return TypeAdapter(cls).validate_json(text)
    except ValidationError as error:
        raise ParamsError(explain(error, cls, name)) from None


def explain(error: ValidationError, cls: type, name: str = "") -> str:
    """What is wrong, an unknown key before all else: the dotted key, its value and what would be right."""
    found = error.errors(include_url=False)
    first = min(found, key=lambda one: one["type"] != "unexpected_keyword_argument")
    keys, schema = _place(first["loc"], TypeAdapter(cls).json_schema())
    key = ".".join(filter(None, (name, *keys))).replace(".[", "[")
    match first["type"]:
        case "said":
            return f"{key}.{first['ctx']['said']}" if key else first["ctx"]["said"]
        case "unexpected_keyword_argument":
            return f"{key}: unknown key; the known ones are {', '.join(schema['properties'])}"
        case "missing":
            return f"{key}: missing; it must be {in_words(schema)}"
        case "rule":
            return f"{key}: is {_shown(first['input'])}; it must be {first['ctx']['right']}"
        case "union_tag_invalid":
            tag = first["ctx"]["discriminator"].strip("'")
            right = first["ctx"]["expected_tags"].replace("'", "")
            return f"{key}.{tag}: is {first['ctx']['tag']!r}; it must be one of {right}"
        case "union_tag_not_found":
            tag = first["ctx"]["discriminator"].strip("'")
            return f"{key}.{tag}: missing; it must be one of {', '.join(schema['discriminator']['mapping'])}"
    return f"{key}: is {_shown(first['input'])}; it must be {in_words(schema)}"


def _shown(value: object) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)


def _place(location: Sequence[str | int], schema: dict) -> tuple[list[str], dict]:
    """A place in a value, as dotted keys, and the schema of what belongs there; of an unknown key that around it."""
    known, keys = schema.get("$defs", {}), []
    for step in location:
        if "anyOf" in schema:  # or null
            schema = known[schema["anyOf"][0]["$ref"].removeprefix("#/$defs/")]
        if isinstance(step, int) and "properties" in schema:  # a positional argument
            step = list(schema["properties"])[step]
        if "oneOf" in schema:  # which of several kinds it is
            schema = schema["discriminator"]["mapping"][step]
        elif isinstance(step, int):
            keys.append(f"[{step}]")
            schema = (
                schema["prefixItems"][step]
                if step < len(schema.get("prefixItems", ()))
                else schema.get("items", schema)
            )
        else:
            keys.append(step)
            schema = (
                schema["properties"].get(step, schema) if "properties" in schema else schema["additionalProperties"]
            )
        reference = schema if isinstance(schema, str) else schema.get("$ref")
        schema = known[reference.removeprefix("#/$defs/")] if reference else schema
    return keys, schema


def in_words(schema: dict) -> str:
    """What a JSON schema asks for, in words."""
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    match schema.get("type"):
        case "integer" | "number" as kind:
            what = "a whole number" if kind == "integer" else "a number"
            step = f"a multiple of {schema['multipleOf']}" if "multipleOf" in schema else ""
            return ", ".join(filter(None, (f"{what} {_ends(schema)}".rstrip(), step)))
        case "array" if "prefixItems" in schema:
            return f"a list of {len(schema['prefixItems'])}, each {in_words(schema['prefixItems'][0])}"
        case "array":
            least = schema.get("minItems", 0)
            return f"a list{f' of {least} or more' if least else ''}, each item {in_words(schema['items'])}"
        case "boolean":
            return "true or false"
        case "string":
            return f"text of the form {schema['pattern']}" if "pattern" in schema else "text"
    return "a mapping"


def _ends(schema: dict) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    start = f"from {low}" if low is not None else f"above {above}" if above is not None else ""
    if high is not None:
        return f"{start} to {high}" if low is not None else f"{start}, at most {high}"
    if below is not None:
        return f"{start} to below {below}" if low is not None else f"{start} and below {below}"
    return f"of {low} or more" if low is not None else start


def require(condition: bool, key: str, value: object, right: str) -> None:
    """Refuse a value that doesn't fit others: call it from `__post_init__`, or with what a person gave.

    Raises:
        ParamsError: the condition doesn't hold.
    """
    if not condition:
        raise ParamsError(f"{key}: is {value!r}; it must be {right}")


def require_seed(value: int, key: str = "seed") -> None:
    """Refuse a seed that isn't from 0 to `LARGEST_SEED`: the rule for every seed, of params, commands and requests.

    `SeedSequence` cuts a larger number into words of 32 bits: (2**32 + 7, 0) gives what (7, 1) does.
    """
    require(0 <= value <= LARGEST_SEED, key, value, f"a whole number from 0 to {LARGEST_SEED}")

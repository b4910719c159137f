"""Types of options for argparse: each refuses what it can't be in words that say what would be right."""

import argparse
from collections.abc import Callable

from reprise.composition.sampling.rules import Option
from reprise.params import plain_number


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """A type of whole numbers from `low` to `high`, or without an upper end."""
    right = f"a whole number from {low:,} to {high:,}" if high is not None else f"a whole number, {low:,} or more"

    def parse(text: str) -> int:
        try:
            value = plain_number(text, int)
        except ValueError:
            value = None
        if value is None or value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"is '{text}'; it must be {right}")
        return value

    return parse


def sampling_option(parser: argparse._ActionsContainer, name: str, option: Option) -> None:
    """Declare a sampling option; None where it isn't given."""

    def parse(text: str) -> object:
        try:
            return option.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    default = (
        "give it again for another field"
        if option.by_field
        else "default: any"
        if option.kind is str
        else f"default: {option.default}"
    )
    kinds = {int: "N", float: "X", str: "TEXT"}
    parser.add_argument(
        f"--{name.replace('_', '-')}",
        type=parse,
        metavar="FIELD=X" if option.by_field else kinds[option.kind],
        action="append" if option.by_field else "store",
        help=f"{option.help}; {option.right}; {default}",
    )

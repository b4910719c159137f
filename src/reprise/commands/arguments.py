"""Types of options for argparse: each refuses what it can't be in words that say what would be right."""

import argparse
from collections.abc import Callable


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """A type of whole numbers from `low` to `high`, or without an upper end."""
    right = f"a whole number from {low:,} to {high:,}" if high is not None else f"a whole number, {low:,} or more"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"is '{text}'; it must be {right}")
        return value

    return parse


def number(text: str) -> float:
    """The type of numbers; what uses them says how large they may be."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"is '{text}'; it must be a number") from None


def named_number(text: str) -> tuple[str, float]:
    """The type NAME=NUMBER."""
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"is '{text}'; it must be a name and a number, such as step=0.8") from None

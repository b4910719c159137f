"""Sampling options as people write them, for the command line and the service."""

from reprise.composition.rules import Option
from reprise.params import plain_number


def parse_option(option: Option, text: str) -> object:
    """`option.parse`, for numbers in plain digits alone.

    Raises:
        ValueError: there is no such value; the message says what would be right.
    """
    written = text.partition("=")[2] if option.by_field else text
    if option.kind is not str:
        try:
            plain_number(written, option.kind)
        except ValueError:
            raise ValueError(f"is '{text}'; it must be {option.right}") from None
    return option.parse(text)

"""Sampling options as people write them, for the command line and the service."""

import re

from reprise.composition.rules import Option
from reprise.params import plain_number


def parse_option(option: Option, text: str) -> object:
    """`option.parse`, for numbers in plain digits alone; a hyphen before a mode, as in d-moll, is no flat.

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
    return option.parse(re.sub(r"-(?=(major|minor|maj|min|dur|moll)\s*$)", " ", text, flags=re.IGNORECASE))

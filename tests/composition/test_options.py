"""Sampling options as people write them."""

import pytest

from reprise.composition.options import parse_option
from reprise.composition.rules import OPTIONS
from reprise.music.keyfinding import parse_key


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("d-moll", "D minor"),
        ("C-Dur", "C major"),
        ("G-major", "G major"),
        ("b-flat major", "Bb major"),
        ("B-", "Bb major"),
    ],
)
def test_a_hyphen_before_a_mode_is_no_flat(written, name):
    assert parse_key(parse_option(OPTIONS["key"], written)).name == name


@pytest.mark.parametrize("text", ["1_0", "５", " 5", "+5"])
def test_numbers_are_plain_digits(text):
    with pytest.raises(ValueError, match="it must be a whole number"):
        parse_option(OPTIONS["top_k"], text)

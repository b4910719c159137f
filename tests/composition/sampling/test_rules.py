"""The sampling options: what is one place's own is the same wherever it is written down."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from reprise.composition.sampling.rules import OPTIONS, USUAL, SamplingRules, SharedRules
from reprise.errors import BadInput, ParamsError

ROOT = Path(__file__).resolve().parents[3]


def test_every_rule_is_an_option_with_its_default():
    assert {field.name for field in fields(SamplingRules)} == set(OPTIONS)
    assert all(getattr(USUAL, name) == option.default for name, option in OPTIONS.items())


USUALLY = {(): "none", "": "any"}  # what nobody asks for, in words


@pytest.mark.parametrize("name", [field.name for field in fields(SharedRules)])
def test_params_yaml_says_of_a_rule_what_the_option_says(name):
    section = (ROOT / "params.yaml").read_text().partition("\nsampling:\n")[2].partition("\n\n")[0]
    value, said = re.search(rf"^  {name}: (\S+)  # (.*)$", section, re.MULTILINE).groups()
    assert said == OPTIONS[name].help
    assert OPTIONS[name].parse(value) == OPTIONS[name].default, "music is measured as it is drawn where nobody says"


def test_the_guide_has_the_options_as_they_are():
    """A row of the table in docs/composition.md for each, and none besides."""
    expected = [
        f"| `{name}` | {option.right} | {USUALLY.get(option.default, option.default)} | {option.help} |"
        for name, option in OPTIONS.items()
    ]
    section = (ROOT / "docs/composition.md").read_text().partition("\n## Sampling\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert rows[2:] == expected


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("temperature", "0", 0.0),
        ("temperature", "1e2", 100.0),
        ("top_p", "1", 1.0),
        ("top_k", "7", 7),
        ("lowest", "0", 0),
        ("key", "d minor", "d minor"),
        ("field_temperature", "step=0.8", ("step", 0.8)),
    ],
)
def test_a_text_is_read_as_a_value(name, text, value):
    assert OPTIONS[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("temperature", "100.1", "a number from 0 to 100"),
        ("temperature", "nan", "a number from 0 to 100"),
        ("pitch_factor", "0", "a number above 0, at most 10"),
        ("top_k", "1.5", "a whole number, 0 or more"),
        *(("top_k", text, "a whole number, 0 or more") for text in ("1_0", "５", " 5")),
        ("copy_limit", "1", "a whole number, 2 or more"),
        ("highest", "128", "a whole number from 0 to 127"),
        ("field_temperature", "0.8", "a field and a number from 0 to 100, such as step=0.8"),
        ("field_temperature", "step=inf", "a field and a number from 0 to 100, such as step=0.8"),
    ],
)
def test_what_an_option_cannot_be_is_refused_with_what_it_can(name, text, right):
    with pytest.raises(ValueError, match=f"^is '{text}'; it must be {right}$"):
        OPTIONS[name].parse(text)


def test_what_somebody_gives_comes_in_the_place_of_what_was_measured():
    """Another temperature scales all fields, pitches by their factor; None says nothing."""
    measured = SamplingRules(pitch_factor=0.5, top_p=0.9, repeat_limit=3)
    told = measured.told({"temperature": 0.8, "top_p": None, "model": "lstm", "field_temperature": [("step", 2.0)]})
    assert told.temperatures(("step", "pitch", "duration")) == {"step": 2.0, "pitch": 0.4, "duration": 0.8}
    assert (told.top_p, told.repeat_limit) == (0.9, 3)
    with pytest.raises(ParamsError, match=r"lowest: is 70; it must be from 0 to highest \(60\)"):
        measured.told({"lowest": 70, "highest": 60})
    with pytest.raises(
        BadInput, match="field_temperature: 'loudness' is no field of the model; it must be step, pitch"
    ):
        measured.told({"field_temperature": [("loudness", 1.0)]}).temperatures(("step", "pitch"))

"""The README says what the committed metrics say."""

import json
import re
from pathlib import Path

from reprise.audio.fonts import FONTS
from reprise.music.instruments import INSTRUMENT_NAMES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = json.loads((ROOT / "metrics" / "recognizer.json").read_text())
COLUMNS = ("test_clean", "test", "unseen_font")


def row(start: str) -> list[str]:
    """The cells after the first of the one table row that starts with `start`; bold or not."""
    (line,) = [line for line in README.replace("*", "").splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


def shown(estimate: dict) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f}-{estimate['high']:.3f})"


def test_the_headline_figures_are_those_of_the_metrics():
    assert row("macro-F1 (95 %") == [shown(METRICS[name]["macro_f1"]) for name in COLUMNS]
    assert row("micro-F1") == [shown(METRICS[name]["micro_f1"]) for name in COLUMNS]


def test_every_instrument_has_its_f1():
    for instrument in INSTRUMENT_NAMES:
        assert row(instrument) == [f"{METRICS[name]['per_instrument'][instrument]['f1']:.3f}" for name in COLUMNS]


def test_floor_ceiling_and_same_register_are_there():
    for name in ("floor", "same_register", "ceiling"):
        assert shown(METRICS[name]["macro_f1"]) in README


def test_every_font_is_credited_with_its_licence():
    for font in FONTS.values():
        author = font.citation.split(",")[0].removeprefix("The ")
        (line,) = [line for line in README.splitlines() if line.startswith("|") and author in line]
        assert font.licence in line


def test_every_local_link_and_picture_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target

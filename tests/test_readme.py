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
COMPOSERS = {"LSTM": "lstm", "Transformer": "transformer", "VAE": "vae"}
COMPOSED = {
    name: json.loads((ROOT / "metrics" / "composer" / f"{model}.json").read_text()) for name, model in COMPOSERS.items()
}


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


def test_each_composer_has_its_likelihood_and_accuracies():
    for name, metrics in COMPOSED.items():
        test = metrics["test"]
        cells = row(name)
        assert cells[0] == shown(test["nats_per_note"]) and cells[1] == f"{test['perplexity']:.2f}"
        fields = ("step", "pitch", "duration")
        assert cells[2:5] == [f"{test[f'{field}_accuracy']['value']:.3f}" for field in fields]
        assert cells[5] == shown(test["pitch_accuracy_past_only"])
    floors = COMPOSED["LSTM"]["floors"]
    assert [row(f"floor: {name}")[0] for name in floors] == [f"{value:.3f}" for value in floors.values()]


def test_the_differences_of_the_music_are_those_of_the_metrics():
    for measure in COMPOSED["LSTM"]["standardised_difference"]["1"]:
        if any(line.startswith(f"| {measure.replace('_', ' ')} |") for line in README.splitlines()):
            *differences, reference = row(measure.replace("_", " "))
            assert differences == [f"{m['standardised_difference']['1'][measure]:+.2f}" for m in COMPOSED.values()]
            assert reference == f"{COMPOSED['LSTM']['reference'][measure]['value']:.3f}"


def test_every_font_is_credited_with_its_licence():
    for font in FONTS.values():
        author = font.citation.split(",")[0].removeprefix("The ")
        (line,) = [line for line in README.splitlines() if line.startswith("|") and author in line]
        assert font.licence in line


def test_every_local_link_and_picture_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target

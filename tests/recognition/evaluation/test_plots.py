"""The figures that `dvc plots` draws of the recognizer: what is in the tables, and what Vega makes of them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import vl_convert
from dvc_render.vega import VegaRenderer
from tiny_recognizer import label_rows

from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import read_yaml
from reprise.recognition.evaluation.evaluate import EvaluationParams, Predictions, confusion_rows
from reprise.recognition.evaluation.plots import RECALLS, confusion_counts, f1_rows, interpolated_precision, write_plots

ROOT = Path(__file__).resolve().parents[3]
PIANO, GUITAR, STRINGS, PICCOLO = INSTRUMENT_NAMES[:4]
PARAMS = EvaluationParams(seed=1, resamples=200, attribution_clips=1, attribution_steps=8)


@pytest.fixture
def predictions() -> Predictions:
    """Ten times the piano alone, heard; ten times the guitar, six of them heard and four taken for strings."""
    labels, decisions = label_rows(*[(0,)] * 10, *[(1,)] * 10), label_rows(*[(0,)] * 10, *[(1,)] * 6, *[(2,)] * 4)
    return Predictions(labels, decisions * 0.8 + 0.1, decisions, labels.sum(axis=1).astype(int))


def drawn(template: str, data: list[dict], x: str, y: str) -> str:
    """A table of two commits drawn with one of our templates, as SVG."""
    twice = [{**row, "rev": rev} for rev in ("HEAD", "workspace") for row in data]
    texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in twice]  # as of a CSV
    options = {"template": template, "template_dir": str(ROOT / ".dvc" / "plots"), "x": x, "y": y, "title": "title"}
    return vl_convert.vegalite_to_svg(json.loads(VegaRenderer(texts, "name", **options).partial_html()), "5.21")


def marks(svg: str, kind: str) -> list[dict[str, str]]:
    """What is drawn of the data as dots, rules or rectangles: the values of each, and its colour as `fill`."""
    tags = re.findall(rf'<\w+ aria-label="([^"]*)"[^>]*aria-roledescription="{kind}"([^>]*)>', svg)
    found = [dict(value.split(": ") for value in label.split("; ")) for label, _ in tags]
    return [
        {**values, "fill": (re.findall('fill="([^"]*)"', rest) or [""])[0]} for values, (_, rest) in zip(found, tags)
    ]


def test_f1_is_sorted_and_has_intervals(predictions):
    """The piano is never mistaken: 1, whatever is drawn. The guitar's F1 is 2 * 6 / (10 + 6) = .75."""
    table = f1_rows(predictions, PARAMS)
    assert table[0] == {"instrument": PIANO, "f1": 1.0, "low": 1.0, "high": 1.0}
    assert (table[1]["instrument"], table[1]["f1"]) == (GUITAR, 0.75)
    assert 0.4 < table[1]["low"] < 0.65 and 0.85 < table[1]["high"] <= 1
    assert [row["f1"] for row in table[2:]] == [0] * 10


def test_one_clip_has_no_interval():
    one = Predictions(label_rows((0,)), label_rows((0,)), label_rows((0,)), np.ones(1, int))
    assert f1_rows(one, PARAMS)[0] == {"instrument": PIANO, "f1": 1.0, "low": None, "high": None}


def test_confusions_are_counted(predictions):
    counts = {(row["actual"], row["predicted"]): row["count"] for row in confusion_counts(predictions)}
    assert len(counts) == 13**2 and sum(counts.values()) == len(confusion_rows(predictions)) == 20
    assert (counts[PIANO, PIANO], counts[GUITAR, GUITAR], counts[GUITAR, STRINGS]) == (10, 6, 4)
    assert counts[GUITAR, PIANO] == counts[STRINGS, GUITAR] == counts["none", "none"] == 0


def test_f1_is_drawn_best_first_with_a_line_for_the_interval():
    data = [
        {"instrument": PICCOLO, "f1": 0.5, "low": 0.4, "high": 0.6},
        {"instrument": PIANO, "f1": 0.9, "low": 0.8, "high": 0.95},
        {"instrument": GUITAR, "f1": 0.7, "low": "", "high": ""},  # as of a single clip
    ]
    svg = drawn("intervals", data, "f1", "instrument")
    places = [svg.index(f">{name}</text>") for name in (PIANO, GUITAR, PICCOLO)]
    assert places == sorted(places)
    assert sorted((dot["rev"], dot["f1"]) for dot in marks(svg, "point")) == [
        (rev, f1) for rev in ("HEAD", "workspace") for f1 in ("0.5", "0.7", "0.9")
    ]
    intervals = [(rule["instrument"], rule["low"], rule["high"]) for rule in marks(svg, "rule mark")]
    assert sorted(intervals) == [(PIANO, "0.8", "0.95")] * 2 + [(PICCOLO, "0.4", "0.6")] * 2


def test_the_colours_of_confusions_are_those_of_the_mistakes(predictions):
    """Ten hits are grey; the commonest mistake has the strongest colour, though it happened four times only."""
    cells = marks(drawn("confusions", confusion_counts(predictions), "actual", "predicted"), "rect mark")
    hits = [cell["fill"] for cell in cells if cell["actual"] == cell["predicted"]]
    assert hits == ["#dddddd"] * 2 * 13
    coloured = [cell for cell in cells if cell["fill"] not in ("#dddddd", "#ffffff")]
    assert [(cell["actual"], cell["predicted"], cell["count"]) for cell in coloured] == [(GUITAR, STRINGS, "4")] * 2
    assert {cell["fill"] for cell in coloured} == {"rgb(241, 105, 19)"}


def test_tables_of_each_set_have_the_columns_that_dvc_yaml_draws(predictions, tmp_path):
    write_plots({"test": predictions}, PARAMS, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "f1_test.csv",
        "confusion_test.csv",
        "precision_recall_test.csv",
        "precision_recall.csv",
    }
    plots = {
        next(iter(y)): plot
        for entry in read_yaml(ROOT / "dvc.yaml")["plots"]
        for plot in entry.values()
        for y in [plot["y"]]
    }
    for path in tmp_path.iterdir():
        if path.name != "precision_recall.csv":
            plot = plots[f"plots/recognizer/evaluation/{path.name}"]
            fields = next(iter(plot["y"].values()))
            wanted = {plot["x"], *([fields] if isinstance(fields, str) else fields)}
            assert wanted <= set(path.read_text().splitlines()[0].split(","))


def test_perfect_predictions_have_precision_one_at_every_recall():
    labels = label_rows((0,), (1,), (0, 1))
    perfect = Predictions(labels, labels, labels, labels.sum(axis=1))
    curves = interpolated_precision(perfect)
    assert curves.shape == (12, len(RECALLS))
    assert (curves[:2] == 1).all()

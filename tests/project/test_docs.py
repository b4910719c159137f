"""README and docs say what git's metrics and dvc.yaml say, in tables that a script writes; all measures are there."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from reprise.audio.fonts import FONTS
from reprise.errors import BadInput
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import read_yaml
from scripts.tables import __main__ as tables
from scripts.tables import composition, recognition, words
from scripts.tables import text as text_of_tables
from scripts.tables.text import IN_NOTES, MODELS, shown

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPOSITION = (ROOT / "docs/composition.md").read_text(encoding="utf-8").split("## Figures\n")[1]
RECOGNIZER = (ROOT / "docs/recognizer.md").read_text(encoding="utf-8").split("## Figures\n")[1]

in_git, render = tables.in_git, tables.render


def row(start: str, text: str = README) -> list[str]:
    """The cells after the first of the one table row that starts with `start`; bold or not."""
    (line,) = [line for line in text.replace("*", "").splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


@pytest.mark.parametrize("path", tables.pages(ROOT), ids=lambda path: path.name)
def test_every_figure_is_that_of_the_metrics_in_git(path):
    """`python -m scripts.tables` writes them; `git add` the metrics with it."""
    text = path.read_text(encoding="utf-8")
    assert render(text, in_git) == text


def test_every_measure_that_is_computed_has_its_row():
    for content in map(in_git, MODELS.values()):
        for name in content["reference"].keys() | content["generated"]["1"].keys():
            assert len(row(f"{name.replace('_', ' ')} |", COMPOSITION)) == len(MODELS) + 1
        for name in content["originality"]["1"]:
            unit = " (notes)" if name in IN_NOTES else ""
            assert len(row(f"{name.replace('_', ' ')}{unit} |", COMPOSITION)) == len(MODELS) + 1
        assert {f"floor: {name}" for name in content["floors"]} <= set(re.findall(r"floor: \w+", README))


def test_the_recognizer_is_there_on_every_set_and_with_its_floor_and_ceiling():
    metrics = in_git("recognizer")
    for instrument in INSTRUMENT_NAMES:
        assert row(instrument, RECOGNIZER) == [
            f"{metrics[name]['per_instrument'][instrument]['f1']:.3f}" for name in recognition.SETS.values()
        ]
    for name, label in recognition.IN_SHORT.items():
        assert row(label.replace("*", ""))[0] == shown(metrics[name]["macro_f1"])


def test_every_font_is_credited_with_its_licence():
    for font in FONTS.values():
        author = font.citation.split(",")[0].removeprefix("The ")
        (line,) = [line for line in README.splitlines() if line.startswith("|") and author in line]
        assert font.licence in line


@pytest.mark.parametrize("page", [*tables.pages(ROOT), ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_local_link_and_picture_exists(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", tables.pages(ROOT), ids=lambda path: path.name)
def test_every_path_of_the_code_that_is_named_exists(page):
    for target in re.findall(r"`((?:src|tests|benchmarks|scripts|stages)/[\w/]+\.(?:py|sh|json))`", page.read_text()):
        assert (ROOT / target).exists(), target
    for module in re.findall(r"python -m (benchmarks[\w.]+)", page.read_text(encoding="utf-8")):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_every_stage_is_in_the_picture_of_the_pipeline():
    picture = README.split("## The pipeline\n")[1].split("```")[1]
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    assert all(re.search(rf"\b{stage}\b", picture) for stage in stages)
    assert max(map(len, picture.splitlines())) <= 120


# --- the script


def estimate(value: float, low: float | None = None, high: float | None = None, count: int = 2) -> dict:
    return (
        {"value": value, "low": low, "high": high, "count": count} if low is not None else {"value": value, "count": 1}
    )


def metrics_of_music(bound: bool, measures: dict, apart: dict) -> dict:
    accuracies = {f"{name}_accuracy": estimate(0.5, 0.4, 0.6) for name in ("step", "pitch", "duration")}
    nats = {"nats_per_note": estimate(1.5, 1, 2, 14), "perplexity": 4.4817, "pieces": 33, "notes": 7796}
    test = {**nats, **accuracies, "pitch_accuracy_past_only": estimate(0.25)}
    return {
        "test": test | {"is_bound": bound},
        "floors": {"unigram": 7.0, "bigram": 5.0},
        "reference": measures,
        "generated": {"0.3": {}, "1": measures},
        "standardised_difference": {"0.3": {}, "1": apart},
        "originality": {
            "0.3": {},
            "1": {"worst_copied_run": 16},
            "reference": {"worst_copied_run": 22, "uniqueness": estimate(1)},
        },
    }


def few(name: str) -> dict:
    """Metrics of three models, one of them with a measure and a difference more."""
    measures = {"polyphony": estimate(4, 3.5, 4.5)}
    if name == "composer/vae":
        return metrics_of_music(
            True, measures | {"new_measure": estimate(2, 1, 3)}, {"polyphony": -0.5, "new_measure": 1.25}
        )
    return metrics_of_music(False, measures, {"polyphony": 0.125} if name == "composer/lstm" else {})


def test_a_table_by_hand():
    text = render("a\n<!-- table: likelihood of the models -->\nold\n<!-- end of table -->\nb", few)
    assert text.splitlines() == [
        "a",
        "<!-- table: likelihood of the models -->",
        "| 33 test pieces of 14 families, 7,796 notes | nats a note (95 %) | perplexity | step | pitch | duration | "
        "pitch, past alone |",
        "|---|---|---|---|---|---|---|",
        "| **LSTM** | 1.500 (1.000-2.000) | 4.48 | 0.500 | 0.500 | 0.500 | 0.250 |",
        "| **Transformer** | 1.500 (1.000-2.000) | 4.48 | 0.500 | 0.500 | 0.500 | 0.250 |",
        "| **VAE (a bound)** | 1.500 (1.000-2.000) | 4.48 | 0.500 | 0.500 | 0.500 | 0.250 |",
        "| floor: bigram | 5.000 | | | | | |",
        "| floor: unigram | 7.000 | | | | | |",
        "<!-- end of table -->",
        "b",
    ]
    assert render(text, few) == text


def test_a_new_measure_gets_a_row_and_what_is_undefined_stays_empty():
    text = composition.music(few)
    assert row("polyphony", text) == ["+0.12", "", "-0.50", "4.000 (3.500-4.500)"]
    assert row("new measure", text) == ["", "", "+1.25", ""]
    text = composition.copied(few)
    assert row("worst copied run (notes)", text) == ["16", "16", "16", "22"] and row("uniqueness", text)[3] == "1.000"


def styled(name: str) -> dict:
    """`few`, with two measures of style, what is taken up, and the divergence of chords."""
    real = {"parallel_fifths": estimate(1.4, 1, 2), "triad_rate": estimate(0.75, 0.7, 0.8)}
    bits = {"halves": {"chords": 0.25}, "0.3": {}, "1": {} if name == "composer/vae" else {"chords": 0.5}}
    return few(name) | {
        "style": {
            "reference": real,
            "generated": {"0.3": {}, "1": {"parallel_fifths": estimate(3.46, 2, 5)}},
            "standardised_difference": {"0.3": {}, "1": {"parallel_fifths": 0.2, "triad_rate": -1.104}},
            "halves": {"parallel_fifths": 0.251},
            "divergence": bits,
            "not_applicable": "",
        },
        "take_up": {
            "reference": {"own": estimate(0.36, 0.3, 0.4)},
            "1": {"own": estimate(0.04), "others": estimate(0.03)},
        },
    }


def test_tables_of_style():
    text = composition.heard(styled)
    assert row("parallel fifths", text) == ["3.5 (2.0-5.0)"] * 3 + ["1.4 (1.0-2.0)"]
    assert row("3-grams", text) == ["0.040"] * 3 + ["0.360 (0.300-0.400)"] and row("the same", text)[2:] == [
        "0.030",
        "",
    ]
    assert row("last chord", text) == [""] * 4
    text = composition.style(styled)
    assert row("parallel fifths", text) == ["+0.20"] * 3 + ["0.25", "1.400 (1.000-2.000)"]
    assert row("triad rate", text) == ["-1.10"] * 3 + ["", "0.750 (0.700-0.800)"]
    assert row("chords (bits)", text) == ["0.50", "0.50", "", "0.25", ""]


def test_tables_of_harmonisation():
    """Of melodies and of bars filled; what wasn't measured of bars stays empty."""
    kinds = {"chord": estimate(0.5, 0.4, 0.6, 14), "root": estimate(0.6), "set": estimate(0.3)}
    style = {"parallel_fifths": estimate(2.34, 1, 3)}
    found = {
        "pieces": 33,
        "chord_agreement": kinds["chord"],
        "agreement": {"model": kinds, "floor": kinds, "ceiling": {}},
        "style": {"model": style, "real": style},
        "out_of_range": estimate(0.001),
        "likelihood": {"shown": estimate(1.5), "not_shown": estimate(1.75)},
    }
    text = composition.harmonisation(lambda name: found)
    assert text.startswith("| 33 melodies of 14 families | the same chord (95 %) | the same root |")
    assert row("the model |", text) == ["0.500 (0.400-0.600)", "0.600", "0.300", ""]
    assert row("ceiling", text) == ["", "", "", ""]
    text = composition.harmonisation_in_detail(lambda name: found)
    assert row("parallel fifths", text) == ["2.3 (1.0-3.0)", "", "2.3 (1.0-3.0)", "", "", ""]
    assert row("nats a note", text) == ["1.500", "1.750", "", "", "", ""]
    assert row("notes out of range", text) == ["0.001", "", "", "", "", ""]


def test_style_that_wasn_t_measured_stays_empty():
    assert row("parallel fifths", composition.heard(few)) == [""] * 4
    assert len(composition.style(few).splitlines()) == 2, "no measures"


def test_tables_of_benchmarks(tmp_path, monkeypatch):
    monkeypatch.setattr(text_of_tables, "ROOT", tmp_path)
    with pytest.raises(BadInput, match=r"clap_recipes\.json: isn't there; the benchmark clap_recipes\.py writes it"):
        words.recipes(few)
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    base = {"recipe": "base", "epochs": 6, "minutes": 5.3, "instruments_map": 0.8123, "flips_notes": 0.9}
    (results / "clap_recipes.json").write_text(json.dumps({"rows": [base]}))
    assert row("base", words.recipes(few)) == ["6", "5.3", "0.812", "", "", "0.900", ""]
    auc = {"without both": {kind: {"trumpet": estimate(0.75, 0.7, 0.8)} for kind in ("audio", "notes")}}
    (results / "left_out_instruments.json").write_text(json.dumps({"auc": auc}))
    assert row("trumpet, without both", words.left_out(few)) == ["0.750 (0.700-0.800)"] * 2


def test_a_figure_within_a_sentence():
    names = ("composer/lstm test notes", "composer/lstm floors bigram")
    text = ", ".join(f"<!-- figure: {name} -->?<!-- end -->" for name in names)
    assert re.sub(r"<!--.*?-->", "", render(text, few)) == "7,796, 5.000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table: x -->\n<!-- end of table -->", "table: 'x' is unknown; it must be one of likelihood"),
        ("<!-- figure: composer/lstm test x -->1<!-- end -->", r"metrics/composer/lstm\.json has no 'test x'"),
    ],
)
def test_what_there_isn_t_is_named(text, message):
    with pytest.raises(BadInput, match=message):
        render(text, few)


def test_what_another_machine_s_run_wrote_counts_once_it_is_added(tmp_path):
    """Its last digits differ: until they are added, git has the figures that the README repeats."""
    metrics = tmp_path / "metrics" / "x.json"
    metrics.parent.mkdir()

    def git(*args: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *args], check=True, capture_output=True)

    def write(value: float) -> None:
        metrics.write_text(json.dumps({"f1": value}))

    git("init")
    with pytest.raises(BadInput, match=r"metrics/x\.json: isn't in git"):
        in_git("x", tmp_path)
    write(0.5)
    git("add", "metrics")
    write(0.6)
    assert in_git("x", tmp_path) == {"f1": 0.5} and tables.work_tree("x", tmp_path) == {"f1": 0.6}
    git("add", "metrics")
    assert in_git("x", tmp_path) == {"f1": 0.6}
    metrics.unlink()
    with pytest.raises(BadInput, match=r"metrics/x\.json: can't be read .* make it with \./run"):
        tables.work_tree("x", tmp_path)


def test_the_script_writes_readme_and_docs(tmp_path, monkeypatch, capsys):
    (tmp_path / "docs").mkdir()
    for path in ("README.md", "CONTRIBUTING.md", "docs/results.md"):
        (tmp_path / path).write_text("<!-- figure: composer/lstm test notes -->?<!-- end -->")
    (tmp_path / "docs" / "plain.md").write_text("no figure")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "work_tree", few)
    tables.main()
    assert "7,796" in (tmp_path / "README.md").read_text() and "7,796" in (tmp_path / "docs/results.md").read_text()
    assert capsys.readouterr().out.splitlines() == [
        f"{name}: written anew" for name in ("README.md", "CONTRIBUTING.md", "docs/results.md")
    ]
    tables.main()
    assert capsys.readouterr().out == "", "the second time there is nothing to do"

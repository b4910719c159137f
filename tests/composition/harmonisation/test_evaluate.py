"""The evaluation of harmonisations: which pieces, which figures, and that planted ones come out as planted."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from tiny_infilling import make_infilling, save_infilling
from tiny_model import chorale, save_tiny_model

from reprise.composition.corpus.collect import tabulate
from reprise.composition.corpus.store import Corpus, save_corpus
from reprise.composition.harmonisation.evaluate import HarmonisationParams, evaluate_harmonisation, plan
from reprise.composition.harmonisation.measures import Bootstrap, Written, agreements, out_of_range
from reprise.composition.harmonisation.plots import draw_agreement
from reprise.composition.harmonisation.samples import _titled, lay_out
from reprise.composition.models.infilling.teaching import melody_given
from reprise.composition.sampling import samples
from reprise.errors import BadInput, ParamsError
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.music.writers.svg import svg_bytes
from reprise.pipeline.compute import ComputeParams

PARAMS = HarmonisationParams(seed=1, temperature=1.0, bars=(2, 3), open_samples=1, resamples=50, ending_tries=1)
SERIAL = ComputeParams("serial", 1, "", "cpu", False)
ESTIMATE = {"value", "low", "high", "count"}


def corpus() -> Corpus:
    """Six pieces to learn from, and three test pieces of two tunes, of which one is set twice."""
    twice = replace(chorale(20), notes=chorale(20).notes.copy())
    others = twice.notes["part"] > 0
    twice.notes["pitch"][others] = np.where(twice.notes["pitch"][others] % 3, twice.notes["pitch"][others] - 1, 60)
    pieces = [(chorale(seed), "train", seed) for seed in range(6)]
    pieces += [(chorale(20), "test", 20), (replace(twice, source="again"), "test", 20), (chorale(21), "test", 21)]
    return tabulate(pieces)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("harmonisation")
    save_corpus(corpus(), folder / "corpus")
    return folder / "corpus", save_infilling(folder / "model")


@pytest.fixture(scope="module")
def evaluated(folders) -> tuple[dict, Written, Written]:
    return evaluate_harmonisation(PARAMS, *folders, SERIAL)


def test_the_metrics_have_what_is_read_from_them(evaluated):
    metrics, melodies, filled = evaluated
    assert metrics["pieces"] == 3 and metrics["left_out"] == 0
    for name in ("chord_agreement", "floor", "ceiling"):
        assert {"value", "count"} <= set(metrics[name]) <= ESTIMATE
    assert metrics["chord_agreement"] == metrics["agreement"]["model"]["chord"]
    assert set(metrics["agreement"]) == {
        "model", "not_shown", "another_piece", "floor", "ceiling", "ceiling_of_test_tunes"
    }  # fmt: skip
    for own in (metrics, metrics["fill"]):
        assert set(own["likelihood"]) == {"shown", "not_shown"}
        assert set(own["style"]) == {"model", "not_shown", "real"} and "parallel_fifths" in own["style"]["model"]
        assert 0 <= own["out_of_range"]["value"] <= 1
    assert metrics["fill"]["pieces"] == 3 and metrics["chord_agreement"]["count"] == 2, "families"
    json.dumps(metrics, allow_nan=False)
    for written in (melodies, filled):
        for real, made, unseen, gap in zip(written.real, written.made, written.unseen, written.gaps):
            onsets = np.floor(real.notes["onset"] * 12 + 0.5)
            standing = [tuple(note) for note in real.notes[~gap.holds(real.notes["part"], onsets)].tolist()]
            assert set(standing) <= {tuple(note) for note in made.notes.tolist()}
            assert set(standing) <= {tuple(note) for note in unseen.notes.tolist()}


def test_the_same_again(folders, evaluated):
    again = evaluate_harmonisation(PARAMS, *folders, SERIAL)
    assert again[0] == evaluated[0]
    assert all(a.notes.tobytes() == b.notes.tobytes() for a, b in zip(again[1].made, evaluated[1].made))


def test_short_pieces_are_not_filled():
    """A piece of six bars has bars 2-3, but not 5-8; and of bars 1-6 nothing would stand."""
    trained = make_infilling()
    assert len(plan(PARAMS, trained, corpus())[1].real) == 3
    assert len(plan(replace(PARAMS, bars=(5, 8)), trained, corpus())[1].real) == 0
    assert len(plan(replace(PARAMS, bars=(1, 6)), trained, corpus())[1].real) == 0


def test_pieces_that_the_model_can_not_read_are_left_out():
    waltz = replace(chorale(30), metre=(3, 4))
    melodies, _ = plan(PARAMS, make_infilling(), tabulate([(waltz, "test", 1), (chorale(21), "test", 2)]))
    assert [piece.source for piece in melodies.real] == ["chorale 21"]
    with pytest.raises(BadInput, match="no test piece within the range and metres"):
        plan(PARAMS, make_infilling(), tabulate([(waltz, "test", 1)]))


def test_a_model_that_sees_nothing_ahead_is_named(folders, tmp_path):
    with pytest.raises(BadInput, match="lstm: doesn't see given notes ahead"):
        evaluate_harmonisation(PARAMS, folders[0], save_tiny_model(tmp_path, "lstm"), SERIAL)


def written(made: list[Piece], unseen: list[Piece]) -> Written:
    real = [chorale(20), chorale(21)]
    return Written(real, [0, 1], [melody_given(4)] * 2, made, unseen, [(0, 1 << 20)] * 2)


def test_who_writes_what_the_composer_wrote_agrees_with_him():
    pieces = [chorale(20), chorale(21)]
    found = agreements(written(pieces, pieces[::-1]), Bootstrap(50, 1))
    assert {name: own["value"] for name, own in found["model"].items()} == dict.fromkeys(("chord", "root", "set"), 1.0)
    assert found["not_shown"]["chord"]["value"] < 0.6 and found["another_piece"]["chord"]["value"] < 0.6


def test_notes_beyond_what_a_voice_has_are_counted():
    trained = make_infilling()
    piece = chorale(20)
    high = replace(piece, notes=piece.notes.copy())
    bass = high.notes["part"] == 3
    high.notes["pitch"][bass] = 90
    new = (piece.notes["part"] > 0).sum()
    found = out_of_range(trained, written([high, high], [high, high]), Bootstrap(50, 1))
    assert found["value"] == pytest.approx(bass.sum() / new, abs=1e-3)


@pytest.mark.slow
def test_samples_lie_beside_what_the_composer_wrote(evaluated, tmp_path, monkeypatch):
    """In every format, one melody and one piece with bars filled; the melody of both is one."""
    monkeypatch.setattr(samples, "play_piece", lambda piece, font, rate, level: np.zeros(rate // 10, np.float32))
    _, melodies, filled = evaluated
    lay_out(melodies, filled, 1, Path("no font"), tmp_path)
    kinds = ("harmonised_1", "harmonised_1_original", "filled_1", "filled_1_original")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{kind}.{extension}" for kind in kinds for extension in ("mid", "musicxml", "svg", "wav")
    }
    made, real = (read_midi((tmp_path / f"{name}.mid").read_bytes(), name) for name in kinds[:2])
    first, second = (own.notes[own.notes["part"] == 0] for own in (made, real))
    assert first["pitch"].tolist() == second["pitch"].tolist() and len(made.notes) != len(real.notes)


def test_the_picture_is_the_same_bytes_twice(evaluated, tmp_path):
    for name in ("a.png", "deep/b.png"):
        draw_agreement(evaluated[0], tmp_path / name)
    first = (tmp_path / "a.png").read_bytes()
    assert first == (tmp_path / "deep/b.png").read_bytes() and b"matplotlib" not in first.lower()
    assert imread(tmp_path / "a.png").shape[1] > 400


@pytest.mark.parametrize("fill", [None, {}, {"agreement": {}}])
def test_the_picture_says_where_no_filled_bars_can_be_compared(evaluated, tmp_path, monkeypatch, fill):
    said = []
    monkeypatch.setattr(Figure, "supxlabel", lambda figure, text, **_: said.append(text))
    metrics = {name: own for name, own in evaluated[0].items() if name != "fill"}
    draw_agreement(metrics if fill is None else metrics | {"fill": fill}, tmp_path / "a.png")
    assert said == ["bars filled: none with chords to compare"]
    draw_agreement(evaluated[0], tmp_path / "b.png")
    assert len(said) == 1 and imread(tmp_path / "a.png").shape[1] < imread(tmp_path / "b.png").shape[1]


@pytest.mark.parametrize(("source", "name"), [("bach/bwv10.7.mxl", "bwv10.7"), (f"a/b/{'long' * 30}.mid", "long" * 6)])
def test_titles_name_the_work_and_what_was_done_and_fit_the_page(source, name):
    """The title stands in the middle of a page of 20,000 units; letters are .5 of their size wide, or a little more."""
    piece = replace(chorale(3), source=source)
    titled = _titled(piece, piece, "harmonised by the infilling model")
    assert titled.title == f"{name}, harmonised by the infilling model"
    picture = svg_bytes(titled).decode()
    size, printed = re.search(r'<tspan font-size="(\d+)px">([^<]*harmonised[^<]*)<', picture).groups()
    assert printed == titled.title and len(printed) * 0.55 * int(size) < 20_000


@pytest.mark.parametrize(
    ("name", "value"), [("bars", (8, 5)), ("bars", (0, 4)), ("open_samples", -1), ("temperature", -1.0)]
)
def test_params_that_can_not_be_are_refused_by_name(name, value):
    with pytest.raises(ParamsError, match=name):
        replace(PARAMS, **{name: value})

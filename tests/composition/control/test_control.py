"""Asked against measured: what is ordered, what is counted, and that planted figures come out as planted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from tiny_conditioned import make_conditioned, passages, save_conditioned
from tiny_model import chorale, save_tiny_model
from tiny_pieces import piece_of

from reprise.composition.control import evaluate as evaluate_module
from reprise.composition.control.evaluate import (
    HIGH,
    LOW,
    ControlParams,
    control,
    draw_orders,
    evaluate_control,
    exact,
    likelihood,
)
from reprise.composition.control.plots import draw_control
from reprise.composition.corpus.collect import tabulate
from reprise.composition.corpus.store import Corpus, save_corpus
from reprise.composition.encoding.events import Frame
from reprise.composition.models.conditions import ATTRIBUTES, KNOTS, Conditions, Told, told_of
from reprise.composition.models.trained import TrainedModel
from reprise.errors import BadInput, ParamsError
from reprise.music.piece import Piece
from reprise.pipeline.compute import ComputeParams

PARAMS = ControlParams(seed=1, pieces=12, bars=2, guidance=2.0, resamples=50)
SERIAL = ComputeParams("serial", 1, "", "cpu", False)
SCALES = Conditions({name: tuple(np.linspace(0, 1, KNOTS).tolist()) for name in ATTRIBUTES})
ESTIMATE = {"value", "low", "high", "count"}


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return make_conditioned()


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """A corpus of passages and a model in the vocabulary of such."""
    folder = tmp_path_factory.mktemp("control")
    (folder / "corpus").mkdir()
    pieces = [replace(piece, source=f"{number}") for number, piece in enumerate(passages())]
    splits = ["train"] * 4 + ["test"] * 4
    save_corpus(
        tabulate([(piece, split, n) for n, (piece, split) in enumerate(zip(pieces, splits))]), folder / "corpus"
    )
    return folder / "corpus", save_conditioned(folder / "model")


@pytest.fixture(scope="module")
def evaluated(folders) -> tuple[dict, list[Told], list[Told]]:
    return evaluate_control(PARAMS, *folders, SERIAL)


# --- what is ordered


def test_each_order_comes_from_its_own_seed_alone(trained):
    """So the first of many orders are those of few."""
    few, many = draw_orders(replace(PARAMS, pieces=4), trained), draw_orders(replace(PARAMS, pieces=9), trained)
    assert many[:4] == few and len(many) == 9
    assert len({order.seed for order in many}) == 9
    assert len({order.told.attributes["dissonance"] for order in many}) == 9
    assert draw_orders(replace(PARAMS, pieces=4, seed=2), trained)[0].told != few[0].told


def test_orders_ask_for_all_that_there_is(trained):
    orders = draw_orders(replace(PARAMS, pieces=300, bars=7, guidance=3.5), trained)
    frames = [order.told.frame for order in orders]
    assert {frame.tonic for frame in frames} == set(range(12)) and {frame.mode for frame in frames} == {
        "major",
        "minor",
    }
    assert {frame.parts for frame in frames} == {1, 2, 3, 4} and {frame.bars for frame in frames} == {7}
    assert {frame.pitch for frame in frames} == set(range(LOW, HIGH + 1))
    assert all((order.bars, order.guidance, order.metre) == (7, 3.5, (4, 4)) for order in orders)
    knots = trained.config.conditions.knots
    for name in ATTRIBUTES:
        asked = np.array([order.told.attributes[name] for order in orders])
        assert asked.min() >= knots[name][0] and asked.max() <= knots[name][-1]
        below = [(asked < trained.config.conditions.at(name, share)).mean() for share in (0.25, 0.5, 0.75)]
        assert below == pytest.approx([0.25, 0.5, 0.75], abs=0.09), "as often as pieces are like it"


def test_what_is_asked_does_not_hang_together(trained):
    """Of 1,000 orders no attribute goes with another."""
    orders = draw_orders(replace(PARAMS, pieces=1000), trained)
    table = np.array([[*o.told.attributes.values(), o.told.frame.pitch, o.told.frame.parts] for o in orders])
    correlations = np.corrcoef(table.T) - np.eye(table.shape[1])
    assert np.abs(correlations).max() < 0.15


def test_a_model_without_conditions_is_named(folders, tmp_path):
    with pytest.raises(BadInput, match="lstm: takes no orders; only a model with conditions can be asked"):
        evaluate_control(PARAMS, folders[0], save_tiny_model(tmp_path, "lstm"), SERIAL)


# --- the metrics


def test_the_metrics_have_what_is_read_from_them(evaluated):
    """`control` by attribute, `control_shuffled` likewise, `exact`, `likelihood`: as summaries and docs read them."""
    metrics, asked, measured = evaluated
    assert list(metrics) == ["guidance", "control", "control_shuffled", "exact", "likelihood"]
    assert metrics["guidance"] == 2.0 and len(asked) == len(measured) == PARAMS.pieces
    for name in ("control", "control_shuffled"):
        assert set(metrics[name]) == {*ATTRIBUTES, "mean_pitch", "mode"}
        assert all(set(found) == ESTIMATE for found in metrics[name].values())
    assert set(metrics["exact"]) == {"parts", "bars", "key", "key_or_relative"}
    assert all(set(found) == ESTIMATE and found["count"] == 12 for found in metrics["exact"].values())
    assert set(metrics["likelihood"]) == {"passages", "left_out", "untold", "told"}
    assert all(metrics["likelihood"][side]["nats_per_note"]["count"] == 4 for side in ("untold", "told"))
    assert metrics["exact"]["bars"]["value"] == 1.0
    json.dumps(metrics, allow_nan=False)


def test_the_same_again_whatever_the_number_of_pieces_of_a_job(folders, evaluated, monkeypatch):
    """And what is asked of a piece is what it is measured against."""
    assert evaluate_control(PARAMS, *folders, SERIAL) == evaluated
    assert evaluated[1] == [order.told for order in draw_orders(PARAMS, make_conditioned())]
    monkeypatch.setattr(evaluate_module, "TOGETHER", 5)
    metrics, asked, measured = evaluate_control(PARAMS, *folders, SERIAL)
    assert asked == evaluated[1] and metrics["likelihood"] == evaluated[0]["likelihood"]
    assert [told.frame.parts for told in measured] == [told.frame.parts for told in evaluated[2]]


@pytest.mark.parametrize("seed", [0, 1, 11, 14])
def test_shuffled_gives_no_piece_its_own(folders, monkeypatch, seed):
    """Each order is another piece's, and all are given."""
    seen, params = [], replace(PARAMS, seed=seed, pieces=4)

    def record(params, conditions, asked, measured, pieces) -> dict:
        seen.append((list(asked), list(measured), list(pieces)))
        return {}

    monkeypatch.setattr(evaluate_module, "control", record)
    evaluate_control(params, *folders, SERIAL)
    (asked, measured, pieces), (shuffled, *others) = seen
    assert others == [measured, pieces]
    assert all(mine is not other for mine, other in zip(asked, shuffled))
    assert sorted(map(id, asked)) == sorted(map(id, shuffled))


# --- planted figures


def line(pitch: int, third: int) -> Piece:
    """A long note, its third and its fifth: in a major key for a third of 4, in a minor one for a third of 3."""
    return piece_of((0, 48, pitch, 0), (48, 24, pitch + third, 0), (72, 24, pitch + 7, 0), (96, 48, pitch, 0))


def told(pitch: int, mode: str, **attributes: float) -> Told:
    return Told(attributes, Frame(0, mode, 3, 1, pitch))


COUNT = 40
PITCHES = [40 + number for number in range(COUNT)]
MODES = ["major" if number % 2 else "minor" for number in range(COUNT)]
PIECES = [line(pitch, 4 if mode == "major" else 3) for pitch, mode in zip(PITCHES, MODES)]
VALUES = np.linspace(0, 1, COUNT).tolist()


def figures(asked: list[Told], measured: list[Told], pieces: list[Piece] = PIECES) -> dict[str, float]:
    found = control(replace(PARAMS, resamples=200), SCALES, asked, measured, pieces)
    return {name: estimate["value"] for name, estimate in found.items()}


def with_values(values: list[float], pitches: list[int] = PITCHES, modes: list[str] = MODES) -> list[Told]:
    return [told(p, mode, **dict.fromkeys(ATTRIBUTES, value)) for value, p, mode in zip(values, pitches, modes)]


def test_who_does_what_he_is_told_has_a_correlation_of_one():
    """Whatever the scale: what rises with what is asked. And of the mode an area of one."""
    found = figures(with_values(VALUES), with_values([value**3 for value in VALUES]))
    assert found == dict.fromkeys((*ATTRIBUTES, "mean_pitch", "mode"), 1.0)


def test_who_does_the_contrary_has_one_of_minus_one():
    contrary = ["major" if mode == "minor" else "minor" for mode in MODES]
    found = figures(with_values(VALUES, PITCHES[::-1], contrary), with_values(VALUES[::-1]))
    assert found == dict.fromkeys((*ATTRIBUTES, "mean_pitch"), -1.0) | {"mode": 0.0}


def test_who_does_not_listen_has_none():
    """Asked 0, 0, 1, 1 in turn and measured 0, 1, 0, 1 in turn: exactly 0, and an area of one half."""
    asked = with_values([0.0, 0.0, 1.0, 1.0] * 10, [50, 50, 60, 60] * 10, ["minor", "minor", "major", "major"] * 10)
    measured = with_values([0.0, 1.0] * 20)
    found = figures(asked, measured, [line(50 + 10 * (n % 2), 3 + n % 2) for n in range(COUNT)])
    assert found == dict.fromkeys((*ATTRIBUTES, "mean_pitch"), 0.0) | {"mode": 0.5}


def test_a_piece_of_which_an_attribute_is_undefined_is_left_out():
    """Half of the pieces are single lines: of them no dissonance is measured."""
    measured = with_values(VALUES)
    for number in range(0, COUNT, 2):
        known = {name: value for name, value in measured[number].attributes.items() if name != "dissonance"}
        measured[number] = replace(measured[number], attributes=known)
    found = control(PARAMS, SCALES, with_values(VALUES), measured, PIECES)
    assert found["dissonance"]["count"] == COUNT / 2 and found["onset_density"]["count"] == COUNT
    assert found["dissonance"]["value"] == 1.0


def test_a_piece_in_no_key_has_no_mode():
    every = piece_of(*[(12 * step, 12, 60 + step, 0) for step in range(12)])
    found = control(PARAMS, SCALES, with_values(VALUES), with_values(VALUES), [every, *PIECES[1:]])
    assert found["mode"]["count"] == COUNT - 1 and found["mode"]["value"] == 1.0


def test_a_figure_that_is_undefined_is_left_out():
    """Of few pieces all may be asked for one mode, or be alike in something: then nothing can be said of that."""
    same = with_values(VALUES, modes=["major"] * COUNT)
    found = control(PARAMS, SCALES, same, with_values(VALUES), PIECES)
    assert set(found) == {*ATTRIBUTES, "mean_pitch"}
    alike = [replace(one, attributes=one.attributes | {"rhythmic_variety": 0.0}) for one in with_values(VALUES)]
    found = control(PARAMS, SCALES, with_values(VALUES), alike, PIECES)
    assert set(found) == {*ATTRIBUTES, "mean_pitch", "mode"} - {"rhythmic_variety"}


def test_an_attribute_without_a_scale_is_not_counted():
    only, same = Conditions({"dissonance": SCALES.knots["dissonance"]}), with_values(VALUES)
    found = control(PARAMS, only, same, same, PIECES)
    assert set(found) == {"dissonance", "mean_pitch", "mode"}


def test_what_is_exact_by_hand():
    """C major asked four times: C major, A minor (its relative), C minor, none; bars and parts each once wrong."""
    asked = [Told(frame=Frame(0, "major", 4, 2))] * 4
    keys = [(0, "major", 4, 2), (9, "minor", 4, 1), (0, "minor", 3, 2), (None, None, 4, 2)]
    found = exact(PARAMS, asked, [Told(frame=Frame(*key)) for key in keys])
    assert {name: estimate["value"] for name, estimate in found.items()} == {
        "parts": 0.75, "bars": 0.75, "key": 0.25, "key_or_relative": 0.5
    }  # fmt: skip


def test_enharmonic_keys_are_one():
    """F sharp major and E flat minor have six sharps and six flats."""
    asked, got = Told(frame=Frame(6, "major")), Told(frame=Frame(3, "minor"))
    found = exact(PARAMS, [asked, got], [got, asked])
    assert found["key_or_relative"]["value"] == 1.0 and found["key"]["value"] == 0.0


# --- what being told is worth


def as_corpus(pieces: list[Piece]) -> Corpus:
    """A corpus of test passages, each a family of its own."""
    return tabulate([(piece, "test", number) for number, piece in enumerate(pieces)])


def test_nothing_told_is_what_the_model_says_untold(trained):
    """With the weights that read conditions and frames at work, the two sides differ; with none told they don't."""
    found = likelihood(PARAMS, trained, as_corpus(passages()[4:]))
    assert found["told"]["nats_per_note"]["value"] != found["untold"]["nats_per_note"]["value"]
    assert set(found["told"]["nats"]) == set(trained.config.encoding.shape.fields)
    by_field = sum(found["untold"]["nats"].values())
    assert by_field == pytest.approx(found["untold"]["nats_per_note"]["value"], abs=2e-3)


def test_a_piece_that_the_model_can_not_write_does_not_count(trained):
    waltz = replace(chorale(30), metre=(3, 4))
    found = likelihood(PARAMS, trained, as_corpus([*passages()[4:6], waltz]))
    assert found == likelihood(PARAMS, trained, as_corpus(passages()[4:6])) | {"left_out": 1}
    assert found["told"]["nats_per_note"]["count"] == found["passages"] == 2


# --- the picture


def test_the_picture_is_the_same_bytes_twice(tmp_path):
    asked = with_values(VALUES)
    asked[0], measured = Told({}, Frame()), [told_of(piece) for piece in PIECES]
    found = control(PARAMS, SCALES, with_values(VALUES), with_values(VALUES), PIECES)
    for name in ("a.png", "deep/b.png"):
        draw_control(asked, measured, found, tmp_path / name)
    first = (tmp_path / "a.png").read_bytes()
    assert first == (tmp_path / "deep/b.png").read_bytes() and b"matplotlib" not in first.lower()
    image = imread(tmp_path / "a.png")
    assert image.shape[1] > image.shape[0] > 200 and len(np.unique(image)) > 50


def test_other_pieces_make_another_picture(tmp_path):
    found = control(PARAMS, SCALES, with_values(VALUES), with_values(VALUES), PIECES)
    for name, measured in (("a", with_values(VALUES)), ("b", with_values(VALUES[::-1]))):
        draw_control(with_values(VALUES), measured, found, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


# --- params


@pytest.mark.parametrize(
    ("name", "value"),
    [("pieces", 3), ("bars", 1), ("bars", 65), ("guidance", -0.1), ("guidance", 21), ("resamples", 9), ("seed", -1)],
)
def test_params_that_can_not_be_are_refused_by_name(name, value):
    with pytest.raises(ParamsError, match=name):
        replace(PARAMS, **{name: value})

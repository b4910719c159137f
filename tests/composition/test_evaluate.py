"""The figures of a composer: the contract of their keys, and figures that can be computed again."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_composer import MUSIC, chorale, make_composer, save_tiny_composer
from tiny_pieces import piece_of

from reprise.composition import generate
from reprise.composition.batches import make_examples
from reprise.composition.collect import tabulate
from reprise.composition.compose import cut_at_bar
from reprise.composition.corpus import save_corpus
from reprise.composition.evaluate import MusicEvaluationParams, evaluate_composer
from reprise.composition.floors import floors
from reprise.composition.likelihood import past_only_hits, score
from reprise.composition.measures import MEASURES, measure
from reprise.composition.music import load_music
from reprise.composition.notes_vocabulary import PITCH
from reprise.composition.originality import longest_copied_run
from reprise.composition.plots import draw_composer
from reprise.compute import ComputeParams
from reprise.errors import ParamsError

PARAMS = MusicEvaluationParams(seed=1, resamples=50)
TEST = [chorale(20), chorale(21)]
WALTZ = piece_of((0, 12, 60, 0), (12, 12, 62, 1), metre=(3, 4), parts=4, source="waltz")  # unknown to the models


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A corpus, and of two composers the model and its music."""
    root = tmp_path_factory.mktemp("evaluate")
    pieces = {"train": [chorale(seed) for seed in range(8)], "validation": [chorale(10)], "test": [*TEST, WALTZ]}
    rows = [(piece, split, piece.source) for split, group in pieces.items() for piece in group]
    save_corpus(tabulate([*rows, (chorale(30), "seed", "30")]), root / "corpus")
    compute = ComputeParams("serial", 1, "", "cpu", False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            generate, "play_piece", lambda piece, font, rate: np.zeros(rate // 10, np.float32)
        )  # nobody listens
        for model in ("lstm", "vae"):
            save_tiny_composer(root / model, model)
            made, notes = root / f"{model} music", root / f"{model} notes"
            generate.generate_music(root / model, [chorale(30)], MUSIC, Path(), made, notes, compute)
    return {path.name: path for path in root.iterdir()}


def evaluate(folders: dict[str, Path], model: str) -> tuple[dict, dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "set_num_threads", lambda threads: None)  # of so little work they make more of it
        return evaluate_composer(PARAMS, MUSIC.bars, folders["corpus"], folders[model], folders[f"{model} music"])


@pytest.fixture(scope="module")
def lstm(folders) -> tuple[dict, dict]:
    return evaluate(folders, "lstm")


@pytest.fixture(scope="module")
def vae(folders) -> tuple[dict, dict]:
    return evaluate(folders, "vae")


def leaves(metrics: object) -> list:
    return [leaf for value in metrics.values() for leaf in leaves(value)] if isinstance(metrics, dict) else [metrics]


ESTIMATE = {"value", "low", "high", "count"}


@pytest.mark.parametrize("model", ["lstm", "vae"])
def test_the_keys_that_scripts_rely_on(request, model):
    metrics, _ = request.getfixturevalue(model)
    for split in ("validation", "test"):
        found = metrics[split]
        for key in (
            "nats_per_note",
            "step_accuracy",
            "pitch_accuracy",
            "duration_accuracy",
            "pitch_accuracy_past_only",
        ):
            assert found[key].keys() == ESTIMATE and found[key]["low"] <= found[key]["value"] <= found[key]["high"]
        assert found["nats"].keys() == {"step", "part", "pitch", "duration"}
        assert {"perplexity", "notes", "pieces"} <= found.keys()
        assert ("kl_nats" in found) == (model == "vae")
        assert found.get("is_bound", False) is (model == "vae")
    assert metrics["floors"].keys() == {"unigram", "bigram"}
    assert metrics["generated"].keys() == {"0.5", "1.5"} == metrics["standardised_difference"].keys()
    assert metrics["originality"].keys() == {"reference", "0.5", "1.5"}
    for row in (metrics["reference"], *metrics["generated"].values()):
        assert row.keys() <= MEASURES.keys() and row["pitch_range"].keys() == ESTIMATE
    for row in metrics["originality"].values():
        assert row["longest_copied_run"].keys() == ESTIMATE and isinstance(row["worst_copied_run"], int)


@pytest.mark.parametrize("model", ["lstm", "vae"])
def test_all_values_are_finite_numbers(request, model):
    metrics, _ = request.getfixturevalue(model)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert all(isinstance(leaf, (int, float)) and math.isfinite(leaf) for leaf in leaves(metrics))


def test_likelihood_can_be_computed_again(lstm):
    composer = make_composer("lstm")
    encoding, found = composer.config.encoding, lstm[0]["test"]
    events = [encoding.encode(piece) for piece in TEST]
    notes = sum(len(piece.notes) for piece in TEST)
    scores = score(composer.model, make_examples(encoding, events, [(4, 4)] * 2))
    assert (found["notes"], found["pieces"], found["skipped"]) == (notes, 2, 1), "the waltz is skipped and counted"
    assert found["nats_per_note"]["value"] == pytest.approx(sum(s.nats.sum() for s in scores) / notes, abs=1e-3)
    assert sum(found["nats"].values()) == pytest.approx(found["nats_per_note"]["value"], abs=1e-3)
    assert found["perplexity"] == pytest.approx(math.exp(found["nats_per_note"]["value"]), rel=1e-3)
    pitch_hits = sum(s.hits[:, PITCH].sum() for s in scores)
    assert found["pitch_accuracy"]["value"] == pytest.approx(pitch_hits / notes, abs=2 / notes)
    past_only = sum(hits.sum() for hits in past_only_hits(composer.model, encoding, events, [(4, 4)] * 2))
    assert found["pitch_accuracy_past_only"]["value"] == pytest.approx(past_only / notes, abs=2 / notes)
    assert found["nats_per_note"]["count"] == 2


def test_the_cost_of_latents_is_in_the_bound(vae):
    found = vae[0]["test"]
    assert found["kl_nats"] > 0
    assert sum(found["nats"].values()) + found["kl_nats"] == pytest.approx(found["nats_per_note"]["value"], abs=1e-3)


def test_floors_are_those_of_the_same_test_notes(lstm, vae):
    composer = make_composer("lstm")
    encoding = composer.config.encoding
    events = [encoding.encode(piece) for piece in TEST]
    expected = floors(encoding, composer.training, [encoding.encode(chorale(10))], events)
    for name, nats in expected.items():
        value = sum(piece.sum() for piece in nats) / sum(len(piece.notes) for piece in TEST)
        assert lstm[0]["floors"][name] == vae[0]["floors"][name] == pytest.approx(value, abs=1e-4)
    assert lstm[0]["floors"]["bigram"] <= lstm[0]["floors"]["unigram"] + 0.1


def test_music_is_measured_beside_held_out_music_of_its_length(lstm, folders):
    metrics, compared = lstm
    reference = [cut_at_bar(piece, MUSIC.bars) for piece in [*TEST, WALTZ]]
    assert [len(piece.notes) for piece in compared["reference"]] == [len(piece.notes) for piece in reference]
    ranges = [measure(piece)["pitch_range"] for piece in reference]
    assert metrics["reference"]["pitch_range"]["value"] == pytest.approx(np.mean(ranges), abs=1e-3)
    _, pieces = load_music(folders["lstm music"])
    for name, own in (("0.5", pieces[:2]), ("1.5", pieces[2:])):
        assert [len(piece.notes) for piece in compared[name]] == [len(piece.notes) for piece in own]
        ranges = [measure(piece)["pitch_range"] for piece in own]
        assert metrics["generated"][name]["pitch_range"]["value"] == pytest.approx(np.mean(ranges), abs=1e-3)
        runs = [longest_copied_run(piece, make_composer("lstm").index) for piece in own]
        assert metrics["originality"][name]["worst_copied_run"] == max(runs) <= MUSIC.copy_limit


def test_two_evaluations_say_the_same(vae, folders):
    torch.rand(3)
    assert evaluate(folders, "vae")[0] == vae[0]


def test_pictures_are_drawn_and_are_the_same_again(lstm, tmp_path):
    for name in "ab":
        draw_composer(*lstm, tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["measures.png", "rolls_0.5.png", "rolls_1.5.png", "rolls_reference.png"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


@pytest.mark.parametrize(("field", "value"), [("seed", -1), ("resamples", 9)])
def test_params_out_of_range_are_named(field, value):
    with pytest.raises(ParamsError, match=f"^{field}: is {value}"):
        MusicEvaluationParams(**({"seed": 1, "resamples": 50} | {field: value}))

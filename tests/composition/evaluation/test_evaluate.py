"""The figures of a model: the contract of their keys, and figures that can be computed again."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_model import MUSIC, chorale, make_tiny_model, save_tiny_model
from tiny_pieces import piece_of

from reprise.composition.corpus.collect import tabulate
from reprise.composition.corpus.store import load_corpus, save_corpus
from reprise.composition.encoding.notes_vocabulary import PITCH
from reprise.composition.evaluation.evaluate import HEADLINES, MusicEvaluationParams, evaluate_model, styled, taken_up
from reprise.composition.evaluation.floors import floors
from reprise.composition.evaluation.groups import Group, comparable, size
from reprise.composition.evaluation.likelihood import past_only_hits, score
from reprise.composition.evaluation.measures import MEASURES, measure
from reprise.composition.evaluation.originality import longest_copied_run
from reprise.composition.models.batches import make_examples
from reprise.composition.sampling import generate, samples
from reprise.composition.sampling.music import load_music
from reprise.errors import ParamsError
from reprise.music.excerpts import after_bar, bars_of, cut_at_bar
from reprise.pipeline.compute import ComputeParams

PARAMS = MusicEvaluationParams(seed=1, resamples=50)
TEST = [chorale(20), chorale(21), cut_at_bar(chorale(22), 2)]
FAMILY = {"chorale 22": "chorale 21"}  # two settings of a tune
WALTZ = piece_of((0, 12, 60, 0), (12, 12, 62, 1), metre=(3, 4), parts=4, source="waltz")  # unknown to the models


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """A corpus, and of two models the model and its music."""
    root = tmp_path_factory.mktemp("evaluate")
    pieces = {"train": [chorale(seed) for seed in range(8)], "validation": [chorale(10)], "test": [*TEST, WALTZ]}
    rows = [
        (piece, split, FAMILY.get(piece.source, piece.source)) for split, group in pieces.items() for piece in group
    ]
    save_corpus(tabulate([*rows, (chorale(30), "opening", "30")]), root / "corpus")
    compute = ComputeParams("serial", 1, "", "cpu", False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            samples, "play_piece", lambda piece, font, rate, level: np.zeros(rate // 10, np.float32)
        )  # nobody listens
        for model in ("lstm", "vae"):
            save_tiny_model(root / model, model)
            made, notes = root / f"{model} music", root / f"{model} notes"
            generate.generate_music(root / model, [chorale(30)], MUSIC, Path(), made, notes, compute)
    return {path.name: path for path in root.iterdir()}


def evaluate(folders: dict[str, Path], model: str) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "set_num_threads", lambda threads: None)  # of so little work they make more of it
        return evaluate_model(PARAMS, MUSIC, folders["corpus"], folders[model], folders[f"{model} music"])


@pytest.fixture(scope="module")
def lstm(folders) -> dict:
    return evaluate(folders, "lstm")


@pytest.fixture(scope="module")
def vae(folders) -> dict:
    return evaluate(folders, "vae")


def rows(piece) -> list[tuple]:
    return [
        tuple(round(float(value), 6) for value in row) for row in piece.notes[["onset", "duration", "pitch"]].tolist()
    ]


def leaves(metrics: object) -> list:
    return [leaf for value in metrics.values() for leaf in leaves(value)] if isinstance(metrics, dict) else [metrics]


ESTIMATE = {"value", "low", "high", "count"}
ALONE = {"value", "count"}  # of one family nothing is known beyond it


@pytest.mark.parametrize("model", ["lstm", "vae"])
def test_the_keys_that_scripts_rely_on(request, model):
    metrics = request.getfixturevalue(model)
    for split in ("validation", "test"):
        found = metrics[split]
        for key in (
            "nats_per_note",
            "step_accuracy",
            "pitch_accuracy",
            "duration_accuracy",
            "pitch_accuracy_past_only",
        ):
            if split == "validation":
                assert found[key].keys() == ALONE and found[key]["count"] == 1
            else:
                assert found[key].keys() == ESTIMATE and found[key]["low"] <= found[key]["value"] <= found[key]["high"]
        assert found["nats"].keys() == {"step", "part", "pitch", "duration"}
        assert {"perplexity", "notes", "pieces", "families"} <= found.keys()
        assert ("kl_nats" in found) == (model == "vae")
        assert found.get("is_bound", False) is (model == "vae")
    assert metrics["floors"].keys() == {"unigram", "bigram"}
    assert metrics["generated"].keys() == {"0.5", "1.5"} == metrics["standardised_difference"].keys()
    assert metrics["originality"].keys() == {"reference", "0.5", "1.5"}
    for row in (metrics["reference"], *metrics["generated"].values()):
        assert row.keys() <= {*MEASURES, *HEADLINES} and row["pitch_range"].keys() == ESTIMATE
    for row in metrics["originality"].values():
        assert row["longest_copied_run"].keys() == ESTIMATE and isinstance(row["worst_copied_run"], int)


@pytest.mark.parametrize("model", ["lstm", "vae"])
def test_all_values_are_finite_numbers(request, model):
    metrics = request.getfixturevalue(model)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    names = metrics["style"].pop("not_applicable")
    assert isinstance(names, str), "DVC drops lists"
    assert all(isinstance(leaf, (int, float)) and math.isfinite(leaf) for leaf in leaves(metrics))
    metrics["style"]["not_applicable"] = names


def test_likelihood_can_be_computed_again(lstm):
    trained = make_tiny_model("lstm")
    encoding, found = trained.config.encoding, lstm["test"]
    events = [encoding.encode(piece) for piece in TEST]
    notes = sum(len(piece.notes) for piece in TEST)
    scores = score(trained.network, make_examples(encoding, events, [(4, 4)] * 3))
    assert (found["notes"], found["pieces"], found["skipped"]) == (notes, 3, 1), "the waltz is skipped and counted"
    assert found["families"] == found["nats_per_note"]["count"] == 2, "two of the three share a tune"
    assert found["nats_per_note"]["value"] == pytest.approx(sum(s.nats.sum() for s in scores) / notes, abs=1e-3)
    assert sum(found["nats"].values()) == pytest.approx(found["nats_per_note"]["value"], abs=1e-3)
    assert found["perplexity"] == pytest.approx(math.exp(found["nats_per_note"]["value"]), rel=1e-3)
    pitch_hits = sum(s.hits[:, PITCH].sum() for s in scores)
    assert found["pitch_accuracy"]["value"] == pytest.approx(pitch_hits / notes, abs=2 / notes)
    past_only = sum(hits.sum() for hits in past_only_hits(trained.network, encoding, events, [(4, 4)] * 3))
    assert found["pitch_accuracy_past_only"]["value"] == pytest.approx(past_only / notes, abs=2 / notes)


def test_the_cost_of_latents_is_in_the_bound(vae):
    found = vae["test"]
    assert found["kl_nats"] > 0
    assert sum(found["nats"].values()) + found["kl_nats"] == pytest.approx(found["nats_per_note"]["value"], abs=1e-3)


def test_floors_are_those_of_the_same_test_notes(lstm, vae):
    trained = make_tiny_model("lstm")
    encoding = trained.config.encoding
    events = [encoding.encode(piece) for piece in TEST]
    expected = floors(encoding, trained.training, [encoding.encode(chorale(10))], events)
    for name, nats in expected.items():
        value = sum(piece.sum() for piece in nats) / sum(len(piece.notes) for piece in TEST)
        assert lstm["floors"][name] == vae["floors"][name] == pytest.approx(value, abs=1e-4)
    assert lstm["floors"]["bigram"] <= lstm["floors"]["unigram"] + 0.1


def test_music_is_measured_over_the_bars_of_held_out_music(lstm, folders):
    """Bar 1 is left out of everything. Of the test pieces three have bars 2 and 3 left, one bar 2 alone; so of two
    pieces of an origin one is cut to that, were there four; of a single one the third length of four counts."""
    reference = [after_bar(cut_at_bar(piece, 3), 1) for piece in [*TEST, WALTZ]]
    assert [bars_of(piece) for piece in reference] == [2, 2, 1, 0]
    corpus, (manifest, music) = load_corpus(folders["corpus"]), load_music(folders["lstm music"])
    groups = comparable(corpus, manifest, music, MUSIC)
    assert [rows(piece) for piece in groups["reference"].pieces] == [rows(piece) for piece in reference[:3]]
    assert groups["reference"].families[1] == groups["reference"].families[2] != groups["reference"].families[0]
    for name, first in (("0.5", 0), ("1.5", 2)):
        opened, alone = (music[first + i] for i in range(2))
        expected = [cut_at_bar(after_bar(piece, 1), 2) for piece in (opened, alone)]
        assert [rows(piece) for piece in groups[name].pieces] == [rows(piece) for piece in expected]
        ranges = [measure(piece)["pitch_range"] for piece in expected]
        assert lstm["generated"][name]["pitch_range"]["value"] == pytest.approx(np.mean(ranges), abs=1e-3)
        whole = [after_bar(opened, 1), alone]
        runs = [longest_copied_run(piece, make_tiny_model("lstm").index) for piece in whole]
        assert lstm["originality"][name]["worst_copied_run"] == max(runs) <= MUSIC.copy_limit
    assert lstm["compared"]["reference"] == {"pieces": 3, "families": 2, "bars": pytest.approx(5 / 3, abs=1e-4)}
    assert lstm["compared"]["0.5"] == {"pieces": 2, "families": 2, "bars": 2.0}


def test_lengths_are_those_of_the_test_pieces_at_each_origin():
    """Half of 8 pieces from openings, half from nothing, 6 bars each; test pieces of 3 to 6 bars, of two tunes."""
    tests = [cut_at_bar(chorale(seed), bars) for seed, bars in ((1, 6), (2, 3), (3, 5), (4, 4))]
    corpus = tabulate([(piece, "test", "one" if i else "other") for i, piece in enumerate(tests)])
    names = ["a, bar 1", "b, bar 1", "a, bar 1", "c, bar 9", "", "", "", ""]
    manifest = pd.DataFrame({"item": range(8), "temperature": 1.0, "opening": names})
    manifest["origin"] = ["opening"] * 4 + ["nothing"] * 4
    manifest["opening_bars"] = [1] * 4 + [0] * 4
    groups = comparable(corpus, manifest, [chorale(seed) for seed in range(10, 18)], replace(MUSIC, bars=6))
    assert sorted(bars_of(piece) for piece in groups["reference"].pieces) == [2, 3, 4, 5]
    for origin in (slice(0, 4), slice(4, 8)):
        assert sorted(bars_of(piece) for piece in groups["1"].pieces[origin]) == [2, 3, 4, 5]
    assert len(set(groups["1"].families)) == 7, "two continue the same bars"
    assert [bars_of(piece) for piece in groups["1"].whole] == [5] * 4 + [6] * 4


def test_pieces_without_a_note_where_music_is_compared_are_left_out_and_counted():
    corpus = tabulate([(cut_at_bar(chorale(1), 1), "test", "1"), (chorale(2), "test", "2")])
    manifest = pd.DataFrame({"item": [0], "temperature": 1.0, "opening": "", "origin": "nothing", "opening_bars": 0})
    groups = comparable(corpus, manifest, [cut_at_bar(chorale(3), 1)], MUSIC)
    assert size(groups["reference"]) == {"pieces": 1, "families": 1, "bars": 2.0}
    assert size(groups["1"]) == {"pieces": 0, "families": 0, "bars": 0.0} and len(groups["1"].whole) == 1


def test_style_is_measured_beside_the_halves_of_the_reference(lstm):
    found = lstm["style"]
    assert found["generated"].keys() == found["standardised_difference"].keys() == {"0.5", "1.5"}
    assert found["divergence"].keys() == {"halves", "0.5", "1.5"} and "chords" in found["divergence"]["0.5"]
    assert not found["reference"].keys() & set(found["not_applicable"].split())
    for name, row in (("reference", lstm["reference"]), *lstm["generated"].items()):
        style = found["reference"] if name == "reference" else found["generated"][name]
        assert {key: row[key] for key in HEADLINES if key in row} == {
            key: style[key] for key in HEADLINES if key in style
        }
        assert row["closing_rate"]["count"] == 2
    assert lstm["take_up"].keys() == {"reference", "0.5", "1.5"}
    assert lstm["take_up"]["0.5"].keys() == {"own"}, "of a single opening there are no others"


def test_endings_are_those_of_whole_pieces_and_the_rest_of_what_is_compared():
    """Two pieces in C major: what is compared ends on the dominant, the whole on the tonic."""
    rows = [
        (12 * n, 12, pitch, part)
        for n, at in enumerate([(72, 48), (71, 55), (72, 48)] * 2)
        for part, pitch in enumerate(at)
    ]
    whole = piece_of(*[(*row[:2], row[2] + 4, 2 + row[3]) for row in rows if row[2] != 71], *rows, parts=4)
    cut = replace(whole, notes=whole.notes[whole.notes["onset"] < 5])
    group = Group([cut, cut], ["a", "b"], [None, None], [whole, whole], [whole, whole])
    found = styled({"reference": group, "1": group}, PARAMS)
    assert found["reference"]["closing_rate"]["value"] == 1 and found["reference"]["last_note_tonic_rate"]["value"] == 0
    assert taken_up(group, PARAMS) == {}


def test_a_set_without_pieces_has_no_style():
    group, nothing = Group([chorale(0)] * 2, ["a", "b"], [None] * 2, [chorale(0)] * 2, []), Group([], [], [], [], [])
    found = styled({"reference": group, "1": nothing}, PARAMS)
    assert found["generated"]["1"] == found["standardised_difference"]["1"] == found["divergence"]["1"] == {}
    assert styled({"reference": nothing, "1": group}, PARAMS)["halves"] == {}


def test_two_evaluations_say_the_same(vae, folders):
    torch.rand(3)
    assert evaluate(folders, "vae") == vae


@pytest.mark.parametrize(("field", "value"), [("seed", -1), ("resamples", 9)])
def test_params_out_of_range_are_named(field, value):
    with pytest.raises(ParamsError, match=f"^{field}: is {value}"):
        MusicEvaluationParams(**({"seed": 1, "resamples": 50} | {field: value}))

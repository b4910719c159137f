"""Training: it learns, sees every event once an epoch, and resumes to the same weights."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from stop import Stop
from tiny_model import backbone_params, chorale
from tiny_pieces import piece_of

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import PITCH
from reprise.composition.encoding.registry import encodable
from reprise.composition.models.batches import Batch, collate, make_examples
from reprise.composition.models.fit import ModelParams, VaeParams, fit_model, make_config
from reprise.composition.models.train import WARM_UP, FitParams, TrainingParams, TrainingSet, schedule, train
from reprise.composition.models.trained import MODELS, make_model
from reprise.composition.models.vae import LatentParams
from reprise.errors import BadInput, ParamsError
from reprise.pipeline.tracking import Tracker

EPOCHS = 3
PIECES = [chorale(seed) for seed in range(6)]
ENCODING = NotesEncoding.of(PIECES)
EVENTS = [ENCODING.encode(piece) for piece in PIECES]
TRAINING = TrainingParams(seed=1, threads=1, precision="32-true", encoding="notes", window=32, transpose=3)
FIT = FitParams(epochs=EPOCHS, patience=9, batch_size=4, learning_rate=0.01, weight_decay=0.01)
LATENT = LatentParams(size=2, phrase_bars=2, anneal=0.5, free_nats=0.05, forget=0.2)


def params(model: str, **changes: object) -> ModelParams | VaeParams:
    backbone = backbone_params("transformer" if model == "transformer" else "lstm", layers=1, context=16)
    fit = replace(FIT, **changes)
    return VaeParams(backbone, fit, LATENT) if model == "vae" else ModelParams(backbone, fit)


def run(
    work: Path,
    model: str = "lstm",
    tracker: Tracker | None = None,
    seed: int = 1,
    precision: str = "32-true",
    **changes: object,
):
    """Weights and curves of a model of four chorales, validated on two others."""
    pieces = {"train": PIECES[:4], "validation": PIECES[4:]}
    training = replace(TRAINING, seed=seed, precision=precision)
    trained, curves = fit_model(model, params(model, **changes), training, pieces, "cpu", work, tracker or Tracker())
    return trained.network.state_dict(), curves


def equal(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


# --- the loop


@pytest.mark.parametrize("model", MODELS)
def test_two_runs_give_the_same_weights_and_they_learn(tmp_path, model):
    first, curves = run(tmp_path / "a", model)
    second, again = run(tmp_path / "b", model)
    assert equal(first, second) and curves == again
    assert tuple(curves[0]) == ("epoch", "train_nats", "validation_nats", "learning_rate")
    assert [row["epoch"] for row in curves] == [1, 2, 3]
    assert curves[-1]["train_nats"] < curves[0]["train_nats"] - 0.1
    assert curves[-1]["validation_nats"] < curves[0]["validation_nats"]


@pytest.mark.parametrize("model", MODELS)
def test_a_step_in_bfloat16_is_nearly_one_in_float32(tmp_path, model):
    """Weights stay float32, and what is multiplied differs."""
    whole, curves = run(tmp_path / "32", model, epochs=1)
    mixed, of_mixed = run(tmp_path / "16", model, precision="bf16-mixed", epochs=1)
    assert all(weight.dtype == torch.float32 for weight in mixed.values()) and not equal(whole, mixed)
    for name in ("train_nats", "validation_nats"):
        assert of_mixed[0][name] == pytest.approx(curves[0][name], rel=0.01)


def test_another_seed_gives_other_weights(tmp_path):
    assert not equal(run(tmp_path / "1")[0], run(tmp_path / "2", seed=2)[0])


@pytest.mark.parametrize(("model", "after"), [("lstm", 1), ("lstm", 2), ("vae", 1), ("transformer", 2)])
def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path, model, after):
    whole, curves = run(tmp_path / "whole", model)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", model, Stop(after))
    torch.rand(7)  # what happened between counts for nothing
    resumed, resumed_curves = run(tmp_path / "broken", model)
    assert equal(resumed, whole) and resumed_curves == curves


def test_the_weights_are_those_of_the_best_epoch(tmp_path):
    weights, curves = run(tmp_path, learning_rate=1.0)
    config = make_config("lstm", params("lstm"), ENCODING, PIECES[:4])
    model = make_model(config)
    model.load_state_dict(weights)
    examples = make_examples(config.encoding, [config.encoding.encode(piece) for piece in PIECES[4:]], [(4, 4)] * 2)
    with torch.inference_mode():
        nats = model.eval()(collate(examples), 1.0).item() / sum(map(len, examples))
    assert nats == pytest.approx(min(row["validation_nats"] for row in curves), rel=1e-4)


def test_a_model_says_its_validation_nats_a_note(tmp_path):
    """Of the best epoch. An event more than notes ends each piece: 2 more of two pieces."""
    pieces = {"train": PIECES[:4], "validation": PIECES[4:]}
    trained, curves = fit_model("lstm", params("lstm"), TRAINING, pieces, "cpu", tmp_path, Tracker())
    notes = sum(len(piece.notes) for piece in PIECES[4:])
    best = min(row["validation_nats"] for row in curves)
    assert trained.config.validation_nats == pytest.approx(best * (notes + 2) / notes, abs=1e-4)
    assert np.isnan(make_config("lstm", params("lstm"), ENCODING, PIECES[:4]).validation_nats), "before training"


def test_the_learning_rate_rises_and_falls():
    assert schedule(0) == 0 and schedule(WARM_UP / 2) == 0.5 and schedule(WARM_UP) == 1
    assert schedule((1 + WARM_UP) / 2) == pytest.approx(0.5), "half of what follows: half a cosine"
    assert schedule(1) == pytest.approx(0)
    values = [schedule(done) for done in np.linspace(WARM_UP, 1, 50)]
    assert values == sorted(values, reverse=True)


class Worsening(torch.nn.Module):
    """Finds `weight` nats in every event of validation pieces, which training makes more and more of."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, batch: Batch, done: float) -> torch.Tensor:
        nats = self.weight * batch.mask[..., 0].sum()
        return -nats if self.training else nats


def worsen(work: Path, tracker: Tracker | None = None, **changes: object) -> tuple[float, list[float]]:
    """The weight that remains, and the validation nats of each epoch."""
    model, examples = Worsening(), make_examples(ENCODING, [EVENTS[4], EVENTS[5][:20]], [(4, 4)] * 2)
    data, fit = TrainingSet(ENCODING, EVENTS[:4], [(4, 4)] * 4), replace(FIT, **changes)
    curves = train(model, data, examples, TRAINING, fit, "cpu", work, tracker or Tracker())
    return model.weight.item(), [row["validation_nats"] for row in curves]


def test_the_best_epoch_stays_and_validation_counts_nats_an_event(tmp_path):
    weight, nats = worsen(tmp_path)
    assert len(nats) == EPOCHS and nats == sorted(nats) and nats[0] < nats[-1]
    assert weight == pytest.approx(nats[0], rel=1e-5) and weight > 2


@pytest.mark.parametrize("after", range(1, EPOCHS + 1))
def test_an_interrupt_after_the_best_epoch_does_not_lose_it(tmp_path, after):
    whole = worsen(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        worsen(tmp_path / "broken", Stop(after))
    assert worsen(tmp_path / "broken") == whole


def test_patience_ends_training_early_and_for_good(tmp_path):
    weight, nats = worsen(tmp_path, epochs=9, patience=2)
    assert len(nats) == 3, "the best, and two that are worse"
    assert worsen(tmp_path, epochs=9, patience=2) == (weight, nats), "nothing is trained again"


# --- what an epoch shows


def windows(transpose: int = 0, epoch: int = 0, window: int = 32, batch_size: int = 4) -> list[list]:
    data = TrainingSet(ENCODING, EVENTS, [(4, 4)] * len(EVENTS))
    rng = np.random.default_rng([1, epoch])
    return data.batches(replace(TRAINING, window=window, transpose=transpose), batch_size, rng)


def rows(groups: list[list]) -> Counter:
    return Counter(tuple(event) for group in groups for window in group for event in window.events.tolist())


@pytest.mark.parametrize("window", [8, 32, 10_000])
def test_an_epoch_shows_every_event_once(window):
    groups = windows(window=window)
    assert rows(groups) == Counter(tuple(event) for events in EVENTS for event in events.tolist())
    lengths = [len(example) for group in groups for example in group]
    assert max(lengths) <= window and max(map(len, groups)) <= 4
    assert (window < 10_000) or sorted(lengths) == sorted(map(len, EVENTS)), "whole pieces where they fit"
    assert sum(example.first.sum() for group in groups for example in group) == len(EVENTS)


def test_a_window_knows_what_came_before_it():
    """Its features are those of the whole piece: here the bar counts on."""
    assert max(example.bar.min() for group in windows() for example in group) > 2


def test_each_epoch_draws_from_a_generator_of_its_own(tmp_path, monkeypatch):
    """The same one in every run, whatever was drawn before: what makes a run resumable."""
    drawn, original = [], TrainingSet.batches

    def spy(self, params, batch_size, rng):
        drawn.append(rng.bit_generator.state["state"]["state"])
        return original(self, params, batch_size, rng)

    monkeypatch.setattr(TrainingSet, "batches", spy)
    for name in "ab":
        worsen(tmp_path / name)
    assert drawn[:EPOCHS] == drawn[EPOCHS:] and len(set(drawn)) == EPOCHS


def test_windows_are_cut_and_shuffled_anew_in_each_epoch():
    first, second = ([len(example) for group in windows(epoch=epoch) for example in group] for epoch in (0, 1))
    assert first != second and sum(first) == sum(second)


def test_batches_hold_windows_of_about_the_same_length():
    for group in windows(window=48):
        lengths = [len(example) for example in group]
        assert max(lengths) <= 1.3 * min(lengths) or len(group) < 4 or min(lengths) < 40


def test_pieces_are_transposed_within_the_vocabulary_and_otherwise_in_each_epoch():
    """One window a piece: the first pitch tells how far each of them moved."""
    seen = []
    for epoch in range(4):
        shifts = []
        for example in (example for group in windows(12, epoch, 10_000) for example in group):
            pitches = example.events[:-1, PITCH]
            assert pitches.min() >= 0 and pitches.max() <= ENCODING.highest - ENCODING.lowest
            (piece,) = [events for events in EVENTS if np.array_equal(events[:, :1], example.events[:, :1])]
            shifts.append((len(piece), int(pitches[0] - piece[0, PITCH])))
            assert np.array_equal(ENCODING.transposed(piece, shifts[-1][1]), example.events)
        seen.append(sorted(shifts))
    assert len({tuple(shifts) for shifts in seen}) == 4
    moved = {shift for shifts in seen for _, shift in shifts}
    assert min(moved) < -3 and max(moved) > 3, "not by 12: the vocabulary has 6 more on either side"


def test_pieces_move_by_no_more_than_asked():
    for epoch in range(3):
        for example in (example for group in windows(1, epoch, 10_000) for example in group):
            (piece,) = [events for events in EVENTS if np.array_equal(events[:, :1], example.events[:, :1])]
            assert abs(example.events[0, PITCH] - piece[0, PITCH]) <= 1


# --- from a corpus


def test_pieces_beyond_the_vocabulary_are_left_out():
    high = piece_of((0, 12, 120, 0), parts=4, source="high")
    kept, events = encodable(ENCODING, [PIECES[0], high, PIECES[1]])
    assert [piece.source for piece in kept] == ["chorale 0", "chorale 1"] and len(events) == 2
    with pytest.raises(BadInput, match="no validation piece within the range"):
        fit_model("lstm", params("lstm"), TRAINING, {"train": PIECES, "validation": [high]}, "cpu", Path(), Tracker())


def test_the_config_holds_what_is_usual_in_training():
    """Two of three pieces are for programs 5 and 6, two are in 3/4; a piece for one part says nothing of the second."""
    pieces = [
        replace(piece_of((0, 12, 60, 0), (0, 12, 64, 1), metre=metre), programs=programs, tempo_bpm=tempo)
        for metre, programs, tempo in (((3, 4), (5, 6), 80.0), ((3, 4), (5, 6), 90.0), ((4, 4), (7, 7), 120.0))
    ]
    solos = [replace(piece_of((0, 12, 60, 0)), programs=(9,)) for _ in range(3)]
    config = make_config("lstm", params("lstm"), NotesEncoding.of(pieces + solos[:2]), pieces + solos[:2])
    assert (config.programs, config.metre, config.latent) == ((5, 6), (4, 4), None)
    assert make_config("vae", params("vae"), NotesEncoding.of(pieces), pieces).metre == (3, 4)
    assert make_config("vae", params("vae"), NotesEncoding.of(pieces), pieces).tempo_bpm == 90.0
    assert make_config("vae", params("vae"), NotesEncoding.of(pieces), pieces).latent == LATENT


@pytest.mark.parametrize(
    ("good", "field", "value"),
    [
        (TRAINING, "seed", -1),
        (TRAINING, "threads", 0),
        (TRAINING, "precision", "8-bit"),
        (TRAINING, "window", 7),
        (TRAINING, "transpose", 25),
        (FIT, "epochs", 0),
        (FIT, "patience", 0),
        (FIT, "batch_size", 0),
        (FIT, "learning_rate", 0.0),
        (FIT, "learning_rate", float("nan")),
        (FIT, "weight_decay", -1.0),
    ],
)
def test_params_out_of_range_are_named(good, field, value):
    with pytest.raises(ParamsError, match=f"^{field}: is {value!r}"):
        replace(good, **{field: value})

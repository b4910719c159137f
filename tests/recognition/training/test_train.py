"""Training: it learns, resumes to the same weights, and asks nothing of chance."""

import numpy as np
import pytest
import torch
from stop import Stop

from reprise.errors import BadInput, ParamsError
from reprise.pipeline.tracking import Tracker
from reprise.recognition.data import SpectrogramSet, StemSet
from reprise.recognition.model import NetworkParams
from reprise.recognition.training.augment import AugmentParams
from reprise.recognition.training.remix import MixRule
from reprise.recognition.training.train import TrainParams, predict, train

EPOCHS = 3


def params(**changes: object) -> TrainParams:
    augment = AugmentParams(16, 0.5, 2.0, 1.0, (-80.0, -70.0), 4, 2)
    values = {
        "seed": 1,
        "threads": 1,
        "precision": "32-true",
        "epochs": EPOCHS,
        "patience": 9,
        "batch_size": 8,
        "learning_rate": 0.01,
        "weight_decay": 0.01,
        "average_decay": 0.5,
        "step_loss_weight": 1.0,
        "network": NetworkParams((4, 4, 8, 8), 16, 1),
        "augment": augment,
    }
    return TrainParams(**(values | changes))


def bands(clips: int, seed: int) -> SpectrogramSet:
    """Three 'instruments', each a loud band of its own; which of them sound is random, but at least one."""
    rng = np.random.default_rng(seed)
    labels = (rng.random((clips, 3)) < 0.5).astype(np.float32)
    labels[labels.sum(1) == 0, 0] = 1
    arrays = np.full((clips, 32, 24), -80, np.float16)
    for clip, instrument in zip(*np.nonzero(labels)):
        arrays[clip, 4 + 10 * instrument : 8 + 10 * instrument] = 0
    return SpectrogramSet(arrays, labels, np.arange(clips), labels.sum(1).astype(int))


def stems(clips: int, seed: int) -> StemSet:
    """The same 'instruments', each alone; a clip has one to three of them."""
    rng = np.random.default_rng(seed)
    parts = [rng.permutation(3)[: rng.integers(1, 4)] for _ in range(clips)]
    instruments = np.concatenate(parts)
    arrays = np.full((len(instruments), 32, 24), -80, np.float16)
    for stem, instrument in enumerate(instruments):
        arrays[stem, 4 + 10 * instrument : 8 + 10 * instrument] = 0
    rows = np.split(np.arange(len(instruments)), np.cumsum([len(part) for part in parts])[:-1])
    return StemSet(arrays, np.full((len(arrays), 12), 0.1, np.float32), instruments, 3, rows, np.arange(0, 12, 2))


RULE = MixRule(level_range_db=6.0, mix_level_db=(-26.0, -14.0), audible_db=-30.0, floor_db=-80.0)


def run(work, epochs: int = EPOCHS, tracker: Tracker | None = None, **changes: object):
    return train(stems(64, 0), bands(32, 1), params(**changes), epochs, RULE, "cpu", work, tracker or Tracker())


def test_it_learns_bands(tmp_path):
    network, thresholds, curves = run(tmp_path, epochs=12)
    decisions = predict(network, bands(32, 2)) >= thresholds
    assert (decisions == (bands(32, 2).labels > 0)).mean() > 0.95
    assert curves[-1]["train_loss"] < curves[0]["train_loss"]
    assert tuple(curves[0]) == ("epoch", "train_loss", "validation_loss", "validation_macro_f1", "learning_rate")


def test_two_runs_give_the_same_weights(tmp_path):
    first, second = (run(tmp_path / name)[0].state_dict() for name in "ab")
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_it_trains_in_bfloat16_too(tmp_path):
    network, _, curves = run(tmp_path / "16", precision="bf16-mixed", epochs=1)
    assert all(weight.dtype == torch.float32 for weight in network.parameters())
    assert curves[0]["train_loss"] == pytest.approx(run(tmp_path / "32", epochs=1)[2][0]["train_loss"], rel=0.02)


def test_another_seed_gives_others(tmp_path):
    first, second = (run(tmp_path / str(seed), seed=seed)[0].state_dict() for seed in (1, 2))
    assert not torch.equal(first["logits.weight"], second["logits.weight"])


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path, after):
    whole, thresholds, curves = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", tracker=Stop(after))
    resumed, resumed_thresholds, resumed_curves = run(tmp_path / "broken")
    assert resumed_curves == curves
    assert np.array_equal(resumed_thresholds, thresholds)
    weights = whole.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in resumed.state_dict().items())


def test_patience_ends_training_early(tmp_path):
    _, _, curves = run(tmp_path, epochs=12, patience=1, learning_rate=1e-9)
    assert len(curves) < 12


@pytest.mark.parametrize("steps", range(1, 7))
def test_a_run_of_a_few_steps_has_a_schedule(tmp_path, steps):
    _, _, curves = run(tmp_path, epochs=steps, batch_size=64)
    assert all(0 <= row["learning_rate"] <= 0.01 for row in curves)


def test_too_few_clips_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"recognizer\.batch_size: is 128, but there are 64"):
        run(tmp_path, batch_size=128)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ParamsError, match="precision: is '8-bit'"):
        params(precision="8-bit")

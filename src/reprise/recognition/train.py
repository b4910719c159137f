"""Training of the recognizer: AdamW, one-cycle learning rate, averaged weights, early stopping on validation data.

Every random draw comes from the seed and the number of the epoch, and the checkpoint of each epoch holds the
whole state, so a run that was interrupted ends with the same bytes as one that wasn't. Weights are bit-identical
on one machine with the same number of threads, which is therefore a parameter.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reprise.errors import BadInput
from reprise.params import require
from reprise.progress import progress_bar
from reprise.recognition.augment import AugmentParams, augment
from reprise.recognition.data import SpectrogramSet, StemSet
from reprise.recognition.metrics import best_thresholds, macro_f1
from reprise.recognition.model import TIME_STRIDE, NetworkParams, Recognizer
from reprise.recognition.remix import MixRule, remix
from reprise.tracking import Tracker
from reprise.training import load_checkpoint, out_of_patience, save_checkpoint

PRECISIONS = ("32-true", "bf16-mixed")
WARM_UP = 0.2  # share of the steps in which the learning rate rises
CURVES = ("epoch", "train_loss", "validation_loss", "validation_macro_f1", "learning_rate")


@dataclass(frozen=True)
class TrainParams:
    """The `recognizer` section."""

    seed: int
    threads: int
    precision: str
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    average_decay: float
    step_loss_weight: float
    ceiling_epochs: int
    network: NetworkParams
    augment: AugmentParams

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(self.precision in PRECISIONS, "precision", self.precision, f"one of {', '.join(PRECISIONS)}")
        for key in ("threads", "epochs", "patience", "ceiling_epochs"):
            require(getattr(self, key) >= 1, key, getattr(self, key), "1 or more")
        require(self.batch_size >= 2, "batch_size", self.batch_size, "2 or more")
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "above 0, at most 1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        require(0 <= self.average_decay < 1, "average_decay", self.average_decay, "from 0 to below 1")
        require(self.step_loss_weight >= 0, "step_loss_weight", self.step_loss_weight, "0 or more")


@dataclass
class _State:
    """Everything that changes during training; what a checkpoint holds."""

    network: nn.Module
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    curves: list[dict]
    best: dict[str, Tensor]
    best_f1: float = -1.0

    def content(self) -> dict:
        kept = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer", "schedule")}
        return {**kept, "curves": self.curves, "best": self.best, "best_f1": self.best_f1}

    def restore(self, content: dict) -> None:
        for name in ("network", "average", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(content[name])
        self.curves, self.best, self.best_f1 = content["curves"], content["best"], content["best_f1"]


def train(
    train_set: StemSet,
    validation_set: SpectrogramSet,
    params: TrainParams,
    epochs: int,
    rule: MixRule,
    device: str,
    work: Path,
    tracker: Tracker,
) -> tuple[Recognizer, np.ndarray, list[dict]]:
    """Train, or go on training from the checkpoint in `work`.

    Returns:
        The network of the best epoch (averaged weights), the thresholds found on `validation_set`, float[K], and the
        curves: a row an epoch with the keys `CURVES`.

    Raises:
        BadInput: a set is too small for one batch.
    """
    if len(train_set) < params.batch_size:
        raise BadInput(f"recognizer.batch_size: is {params.batch_size}, but there are {len(train_set)} training clips")
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=device, devices=1, precision=params.precision)
    state = _start(train_set, params, epochs, fabric)
    checkpoint = work / "checkpoint.pt"
    if content := load_checkpoint(checkpoint, fabric.device):
        state.restore(content)
    with progress_bar(epochs, "training", "epochs", initial=len(state.curves)) as bar:
        for epoch in range(len(state.curves), epochs):
            if out_of_patience([row["validation_macro_f1"] for row in state.curves], params.patience):
                break
            loss = _train_epoch(state, train_set, params, epoch, rule, fabric, bar)
            row = {"epoch": epoch + 1, "train_loss": loss, **_validate(state, validation_set, fabric)}
            row["learning_rate"] = state.optimizer.param_groups[0]["lr"]
            state.curves.append({key: float(f"{row[key]:.6g}") for key in CURVES})
            save_checkpoint(state.content(), checkpoint)
            tracker.metrics(state.curves[-1], step=epoch + 1)
            bar.set_postfix_str(f"loss {loss:.4f}, validation F1 {row['validation_macro_f1']:.4f}", refresh=False)
            bar.update(1)
    best = Recognizer(params.network, train_set.arrays.shape[1], train_set.kinds)
    best.load_state_dict(state.best)
    probabilities = predict(best, validation_set)
    return best.eval(), best_thresholds(validation_set.labels, probabilities), state.curves


def _start(train_set: StemSet, params: TrainParams, epochs: int, fabric: Fabric) -> _State:
    fabric.seed_everything(params.seed, verbose=False)
    network = Recognizer(params.network, train_set.arrays.shape[1], train_set.kinds)
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
    )
    network, optimizer = fabric.setup(network, optimizer)
    steps = max(epochs * (len(train_set) // params.batch_size) + 1, 4)
    warm_up = max(WARM_UP, 2 / steps)  # the scheduler divides by the length of the warm-up less one step
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, params.learning_rate, total_steps=steps, pct_start=warm_up, cycle_momentum=False
    )
    average = AveragedModel(network.module, multi_avg_fn=get_ema_multi_avg_fn(params.average_decay), use_buffers=True)
    return _State(network, average, optimizer, schedule, [], {})


def _train_epoch(
    state: _State,
    data: StemSet,
    params: TrainParams,
    epoch: int,
    rule: MixRule,
    fabric: Fabric,
    bar: object,
) -> float:
    """One pass over the training clips; returns the mean loss."""
    state.network.train()
    rng = np.random.default_rng(np.random.SeedSequence([params.seed, epoch]))
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    order = rng.permutation(len(data))
    losses = []
    batches = len(data) // params.batch_size
    for index in range(batches):
        clips = order[index * params.batch_size : (index + 1) * params.batch_size]
        batch = _draw_batch(data, clips, params.augment, rule, rng, generator)
        spectrograms, labels, active = (tensor.to(fabric.device) for tensor in batch)
        clip_logits, step_logits = state.network(spectrograms)
        loss = nn.functional.binary_cross_entropy_with_logits(clip_logits, labels)
        total = loss + params.step_loss_weight * nn.functional.binary_cross_entropy_with_logits(step_logits, active)
        state.optimizer.zero_grad()
        fabric.backward(total)
        fabric.clip_gradients(state.network, state.optimizer, max_norm=2.0)
        state.optimizer.step()
        state.schedule.step()
        state.average.update_parameters(state.network.module)
        losses.append(loss.item())
        if index % 10 == 0:
            bar.set_postfix_str(f"batch {index}/{batches}, loss {np.mean(losses):.4f}", refresh=False)
    return float(np.mean(losses))


def _draw_batch(
    data: StemSet,
    clips: np.ndarray,
    params: AugmentParams,
    rule: MixRule,
    rng: np.random.Generator,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """A random stretch of new mixes, augmented, with the labels of what can be heard in that stretch."""
    steps = len(data.step_windows)
    length = min(params.crop_frames // TIME_STRIDE, steps)
    start = int(rng.integers(steps - length + 1))
    stretch = slice(start, start + length)
    spectrograms, active = remix(data, clips, rule, params.swap_probability, stretch, rng)
    return augment(spectrograms, params, rule.floor_db, generator), active.amax(dim=2), active


@torch.inference_mode()
def _validate(state: _State, data: SpectrogramSet, fabric: Fabric) -> dict[str, float]:
    """Loss and macro-F1 (at the thresholds best on this data) of the averaged weights; keeps the best epoch's."""
    probabilities = predict(state.average.module, data, fabric.device)
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    loss = -np.mean(data.labels * np.log(clipped) + (1 - data.labels) * np.log(1 - clipped))
    f1 = macro_f1(data.labels, probabilities >= best_thresholds(data.labels, probabilities))
    if f1 > state.best_f1:
        state.best_f1 = f1
        state.best = {key: value.detach().cpu().clone() for key, value in state.average.module.state_dict().items()}
    return {"validation_loss": float(loss), "validation_macro_f1": f1}


@torch.inference_mode()
def predict(
    network: nn.Module, data: SpectrogramSet, device: torch.device | str = "cpu", batch_size: int = 64
) -> np.ndarray:
    """Probability of each instrument in each clip, float[N, K]."""
    network.eval()
    parts = []
    for start in range(0, len(data), batch_size):
        rows = np.arange(start, min(start + batch_size, len(data)))
        parts.append(network(data.batch(rows).to(device))[0].sigmoid().cpu().numpy())
    return np.concatenate(parts)

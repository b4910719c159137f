"""Training of a composer: AdamW, warm-up and cosine decay, early stopping on validation nats a note.

Every random draw comes from the seed and the number of the epoch, and the checkpoint of each epoch holds the whole
state, so an interrupted run ends with the same bytes as one that wasn't. Weights are bit-identical on one machine with
the same number of threads.
"""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from reprise.composition.batches import Batch, Example, collate, in_groups, make_examples
from reprise.composition.events import Encoding
from reprise.params import require
from reprise.progress import progress_bar
from reprise.tracking import Tracker
from reprise.training import load_checkpoint, out_of_patience, save_checkpoint

PRECISIONS = ("32-true", "bf16-mixed")
WARM_UP = 0.05  # share of the steps in which the learning rate rises
CLIP_NORM = 1.0  # of the gradient
CURVES = ("epoch", "train_nats", "validation_nats", "learning_rate")


@dataclass(frozen=True)
class TrainingParams:
    """The section `composers.training`: what all composers share."""

    seed: int
    threads: int
    precision: str
    window: int
    transpose: int

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(self.threads >= 1, "threads", self.threads, "1 or more")
        require(self.precision in PRECISIONS, "precision", self.precision, f"one of {', '.join(PRECISIONS)}")
        require(self.window >= 8, "window", self.window, "8 events or more")
        require(0 <= self.transpose <= 24, "transpose", self.transpose, "from 0 to 24 semitones")


@dataclass(frozen=True)
class FitParams:
    """How one model is trained: `fit` in its section."""

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float

    def __post_init__(self) -> None:
        for key in ("epochs", "patience", "batch_size"):
            require(getattr(self, key) >= 1, key, getattr(self, key), "1 or more")
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "above 0, at most 1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")


class TrainingSet:
    """Pieces as events, transposed, cut into windows and shuffled anew for each epoch."""

    def __init__(self, encoding: Encoding, events: list[np.ndarray], metres: list[tuple[int, int]]) -> None:
        self.encoding, self.events, self.metres = encoding, events, metres

    def batches(self, params: TrainingParams, batch_size: int, rng: np.random.Generator) -> list[list[Example]]:
        """Every event of every piece once, in windows of about the same length a batch."""
        moved = [self._transposed(events, params.transpose, rng) for events in self.events]
        windows = []
        for example in make_examples(self.encoding, moved, self.metres):
            cuts = (
                range(int(rng.integers(params.window)), len(example), params.window)
                if len(example) > params.window
                else ()
            )
            borders = [0, *(cut for cut in cuts if cut), len(example)]
            windows += [example.window(start, end - start) for start, end in itertools.pairwise(borders)]
        order = np.argsort([len(window) * rng.uniform(0.9, 1.1) for window in windows])
        chunks = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
        return [[windows[i] for i in chunks[c]] for c in rng.permutation(len(chunks))]

    def _transposed(self, events: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
        down, up = self.encoding.room(events)
        return self.encoding.transposed(events, int(rng.integers(-min(down, most), min(up, most) + 1)))


@dataclass
class _State:
    """Everything that changes during training; what a checkpoint holds."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    curves: list[dict]
    best: dict[str, Tensor]

    def content(self) -> dict:
        kept = {name: getattr(self, name).state_dict() for name in ("model", "optimizer")}
        return {**kept, "curves": self.curves, "best": self.best}

    def restore(self, content: dict) -> None:
        for name in ("model", "optimizer"):
            getattr(self, name).load_state_dict(content[name])
        self.curves, self.best = content["curves"], content["best"]


def train(
    model: nn.Module,
    train_set: TrainingSet,
    validation: list[Example],
    params: TrainingParams,
    fit: FitParams,
    device: str,
    work: Path,
    tracker: Tracker,
) -> list[dict]:
    """Train `model`, or go on from the checkpoint in `work`; leaves the weights of the best epoch in it.

    Args:
        model: `model(batch, done)` is the loss in nats, summed over the batch, at the share `done` of the training,
        0-1.

    Returns:
        The curves: a row an epoch with the keys `CURVES`, in nats an event.
    """
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=device, devices=1, precision=params.precision)
    state = _start(model, fit, fabric)
    checkpoint = work / "checkpoint.pt"
    if content := load_checkpoint(checkpoint, fabric.device):
        state.restore(content)
    batches = [collate(group) for group in in_groups(validation, fit.batch_size, key=len)]
    with progress_bar(fit.epochs, "training", "epochs", initial=len(state.curves)) as bar:
        for epoch in range(len(state.curves), fit.epochs):
            if out_of_patience([-row["validation_nats"] for row in state.curves], fit.patience):
                break
            loss = _train_epoch(state, train_set, params, fit, epoch, fabric, bar)
            row = {"epoch": epoch + 1, "train_nats": loss, "validation_nats": _validate(state, batches, fabric)}
            row["learning_rate"] = state.optimizer.param_groups[0]["lr"]
            state.curves.append({key: float(f"{row[key]:.6g}") for key in CURVES})
            save_checkpoint(state.content(), checkpoint)
            tracker.metrics(state.curves[-1], step=epoch + 1)
            bar.set_postfix_str(f"nats {loss:.3f}, validation {row['validation_nats']:.3f}", refresh=False)
            bar.update(1)
    model.load_state_dict(state.best)
    model.eval()
    return state.curves


def _start(model: nn.Module, fit: FitParams, fabric: Fabric) -> _State:
    optimizer = torch.optim.AdamW(
        model.parameters(), fit.learning_rate, (0.9, 0.98), weight_decay=fit.weight_decay, fused=True
    )
    model, optimizer = fabric.setup(model, optimizer)
    return _State(model, optimizer, [], {})


def _train_epoch(
    state: _State, data: TrainingSet, params: TrainingParams, fit: FitParams, epoch: int, fabric: Fabric, bar: object
) -> float:
    """One pass over the training pieces; returns the mean loss in nats an event."""
    rng = np.random.default_rng(np.random.SeedSequence([params.seed, epoch]))
    fabric.seed_everything(
        int(rng.integers(2**31)), verbose=False
    )  # of dropout: an epoch doesn't depend on those before
    state.model.train()
    groups = data.batches(params, fit.batch_size, rng)
    total = events = 0.0
    for index, group in enumerate(groups):
        done = (epoch + index / len(groups)) / fit.epochs
        for settings in state.optimizer.param_groups:
            settings["lr"] = fit.learning_rate * schedule(done)
        batch = collate(group).to(fabric.device)
        loss, count = state.model(batch, done), batch.mask[..., 0].sum()
        state.optimizer.zero_grad()
        fabric.backward(loss / count)
        fabric.clip_gradients(state.model, state.optimizer, max_norm=CLIP_NORM)
        state.optimizer.step()
        total, events = total + loss.item(), events + count.item()
        if index % 10 == 0:
            bar.set_postfix_str(f"batch {index}/{len(groups)}, nats {total / events:.3f}", refresh=False)
    return total / events


def schedule(done: float) -> float:
    """Factor of the learning rate: a linear rise, then half a cosine down to 0."""
    return done / WARM_UP if done < WARM_UP else 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))


@torch.inference_mode()
def _validate(state: _State, batches: list[Batch], fabric: Fabric) -> float:
    """Nats an event on the validation pieces; keeps the weights of the best epoch."""
    state.model.eval()
    fabric.seed_everything(0, verbose=False)  # a VAE draws its latents
    moved = [batch.to(fabric.device) for batch in batches]
    total = sum(state.model(batch, 1.0).item() for batch in moved)
    nats = total / sum(batch.mask[..., 0].sum().item() for batch in moved)
    if nats < min((row["validation_nats"] for row in state.curves), default=math.inf):
        state.best = {key: value.detach().cpu().clone() for key, value in state.model.module.state_dict().items()}
    return nats

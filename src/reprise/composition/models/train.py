"""Training of a model: AdamW, warm-up and cosine decay, early stopping on validation nats a note.

Every random draw comes from the seed and the number of the epoch, and the checkpoint of each epoch holds the whole
state, so an interrupted run ends with the same bytes as one that wasn't. Weights are bit-identical on one machine with
the same number of threads.
"""

import itertools
import math
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import nn
from tqdm import tqdm

from reprise.checked import OneOf, checked
from reprise.composition.encoding.events import Encoding, Frame
from reprise.composition.encoding.registry import ENCODINGS
from reprise.composition.models.batches import Batch, Example, collate, in_groups, make_examples
from reprise.composition.models.conditions import Teaching, Told
from reprise.learning.training import FitParams, RunParams, run_epochs
from reprise.pipeline.tracking import Tracker

WARM_UP = 0.05  # share of the steps in which the learning rate rises
CLIP_NORM = 1.0  # of the gradient


@checked
class TrainingParams(RunParams):
    """The section `models.training`: what all models share."""

    encoding: Annotated[str, OneOf(tuple(ENCODINGS))]
    window: Annotated[int, Field(ge=8)]
    transpose: Annotated[int, Field(ge=0, le=24)]


class TrainingSet:
    """Pieces as events, transposed, cut into windows and shuffled anew for each epoch; with what is told of them."""

    def __init__(
        self,
        encoding: Encoding,
        events: list[np.ndarray],
        metres: list[tuple[int, int]],
        told: list[Told] | None = None,
        teaching: Teaching | None = None,
    ) -> None:
        self.encoding, self.events, self.metres, self.told, self.teaching = encoding, events, metres, told, teaching

    def batches(self, params: TrainingParams, batch_size: int, rng: np.random.Generator) -> list[list[Example]]:
        """Every event of every piece once, in windows of about the same length a batch."""
        shifts = [self._shift(events, params.transpose, rng) for events in self.events]
        moved = [self.encoding.transposed(events, shift) for events, shift in zip(self.events, shifts)]
        windows = []
        for example in self.examples(moved, shifts, rng):
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

    def examples(self, moved: list[np.ndarray], shifts: list[int], rng: np.random.Generator) -> list[Example]:
        """The pieces of one epoch, each moved by so many semitones, with what the model is told of them."""
        conditions, frames = self._conditions(shifts, rng)
        return make_examples(self.encoding, moved, self.metres, conditions, frames)

    def _shift(self, events: np.ndarray, most: int, rng: np.random.Generator) -> int:
        down, up = self.encoding.room(events)
        return int(rng.integers(-min(down, most), min(up, most) + 1))

    def _conditions(self, shifts: list[int], rng: np.random.Generator) -> tuple[list[np.ndarray] | None, list[Frame]]:
        """What the model is told of each piece in this epoch, some of it left out: conditions, and frames."""
        if self.told is None or self.teaching is None:
            return None, []
        left = [self.teaching.omit(told.transposed(shift), rng) for told, shift in zip(self.told, shifts)]
        return [self.teaching.conditions.vector(told.attributes) for told in left], [told.frame for told in left]


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
        The curves: a row an epoch with its number, nats an event in training and validation, and the learning rate.
    """
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=device, devices=1, precision=params.precision)
    optimizer = torch.optim.AdamW(
        model.parameters(), fit.learning_rate, (0.9, 0.98), weight_decay=fit.weight_decay, fused=True
    )
    _, optimizer = fabric.setup(model, optimizer)
    batches = [collate(group) for group in in_groups(validation, fit.batch_size, key=len)]

    def one_epoch(epoch: int, bar: tqdm) -> dict[str, float]:
        loss = _train_epoch(model, optimizer, train_set, params, fit, epoch, fabric, bar)
        nats, rate = _validate(model, batches, fabric), optimizer.param_groups[0]["lr"]
        return {"train_nats": loss, "validation_nats": nats, "learning_rate": rate}

    best, curves = run_epochs(
        {"model": model, "optimizer": optimizer},
        model,
        one_epoch,
        lambda figures: -figures["validation_nats"],
        fit.epochs,
        fit.patience,
        work,
        fabric.device,
        tracker,
    )
    model.load_state_dict(best)
    model.eval()
    return curves


def _train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: TrainingSet,
    params: TrainingParams,
    fit: FitParams,
    epoch: int,
    fabric: Fabric,
    bar: tqdm,
) -> float:
    """One pass over the training pieces; returns the mean loss in nats an event."""
    rng = np.random.default_rng(np.random.SeedSequence([params.seed, epoch]))
    # of dropout: an epoch doesn't depend on those before
    fabric.seed_everything(int(rng.integers(2**31)), verbose=False)
    model.train()
    groups = data.batches(params, fit.batch_size, rng)
    total = events = 0.0
    for index, group in enumerate(groups):
        done = (epoch + index / len(groups)) / fit.epochs
        for settings in optimizer.param_groups:
            settings["lr"] = fit.learning_rate * schedule(done)
        batch = collate(group).to(fabric.device)
        with fabric.autocast():
            loss, count = model(batch, done), batch.mask[..., 0].sum()
        optimizer.zero_grad()
        fabric.backward(loss / count)
        fabric.clip_gradients(model, optimizer, max_norm=CLIP_NORM)
        optimizer.step()
        total, events = total + loss.item(), events + count.item()
        if index % 10 == 0:
            bar.set_postfix_str(f"batch {index}/{len(groups)}, nats {total / events:.3f}", refresh=False)
    return total / events


def schedule(done: float) -> float:
    """Factor of the learning rate: a linear rise, then half a cosine down to 0."""
    return done / WARM_UP if done < WARM_UP else 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))


@torch.inference_mode()
def _validate(model: nn.Module, batches: list[Batch], fabric: Fabric) -> float:
    """Nats an event on the validation pieces."""
    model.eval()
    fabric.seed_everything(0, verbose=False)  # a VAE draws its latents
    moved = [batch.to(fabric.device) for batch in batches]
    with fabric.autocast():
        nats = sum(model(batch, 1.0).item() for batch in moved)
    return nats / sum(batch.mask[..., 0].sum().item() for batch in moved)

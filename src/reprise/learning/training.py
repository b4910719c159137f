"""What every training shares: the loop over epochs with its checkpoint and its patience, and the params of one."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from tqdm import tqdm

from reprise.checked import AtLeastOne, Seed, checked
from reprise.errors import RepriseError
from reprise.pipeline.tracking import Tracker
from reprise.progress import progress_bar


@checked
class RunParams:
    """What changes the bits of a training but not what is trained: part of every section of one.

    Every training calls its network itself, under `fabric.autocast()`, up to the loss. The wrapper that Fabric makes
    rounds what goes in as well, and refuses batches that are frozen dataclasses; it is needed on several devices alone.
    """

    seed: Seed
    threads: AtLeastOne
    precision: Literal["32-true", "bf16-mixed"]  # of lightning.fabric


@checked
class FitParams:
    """How a network is fitted: passes over the data at most, and without a better figure; batches; AdamW."""

    epochs: AtLeastOne
    patience: AtLeastOne
    batch_size: AtLeastOne
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    weight_decay: Annotated[float, Field(ge=0)]


class Stateful(Protocol):
    """What a checkpoint keeps: a network, an optimiser, a schedule, an average of weights."""

    def state_dict(self) -> dict[str, Any]:
        """All that changes in training."""

    def load_state_dict(self, state: dict[str, Any], /) -> object:
        """Go on from there."""


def run_epochs(
    parts: Mapping[str, Stateful],
    network: nn.Module,
    one_epoch: Callable[[int, tqdm], dict[str, float]],
    score: Callable[[dict[str, float]], float],
    epochs: int,
    patience: int,
    work: Path,
    device: torch.device,
    tracker: Tracker,
) -> tuple[dict[str, Tensor], list[dict]]:
    """Train epoch by epoch, or go on from the checkpoint in `work`, as long as it gets better.

    Args:
        parts: all that changes in training, by name. network: whose weights are kept.
        one_epoch: trains and validates; given the epoch's number, from 0, and the bar to write on, it returns the
        epoch's figures. score: of such figures; higher is better.
        patience: end after so many epochs without a better score.

    Returns:
        The weights of the best epoch, on the CPU, and the curves: a row an epoch, its number (from 1) first.

    Raises:
        RepriseError: a figure of an epoch is not finite.
    """
    checkpoint = work / "checkpoint.pt"
    curves: list[dict[str, float]] = []
    best: dict[str, Tensor] = {}
    if content := load_checkpoint(checkpoint, device):
        curves, best = content["curves"], {key: value.cpu() for key, value in content["best"].items()}
        for name, part in parts.items():
            part.load_state_dict(content[name])
    with progress_bar(epochs, "training", "epochs", initial=len(curves)) as bar:
        for epoch in range(len(curves), epochs):
            if out_of_patience([score(row) for row in curves], patience):
                break
            figures = {"epoch": epoch + 1, **one_epoch(epoch, bar)}
            for name, value in figures.items():
                if not math.isfinite(value):
                    raise RepriseError(f"training: {name} is {value} in epoch {epoch + 1}; lower the learning_rate")
            row = {key: float(f"{value:.6g}") for key, value in figures.items()}
            if all(score(row) > score(before) for before in curves):
                best = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
            curves.append(row)
            states = {name: part.state_dict() for name, part in parts.items()}
            save_checkpoint({**states, "curves": curves, "best": best}, checkpoint)
            tracker.metrics(row, step=epoch + 1)
            told = (f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items() if name != "epoch")
            bar.set_postfix_str(", ".join(told), refresh=False)
            bar.update(1)
    return best, curves


def save_checkpoint(content: dict, path: Path) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path, device: torch.device) -> dict | None:
    """The checkpoint that an earlier run left, or None; runs no code from the file."""
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None


def out_of_patience(scores: Sequence[float], patience: int) -> bool:
    """Whether the best of `scores` (higher is better), one an epoch, is `patience` epochs old."""
    return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= patience

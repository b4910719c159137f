"""Training of the recognizer: AdamW, one-cycle learning rate, averaged weights, early stopping on validation data.

Every random draw comes from the seed and the number of the epoch, and the checkpoint of each epoch holds the
whole state, so a run that was interrupted ends with the same bytes as one that wasn't. Weights are bit-identical
on one machine with the same number of threads, which is therefore a parameter.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from reprise.checked import checked
from reprise.errors import BadInput
from reprise.learning.training import FitParams, RunParams, run_epochs
from reprise.pipeline.tracking import Tracker
from reprise.recognition.data import SpectrogramSet, StemSet
from reprise.recognition.metrics import best_thresholds, macro_f1
from reprise.recognition.model import TIME_STRIDE, NetworkParams, Recognizer
from reprise.recognition.training.augment import AugmentParams, augment
from reprise.recognition.training.remix import MixRule, remix

WARM_UP = 0.2  # share of the steps in which the learning rate rises


@checked
class TrainParams(FitParams, RunParams):
    """The `recognizer` section."""

    batch_size: Annotated[int, Field(ge=2)]  # a batch norm of one clip is none
    average_decay: Annotated[float, Field(ge=0, lt=1)]
    step_loss_weight: Annotated[float, Field(ge=0)]
    network: NetworkParams
    augment: AugmentParams


@dataclass
class _State:
    """Everything that changes during training."""

    network: Recognizer
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler


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
        curves: a row an epoch with its number, losses, validation macro-F1 and learning rate.

    Raises:
        BadInput: a set is too small for one batch.
    """
    if len(train_set) < params.batch_size:
        raise BadInput(f"recognizer.batch_size: is {params.batch_size}, but there are {len(train_set)} training clips")
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fabric = Fabric(accelerator=device, devices=1, precision=params.precision)
    state = _start(train_set, params, epochs, fabric)

    def one_epoch(epoch: int, bar: tqdm) -> dict[str, float]:
        loss = _train_epoch(state, train_set, params, epoch, rule, fabric, bar)
        validation = _validate(state.average.module, validation_set, fabric)
        return {"train_loss": loss, **validation, "learning_rate": state.optimizer.param_groups[0]["lr"]}

    weights, curves = run_epochs(
        vars(state),
        state.average.module,
        one_epoch,
        lambda figures: figures["validation_macro_f1"],
        epochs,
        params.patience,
        work,
        fabric.device,
        tracker,
    )
    best = Recognizer(params.network, train_set.arrays.shape[1], train_set.kinds)
    best.load_state_dict(weights)
    probabilities = predict(best, validation_set)
    return best.eval(), best_thresholds(validation_set.labels, probabilities), curves


def _start(train_set: StemSet, params: TrainParams, epochs: int, fabric: Fabric) -> _State:
    fabric.seed_everything(params.seed, verbose=False)
    network = Recognizer(params.network, train_set.arrays.shape[1], train_set.kinds)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its types lack it
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
    )
    _, optimizer = fabric.setup(network, optimizer)
    steps = max(epochs * (len(train_set) // params.batch_size) + 1, 4)
    warm_up = max(WARM_UP, 2 / steps)  # the scheduler divides by the length of the warm-up less one step
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, params.learning_rate, total_steps=steps, pct_start=warm_up, cycle_momentum=False
    )
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(params.average_decay), use_buffers=True)
    return _State(network, average, optimizer, schedule)


def _train_epoch(
    state: _State,
    data: StemSet,
    params: TrainParams,
    epoch: int,
    rule: MixRule,
    fabric: Fabric,
    bar: tqdm,
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
        with fabric.autocast():
            clip_logits, step_logits = state.network(spectrograms)
            loss = nn.functional.binary_cross_entropy_with_logits(clip_logits, labels)
            of_steps = nn.functional.binary_cross_entropy_with_logits(step_logits, active)
            total = loss + params.step_loss_weight * of_steps
        state.optimizer.zero_grad()
        fabric.backward(total)
        fabric.clip_gradients(state.network, state.optimizer, max_norm=2.0)
        state.optimizer.step()
        state.schedule.step()
        state.average.update_parameters(state.network)
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
def _validate(network: nn.Module, data: SpectrogramSet, fabric: Fabric) -> dict[str, float]:
    """Loss and macro-F1 (at the thresholds best on this data)."""
    probabilities = predict(network, data, fabric.device)
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    loss = -np.mean(data.labels * np.log(clipped) + (1 - data.labels) * np.log(1 - clipped))
    f1 = macro_f1(data.labels, probabilities >= best_thresholds(data.labels, probabilities))
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

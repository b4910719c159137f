"""The earlier instrument recognizer (github.com/kkrolewiak/WIMU), for `earlier_design.py`: pictures, network, training.

Kept as it was: the picture (512 mel bands of a 2,048-sample window every 512 samples, dB relative to the picture's own
loudest point, 80 dB deep, drawn and shrunk to 400x400 grey pixels, scaled to -1..1), the network, BCE with pos_weight,
Adam 1e-3, batches of 64, the last epoch's weights, and the decision at 0.5 on the logit (a probability of .62).

Shapes: B pictures, K instruments; pictures are uint8[400, 400], low frequencies at the bottom.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.progress import progress_bar

SIZE = 400
DEPTH_DB = 80.0
CHANNELS = (1, 8, 16, 32, 128)
SIDE = 23  # of what the last pooling leaves of SIZE
BATCH = 64
LEARNING_RATE = 1e-3
EPOCHS, DROP_EVERY, DROP = 20, 5, 0.1  # StepLR(5, .1) over 20 epochs
LOGIT_THRESHOLD = 0.5


def picture(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """A clip as its picture, uint8[400, 400]; the clip's whole length is the picture's width."""
    settings = SpectrogramParams(2048, 512, 512, 0.0, sample_rate / 2, -100.0)
    decibels = torch.from_numpy(log_mel(samples, sample_rate, settings))
    grey = ((decibels - decibels.max()) / DEPTH_DB + 1).clamp(0, 1).flip(0)[None, None]
    shrunk = nn.functional.interpolate(grey, (SIZE, SIZE), mode="bilinear", antialias=True)
    return (shrunk[0, 0] * 255).round().clamp(0, 255).byte().numpy()


def to_input(pictures: np.ndarray) -> Tensor:
    """uint8[B, 400, 400] as the network's input, float32[B, 1, 400, 400] in -1..1."""
    return torch.from_numpy(pictures).float().div_(127.5).sub_(1).unsqueeze(1)


class EarlierNetwork(nn.Sequential):
    """Four unpadded 3x3 convolutions, each normalised, rectified and halved; dropout; one linear layer."""

    def __init__(self, instruments: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(CHANNELS):
            layers += [nn.Conv2d(inputs, outputs, 3), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        head = (nn.Flatten(), nn.Dropout(0.5), nn.Linear(CHANNELS[-1] * SIDE**2, instruments))
        super().__init__(*layers, *head)


@dataclass
class Pictures:
    """One set: uint8[N, 400, 400] (memory-mapped), labels float32[N, K], instruments a clip int[N]."""

    images: np.ndarray
    labels: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def positive_weights(labels: np.ndarray) -> Tensor:
    """BCE's pos_weight: clips without an instrument over clips with it, of the training set; float32[K]."""
    having = labels.sum(axis=0)
    return torch.from_numpy(((len(labels) - having) / np.maximum(having, 1)).astype(np.float32))


def train(
    data: Pictures,
    seed: int,
    threads: int,
    bfloat16: bool,
    budget_s: float | None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[EarlierNetwork, dict[str, float]]:
    """Train for `budget_s` seconds, or for all 20 epochs where that is None.

    Within a budget the learning rate falls at each quarter of the time, as it does at each quarter of the 20 epochs:
    the design keeps its schedule however little time there is.

    Args:
        bfloat16: train in mixed precision, as ours does on processors that multiply it natively.

    Returns:
        The network, and `epochs`, `seconds` and the `loss` of the last hundred batches.
    """
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)  # ours switches them on; they cost time
    torch.manual_seed(seed)
    network = EarlierNetwork(data.labels.shape[1]).to(memory_format=torch.channels_last)  # as ours; 20 % quicker
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    criterion = nn.BCEWithLogitsLoss(pos_weight=positive_weights(data.labels))
    batches, losses, start = -(-len(data) // BATCH), [], clock()
    network.train()
    with progress_bar(batches * EPOCHS, "earlier design", "batches") as bar:
        for number, rows in enumerate(_batches(len(data), seed)):
            share = number / (batches * EPOCHS) if budget_s is None else (clock() - start) / budget_s
            if share >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * DROP ** int(share * EPOCHS / DROP_EVERY)
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                losses.append(step(network, optimizer, criterion, data, rows))
            bar.update(1)
    return network.eval(), {
        "epochs": round(len(losses) / batches, 2),
        "seconds": round(clock() - start, 1),
        "loss": round(float(np.mean(losses[-100:])), 4),
    }


def step(
    network: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module, data: Pictures, rows: np.ndarray
) -> float:
    """One step on some rows; returns the loss before it."""
    loss = criterion(network(to_input(data.images[rows])), torch.from_numpy(data.labels[rows]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _batches(count: int, seed: int) -> Iterator[np.ndarray]:
    """Rows of one batch after another, each epoch in an order of its own, without end."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(count)
        yield from (np.sort(order[start : start + BATCH]) for start in range(0, count, BATCH))


@torch.inference_mode()
def logits(network: nn.Module, data: Pictures) -> np.ndarray:
    """Logits of every picture, float32[N, K]."""
    parts = [network(to_input(data.images[start : start + BATCH])) for start in range(0, len(data), BATCH)]
    return torch.cat(parts).numpy()

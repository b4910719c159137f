"""Cached spectrograms as training and test data, memory-mapped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from reprise.audio.levels import LEVEL_WINDOW_S
from reprise.audio.spectrogram import SpectrogramParams
from reprise.errors import ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.model import TIME_STRIDE


@dataclass(frozen=True)
class SpectrogramSet:
    """One set of clips.

    Attributes:
        arrays: float16[N, M, T] in dB, memory-mapped.
        labels: float32[N, K], 0 or 1.
        active: float32[N, K, S], 1 where an instrument sounds during a step of the network.
        clips, count: id and number of instruments of each clip, int[N].
    """

    arrays: np.ndarray
    labels: np.ndarray
    active: np.ndarray
    clips: np.ndarray
    count: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: np.ndarray) -> Tensor:
        """Rows as float32 Tensor[B, M, T]."""
        return torch.from_numpy(self.arrays[rows].astype(np.float32))


def load_set(folder: Path, name: str, params: SpectrogramParams, sample_rate: int) -> SpectrogramSet:
    """The set `name` that the stage cache_spectrograms wrote.

    Raises:
        ShardError: a file is missing, cut off or of another shape.
    """
    path = folder / f"{name}.npy"
    try:
        arrays, table = np.load(path, mmap_mode="r"), pd.read_parquet(folder / f"{name}.parquet")
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: not a readable set ({error}); run the stage cache_spectrograms") from error
    if arrays.ndim != 3 or len(arrays) != len(table) or arrays.shape[1] != params.n_mels:
        raise ShardError(f"{path}: shape {arrays.shape} doesn't fit its table and params; run cache_spectrograms again")
    windows = np.stack([[np.frombuffer(part.encode(), np.uint8) for part in parts] for parts in table["active"]])
    return SpectrogramSet(
        arrays,
        table[list(INSTRUMENT_NAMES)].to_numpy(np.float32),
        steps_of_windows(windows - ord("0"), arrays.shape[2], params, sample_rate),
        table["clip"].to_numpy(),
        table["count"].to_numpy(),
    )


def steps_of_windows(windows: np.ndarray, frames: int, params: SpectrogramParams, sample_rate: int) -> np.ndarray:
    """Activity in windows of 0.1 s, [N, K, W], as activity at the centre of each network step, float32[N, K, S]."""
    centres = (np.arange(0, frames, TIME_STRIDE) + TIME_STRIDE / 2) * params.hop_length / sample_rate
    places = np.minimum((centres / LEVEL_WINDOW_S).astype(int), windows.shape[-1] - 1)
    return windows[..., places].astype(np.float32)

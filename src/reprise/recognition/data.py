"""Cached spectrograms as training data (stems, to be mixed) and test data (clips as they are), memory-mapped."""

from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class StemSet:
    """The stems of the clips that are trained on.

    Attributes:
        arrays: float16[S, M, T] in dB, memory-mapped.
        levels: RMS in windows of 0.1 s, float32[S, W].
        instruments: index of each stem's instrument, int[S].
        kinds: K, how many instruments there are.
        clips: the stems of each clip, N arrays of up to four row numbers.
        step_windows: the window at the centre of each step of the network, int[steps].
    """

    arrays: np.ndarray
    levels: np.ndarray
    instruments: np.ndarray
    kinds: int
    clips: list[np.ndarray]
    step_windows: np.ndarray

    @cached_property
    def of_instrument(self) -> dict[int, np.ndarray]:
        """The stems of each instrument."""
        return {int(k): np.flatnonzero(self.instruments == k) for k in np.unique(self.instruments)}

    def __len__(self) -> int:
        return len(self.clips)


def load_set(folder: Path, name: str, params: SpectrogramParams, sample_rate: int) -> SpectrogramSet:
    """The set `name` that the stage cache_spectrograms wrote.

    Raises:
        ShardError: a file is missing, cut off or of another shape.
    """
    (arrays,), table = _read(folder, name, params.n_mels, f"{name}.npy")
    windows = np.stack([[np.frombuffer(part.encode(), np.uint8) for part in parts] for parts in table["active"]])
    places = windows_of_steps(arrays.shape[2], windows.shape[2], params, sample_rate)
    return SpectrogramSet(
        arrays,
        table[list(INSTRUMENT_NAMES)].to_numpy(np.float32),
        (windows[..., places] - ord("0")).astype(np.float32),
        table["clip"].to_numpy(),
        table["count"].to_numpy(),
    )


def load_stems(folder: Path, name: str, params: SpectrogramParams, sample_rate: int) -> StemSet:
    """The stems of the set `name` that the stage cache_spectrograms wrote.

    Raises:
        ShardError: a file is missing, cut off or of another shape.
    """
    (arrays, levels), table = _read(folder, name, params.n_mels, f"{name}.npy", f"{name}_levels.npy")
    starts = np.flatnonzero(np.diff(table["clip"].to_numpy())) + 1
    places = windows_of_steps(arrays.shape[2], levels.shape[1], params, sample_rate)
    clips = np.split(np.arange(len(table)), starts)
    return StemSet(arrays, np.array(levels), table["instrument"].to_numpy(), len(INSTRUMENT_NAMES), clips, places)


def _read(folder: Path, name: str, n_mels: int, *files: str) -> tuple[list[np.ndarray], pd.DataFrame]:
    """Arrays of a set, memory-mapped, and its table."""
    path = folder / files[0]
    try:
        arrays = [np.load(folder / file, mmap_mode="r") for file in files]
        table = pd.read_parquet(folder / f"{name}.parquet")
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: not a readable set ({error}); run the stage cache_spectrograms") from error
    shape = arrays[0].shape
    if len(shape) != 3 or shape[1] != n_mels or any(len(array) != len(table) for array in arrays):
        raise ShardError(f"{path}: shape {shape} doesn't fit its table and params; run cache_spectrograms again")
    return arrays, table


def windows_of_steps(frames: int, windows: int, params: SpectrogramParams, sample_rate: int) -> np.ndarray:
    """Which window of 0.1 s lies at the centre of each step of the network, int[S]."""
    centres = (np.arange(0, frames, TIME_STRIDE) + TIME_STRIDE / 2) * params.hop_length / sample_rate
    return np.minimum((centres / LEVEL_WINDOW_S).astype(int), windows - 1)

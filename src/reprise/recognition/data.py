"""Cached spectrograms as training data (stems, to be mixed) and test data (clips as they are), memory-mapped."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from reprise.audio.levels import LEVEL_WINDOW_S
from reprise.audio.spectrogram import SpectrogramParams
from reprise.errors import ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.model import TIME_STRIDE

T = TypeVar("T")


@dataclass(frozen=True)
class SpectrogramSet:
    """One set of clips.

    Attributes:
        arrays: float16[N, M, T] in dB, memory-mapped.
        labels: float32[N, K], 0 or 1.
        clips, count: id and number of instruments of each clip, int[N].
    """

    arrays: np.ndarray
    labels: np.ndarray
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
        arrays: float16[R, M, T] in dB, memory-mapped.
        levels: RMS in windows of 0.1 s, float32[R, W].
        instruments: index of each stem's instrument, int[R].
        kinds: K, how many instruments there are.
        clips: the stems of each clip, N arrays of up to four row numbers.
        step_windows: the window at the centre of each step of the network, int[S].
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


def load_set(folder: Path, name: str, params: SpectrogramParams) -> SpectrogramSet:
    """The set `name` that the stage cache_spectrograms wrote.

    Raises:
        ShardError: a file is missing, cut off or of another shape.
    """
    table = _read(folder / f"{name}.parquet", pd.read_parquet)
    arrays = _read_array(folder / f"{name}.npy", len(table), params.n_mels, None)
    labels = table[list(INSTRUMENT_NAMES)].to_numpy(np.float32)
    return SpectrogramSet(arrays, labels, table["clip"].to_numpy(), table["count"].to_numpy())


def load_stems(folder: Path, name: str, params: SpectrogramParams, sample_rate: int) -> StemSet:
    """The stems of the set `name` that the stage cache_spectrograms wrote.

    Raises:
        ShardError: a file is missing, cut off or of another shape.
    """
    table = _read(folder / f"{name}.parquet", pd.read_parquet)
    arrays = _read_array(folder / f"{name}.npy", len(table), params.n_mels, None)
    levels = _read_array(folder / f"{name}_levels.npy", len(table), None)
    starts = np.flatnonzero(np.diff(table["clip"].to_numpy())) + 1
    places = windows_of_steps(arrays.shape[2], levels.shape[1], params, sample_rate)
    clips = np.split(np.arange(len(table)), starts)
    return StemSet(arrays, np.array(levels), table["instrument"].to_numpy(), len(INSTRUMENT_NAMES), clips, places)


def _read_array(path: Path, *shape: int | None) -> np.ndarray:
    """An array, memory-mapped; None in `shape` is any length."""
    array = _read(path, partial(np.load, mmap_mode="r"))
    if len(array.shape) != len(shape) or any(n not in (None, length) for n, length in zip(shape, array.shape)):
        raise ShardError(f"{path}: shape {array.shape} doesn't fit its table and params; run cache_spectrograms again")
    return array


def _read(path: Path, read: Callable[[Path], T]) -> T:
    """What `read` makes of a file of a set."""
    try:
        return read(path)
    except (OSError, ValueError, EOFError) as error:
        raise ShardError(f"{path}: not a readable part of a set ({error}); run the stage cache_spectrograms") from error


def windows_of_steps(frames: int, windows: int, params: SpectrogramParams, sample_rate: int) -> np.ndarray:
    """Which window of 0.1 s lies at the centre of each step of the network, int[S]."""
    centres = (np.arange(0, frames, TIME_STRIDE) + TIME_STRIDE / 2) * params.hop_length / sample_rate
    return np.minimum((centres / LEVEL_WINDOW_S).astype(int), windows - 1)

"""Notes as a set, the way the notes tower reads them.

A note is two categories, its pitch and its program, and numbers: when it begins, how long it lasts and when it ends,
its velocity, the share that it sounds of the time to its part's next onset and whether there is one, its own share of
all notes that begin with it, and how long notes at each interval class sound with it. Shapes: B sets of at most N
notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from reprise.music.piece import Piece

MOST_NOTES = 192  # of a window; the first ones are read
WAVES = 8  # of a time: sines and cosines of 1 to 128 half turns a window
# Which number is which: times are shares of the window.
DURATION, END, VELOCITY, SHARE, GOES_ON, OF_CHORD, TOGETHER = range(2 * WAVES, 2 * WAVES + 7)
NUMBERS = TOGETHER + 12


@dataclass(frozen=True)
class NoteSet:
    """Notes of one window of time: pitch and program, int64[N, 2], and `NUMBERS` numbers, float32[N, NUMBERS]."""

    kinds: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.kinds)


class NoteBatch(NamedTuple):
    """Sets of notes as tensors: kinds int64[B, N, 2], numbers float32[B, N, NUMBERS], there bool[B, N]."""

    kinds: Tensor
    numbers: Tensor
    there: Tensor


def note_set(piece: Piece, start_s: float, window_s: float) -> NoteSet:
    """The notes that begin in a window of a piece, times counted from its start."""
    beat = piece.seconds_per_beat
    onset = piece.notes["onset"] * beat
    inside = (onset >= start_s - 1e-9) & (onset < start_s + window_s - 1e-9)
    notes, onset = piece.notes[inside][:MOST_NOTES], onset[inside][:MOST_NOTES] - start_s
    duration = notes["duration"] * beat
    waves = np.pi * (onset / window_s)[:, None] * 2.0 ** np.arange(WAVES)
    numbers = [
        np.sin(waves),
        np.cos(waves),
        np.stack([duration / window_s, (onset + duration) / window_s, notes["velocity"] / 64 - 1], axis=1),
        _until_next(notes["part"], onset, duration),
        1 / np.maximum(np.isclose(onset[:, None], onset, atol=1e-6).sum(axis=1, keepdims=True), 1),
        _sounding_with(notes["pitch"].astype(int), onset, duration) / window_s,
    ]
    programs = np.array(piece.programs, np.int64)[notes["part"]]
    kinds = np.stack([notes["pitch"].astype(np.int64), programs], axis=1)
    return NoteSet(kinds, np.concatenate(numbers, axis=1).astype(np.float32))


def _until_next(part: np.ndarray, onset: np.ndarray, duration: np.ndarray) -> np.ndarray:
    """The share that a note sounds of the time to its part's next onset, at most 1, and whether there is one, 0 or 1;
    float[N, 2], both 0 where there is none.
    """
    found = np.zeros((len(part), 2))
    for number in np.unique(part):
        own = np.flatnonzero(part == number)
        times, place = np.unique(np.round(onset[own], 6), return_inverse=True)
        gaps = np.append(np.diff(times), np.inf)[place]
        found[own, 0], found[own, 1] = np.minimum(duration[own] / gaps, 1), np.isfinite(gaps)
    return found


def _sounding_with(pitch: np.ndarray, onset: np.ndarray, duration: np.ndarray) -> np.ndarray:
    """Seconds that other notes sound with each, by how many semitones they lie above it modulo 12, float[N, 12]."""
    end = onset + duration
    together = np.minimum(end[:, None], end) - np.maximum(onset[:, None], onset)
    np.fill_diagonal(together, 0)
    above = (pitch - pitch[:, None]) % 12
    return np.stack([np.where(above == step, together.clip(min=0), 0).sum(axis=1) for step in range(12)], axis=1)


def collate_notes(sets: Sequence[NoteSet]) -> NoteBatch:
    """Sets as one batch, filled up to the largest; at least one place, so that an empty set is allowed."""
    longest = max([1, *map(len, sets)])
    kinds = np.zeros((len(sets), longest, 2), np.int64)
    numbers = np.zeros((len(sets), longest, NUMBERS), np.float32)
    there = np.zeros((len(sets), longest), bool)
    for row, own in enumerate(sets):
        kinds[row, : len(own)], numbers[row, : len(own)], there[row, : len(own)] = own.kinds, own.numbers, True
    return NoteBatch(*map(torch.from_numpy, (kinds, numbers, there)))

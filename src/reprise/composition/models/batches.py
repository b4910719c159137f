"""Sequences of events as what a model is taught with: features of whole pieces, cut into windows, padded into batches.

`Example` holds one piece or a window of it as numpy arrays, `Batch` several as tensors. Row i belongs to the
prediction of event i.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reprise.composition.encoding.events import Encoding, Frame, State

PLAIN, BY_FIELD = ("events", "mask", "first", "bar", "read", "condition"), ("given", "references", "classes")
TOGETHER = 128  # pieces whose features are made in one go


@dataclass(frozen=True)
class Example:
    """Events with their features; N events, F fields, K categories, R references, C the size of a condition.

    Attributes:
        events: int64[N, F], the targets. mask: bool[N, F], True where a field counts.
        first: bool[N], True where no event comes before. bar: int64[N], in which the event before lies, 0 without one.
        read: int64[N, K], of the event before.
        condition: float32[N, C], what a model is told of the piece beside its past; C is 0 where that is nothing.
        given, references, classes: for each field what `events.State` says, int64[N, ...].
        beside: what a model reads of the piece as a whole, int64[M, G], the same in every window; M is 0 where nothing.
    """

    events: np.ndarray
    mask: np.ndarray
    first: np.ndarray
    bar: np.ndarray
    read: np.ndarray
    condition: np.ndarray
    given: tuple[np.ndarray, ...]
    references: tuple[np.ndarray, ...]
    classes: tuple[np.ndarray, ...]
    beside: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def __len__(self) -> int:
        return len(self.events)

    def window(self, start: int, length: int) -> "Example":
        """Events start .. start + length - 1; what came before stays in their features."""
        cut = slice(start, start + length)
        own: dict[str, Any] = {name: getattr(self, name)[cut] for name in PLAIN}
        own |= {name: tuple(array[cut] for array in getattr(self, name)) for name in BY_FIELD}
        return replace(self, **own)


@dataclass(frozen=True)
class Batch:
    """Examples as tensors [B, N, ...], `beside` [B, M, G], padded at the end with what doesn't count; see `Example`."""

    events: Tensor
    mask: Tensor
    first: Tensor
    bar: Tensor
    read: Tensor
    condition: Tensor
    given: tuple[Tensor, ...]
    references: tuple[Tensor, ...]
    classes: tuple[Tensor, ...]
    beside: Tensor

    def to(self, device: torch.device | str) -> "Batch":
        """The same on another device."""
        moved: dict[str, Any] = {name: getattr(self, name).to(device) for name in (*PLAIN, "beside")}
        moved |= {name: tuple(tensor.to(device) for tensor in getattr(self, name)) for name in BY_FIELD}
        return replace(self, **moved)


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples to the longest of them."""

    def pad(arrays: Sequence[np.ndarray]) -> Tensor:
        length = max(map(len, arrays))
        padded = np.zeros((len(arrays), length, *arrays[0].shape[1:]), arrays[0].dtype)
        for row, array in zip(padded, arrays):
            row[: len(array)] = array
        return torch.from_numpy(padded)

    fields: dict[str, Any] = {name: pad([getattr(example, name) for example in examples]) for name in PLAIN}
    for name in BY_FIELD:
        fields[name] = tuple(pad(arrays) for arrays in zip(*(getattr(example, name) for example in examples)))
    return Batch(**fields, beside=pad([example.beside for example in examples]))


def in_groups(items: Sequence, size: int, key: Callable) -> list[list]:
    """The items in groups of `size`, those alike in `key` together: little padding."""
    ordered = sorted(items, key=key)
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]


def make_examples(
    encoding: Encoding,
    events: Sequence[np.ndarray],
    metres: Sequence[tuple[int, int]],
    conditions: Sequence[np.ndarray] | None = None,
    frames: Sequence[Frame] = (),
) -> list[Example]:
    """The features of whole pieces, int64[N, F] each, in their metres; of each its condition, float[C], and frame, if
    any.
    """
    order = sorted(range(len(events)), key=lambda i: len(events[i]))
    examples: dict[int, Example] = {}
    for at in range(0, len(order), TOGETHER):
        group = order[at : at + TOGETHER]
        told = [frames[i] for i in group] if frames else ()
        features = _features(encoding.start([metres[i] for i in group], told), [events[i] for i in group])
        for row, i in enumerate(group):
            bar, read, *by_field = features
            own = slice(len(events[i]))
            first = np.arange(len(events[i])) == 0
            own_condition = np.zeros(0) if conditions is None else conditions[i]
            condition = np.broadcast_to(own_condition.astype(np.float32), (len(first), len(own_condition)))
            plain = events[i], encoding.mask(events[i]), first, bar[row, own], read[row, own], condition
            given, references, classes = (tuple(array[row, own] for array in arrays) for arrays in by_field)
            examples[i] = Example(*plain, given, references, classes)
    return [examples[i] for i in range(len(events))]


def _features(state: State, group: Sequence[np.ndarray]) -> tuple:
    """What `state` says of B pieces: bar [B, N], read [B, N, K], and `BY_FIELD` for each field [B, N, ...]."""
    padded = np.zeros((len(group), max(map(len, group)), group[0].shape[1]), np.int64)
    for row, events in zip(padded, group):
        row[: len(events)] = events
    bars, read, by_field = [], [], []
    for n in range(padded.shape[1]):
        event = padded[:, n]
        bars.append(state.bar)
        by_field.append([state_of(state, field, event) for field in range(event.shape[1])])
        read.append(state.push(event))
    read = [np.zeros_like(read[0]), *read[:-1]]
    stacked = [
        [np.stack(arrays, axis=1) for arrays in zip(*events)] for events in zip(*by_field)
    ]  # by field, then kind
    return np.stack(bars, axis=1), np.stack(read, axis=1), *map(tuple, zip(*stacked))


def state_of(state: State, field: int, event: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a head is given before it predicts a field, in the order of `BY_FIELD`."""
    return state.given(field, event), state.references(field, event), state.classes(field, event)

"""A model that reads sequences as they grow: the state of the encoding and the cache of the network, side by side."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from reprise.composition.encoding.events import Encoding, Frame
from reprise.composition.models.batches import state_of


class Drawable(Protocol):
    """What of a model music is drawn from, see `TupleModel`."""

    phrase_bars: int
    condition_size: int

    @property
    def heads(self) -> Any: ...

    def eval(self) -> object: ...

    def parameters(self) -> Iterator[torch.nn.Parameter]: ...

    def step(
        self, read: torch.Tensor | None, cache: object, condition: torch.Tensor
    ) -> tuple[torch.Tensor, object]: ...

    def draw_condition(self, rng: np.random.Generator) -> np.ndarray: ...


class ModelReading:
    """B sequences as a model reads them, told of their frames, if any; `state` is what the encoding says of them."""

    def __init__(
        self, model: Drawable, encoding: Encoding, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()
    ) -> None:
        self.model, self.state = model, encoding.start(metres, frames)
        self.device = next(model.parameters()).device
        self.read: torch.Tensor | None = None
        self.cache: object = None
        self.hidden = torch.zeros(0)

    def step(self, conditions: np.ndarray) -> None:
        """Get ready to predict the next event, under conditions float[B, C]."""
        told = torch.from_numpy(conditions.astype(np.float32)).to(self.device)
        self.hidden, self.cache = self.model.step(self.read, self.cache, told)

    def logits(self, f: int, event: np.ndarray) -> np.ndarray:
        """float64[B, size] of field `f` of the next event, int64[B, F], which holds its earlier fields."""
        inputs = (torch.from_numpy(array).to(self.device) for array in state_of(self.state, f, event))
        return self.model.heads[f](self.hidden, *inputs).double().cpu().numpy()

    def push(self, event: np.ndarray) -> None:
        """Take in whole events, int64[B, F]."""
        self.read = torch.from_numpy(self.state.push(event)).to(self.device)

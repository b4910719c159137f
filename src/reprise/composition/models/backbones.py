"""Temporal backbones: from what was read of the events so far to one vector an event.

Each maps x float[B, N, D] to float[B, N, D], causally, and takes and returns a cache, so that events may also come one
at a time: `y, cache = backbone(x, cache)`. Both ways give the same numbers but for rounding.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from reprise.checked import AtLeastOne, checked, require
from reprise.learning.dropout import Dropout

CHUNK = 512  # events


@checked
class StackParams:
    """Layers of one width, with dropout."""

    layers: Annotated[int, Field(ge=1, le=48)]
    width: Annotated[int, Field(ge=8, le=8192)]
    dropout: Annotated[float, Field(ge=0, lt=1)]


@checked
class LstmParams(StackParams):
    """Stacked LSTMs."""

    kind: Literal["lstm"]


@checked
class TransformerParams(StackParams):
    """A Transformer with so many heads of attention; an event sees `context` events back in each layer."""

    kind: Literal["transformer"]
    heads: AtLeastOne
    context: AtLeastOne

    def __post_init__(self) -> None:
        fits = self.width % (2 * self.heads) == 0
        require(fits, "heads", self.heads, f"1 or more, and twice it a divisor of the width {self.width}")


AnyBackbone = LstmParams | TransformerParams
BackboneParams = Annotated[AnyBackbone, Field(discriminator="kind")]


def make_backbone(params: AnyBackbone) -> nn.Module:
    """The backbone that `params` describes."""
    return LstmBackbone(params) if isinstance(params, LstmParams) else TransformerBackbone(params)


class LstmBackbone(nn.Module):
    """Stacked LSTMs with dropout between them; the cache is (h, c), each float[layers, B, D]."""

    def __init__(self, params: LstmParams) -> None:
        super().__init__()
        dropout = params.dropout if params.layers > 1 else 0.0
        self.lstm = nn.LSTM(params.width, params.width, params.layers, batch_first=True, dropout=dropout)
        self.norm = nn.LayerNorm(params.width)

    def forward(self, x: Tensor, cache: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, cache = self.lstm(x, cache)
        return self.norm(y), cache


class TransformerBackbone(nn.Module):
    """Pre-norm Transformer with rotary positions (Su et al. 2021) and a sliding window of `context` events.

    The cache holds what each layer remembers of the last `context` events, and counts the events seen.
    """

    def __init__(self, params: TransformerParams) -> None:
        super().__init__()
        self.context = params.context
        self.layers = nn.ModuleList(TransformerLayer(params) for _ in range(params.layers))
        self.norm = nn.LayerNorm(params.width)

    def forward(self, x: Tensor, cache: tuple[int, list] | None = None) -> tuple[Tensor, tuple[int, list]]:
        cache = cache or (0, [None] * len(self.layers))
        chunks = []
        for chunk in x.split(
            max(self.context, CHUNK), dim=1
        ):  # attention costs memory by the square of what it gets at once
            y, cache = self._forward_chunk(chunk, cache)
            chunks.append(y)
        return torch.cat(chunks, dim=1), cache

    def _forward_chunk(self, x: Tensor, cache: tuple[int, list]) -> tuple[Tensor, tuple[int, list]]:
        seen, layers = cache
        past = len(layers[0]) if layers[0] is not None else 0
        query = torch.arange(seen, seen + x.shape[1], device=x.device)
        key = torch.arange(seen - past, seen + x.shape[1], device=x.device)
        distance = query[:, None] - key[None, :]
        visible = (distance >= 0) & (distance < self.context)
        kept = []
        for layer, memory in zip(self.layers, layers):
            x, memory = layer(x, query, visible, memory)
            kept.append(memory.last(self.context))
        return self.norm(x), (seen + len(query), kept)


@dataclass
class _Store:
    """Room for keys and values, float[B, H, R, D / H], of which the first `used` are written, once and for all."""

    keys: Tensor
    values: Tensor
    used: int


@dataclass(frozen=True)
class Memory:
    """Keys and values of the events from `start` to `end` of a store.

    What comes next is written behind them, so that a step copies nothing of the past; where the store is full, or
    another memory has been written there, all that is remembered moves to a store of its own, with as much room again.
    So a memory never changes, whatever is added to it.
    """

    store: _Store
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def keys(self) -> Tensor:
        """float[B, H, C, D / H]."""
        return self.store.keys[:, :, self.start : self.end]

    @property
    def values(self) -> Tensor:
        """float[B, H, C, D / H]."""
        return self.store.values[:, :, self.start : self.end]

    def last(self, events: int) -> "Memory":
        """Of the last events alone."""
        return replace(self, start=max(self.start, self.end - events))

    def plus(self, keys: Tensor, values: Tensor) -> "Memory":
        """With further events, float[B, H, N, D / H]. With gradients no store has room, as autograd needs all of it."""
        store, end = self.store, self.end + keys.shape[2]
        if self.end == store.used and end <= store.keys.shape[2] and not keys.requires_grad:
            store.keys[:, :, self.end : end], store.values[:, :, self.end : end] = keys, values
            store.used = end
            return replace(self, end=end)
        count = len(self) + keys.shape[2]
        room = keys.new_empty(*keys.shape[:2], 0 if keys.requires_grad else count, keys.shape[3])
        all_keys, all_values = torch.cat([self.keys, keys, room], dim=2), torch.cat([self.values, values, room], dim=2)
        return Memory(_Store(all_keys, all_values, count), 0, count)


class TransformerLayer(nn.Module):
    """Attention, then a feed-forward network four times as wide, each around a residual."""

    def __init__(self, params: TransformerParams) -> None:
        super().__init__()
        self.heads = params.heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(params.width), nn.LayerNorm(params.width)
        self.qkv = nn.Linear(params.width, 3 * params.width, bias=False)
        self.out = nn.Linear(params.width, params.width, bias=False)
        self.mlp = nn.Sequential(
            nn.Linear(params.width, 4 * params.width), nn.GELU(), nn.Linear(4 * params.width, params.width)
        )
        self.drop = Dropout(params.dropout)

    def forward(self, x: Tensor, positions: Tensor, visible: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        batch, events, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, events, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each [B, H, N, D / H]
        query, key = rotate(query, positions), rotate(key, positions)
        memory = Memory(_Store(key, value, events), 0, events) if memory is None else memory.plus(key, value)
        mixed = nn.functional.scaled_dot_product_attention(query, memory.keys, memory.values, attn_mask=visible)
        x = x + self.drop(self.out(mixed.transpose(1, 2).reshape(batch, events, width)))
        return x + self.drop(self.mlp(self.mlp_norm(x))), memory


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary position embedding: pairs of features turn by angles that grow with it (Su et al. 2021, eq. 34)."""
    half = x.shape[-1] // 2
    frequency = 10000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = positions[:, None] * frequency  # [N, D / 2H]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)

"""The tuple model: a backbone reads past events, a small depth network predicts the fields of the next one in order.

Shapes: B sequences, N events, K categories, R references, T tables of pitch classes, C the size of a condition, D the
width. Row i of everything belongs to the prediction of event i, and holds nothing that isn't known before it: `read[i]`
is what the backbone reads of event i - 1.
"""

import numpy as np
import torch
from torch import Tensor, nn

from reprise.composition.encoding.events import INTERVAL_SPAN, NO_PITCH, EventShape
from reprise.composition.models.backbones import AnyBackbone, make_backbone
from reprise.composition.models.batches import Batch
from reprise.learning.dropout import Dropout


class CategorySum(nn.Module):
    """The sum of an embedding of each of K categories: int64[..., K] to float[..., D]."""

    offsets: Tensor

    def __init__(self, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.table = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.table.weight, std=0.5 / len(sizes) ** 0.5)

    def forward(self, categories: Tensor) -> Tensor:
        flat = (categories + self.offsets).flatten(0, -2)
        return self.table(flat).view(*categories.shape[:-1], self.table.embedding_dim)


class FieldHead(nn.Module):
    """Logits of one field from the backbone's output and what is known of the event so far.

    The logits of a field of pitches are absolute ones plus, for each reference, ones of the interval from it (of
    tonics: modulo the octave): what is learnt in one key holds in the others, while the range still counts.
    """

    pitches: Tensor
    tables: Tensor

    def __init__(self, shape: EventShape, field: int, width: int, dropout: float) -> None:
        super().__init__()
        self.known = CategorySum(shape.given[field], width)
        self.mix = nn.Linear(width, width)
        self.body = nn.Sequential(nn.GELU(), Dropout(dropout), nn.Linear(width, width), nn.GELU(), Dropout(dropout))
        self.absolute = nn.Linear(width, shape.sizes[field])
        self.tonics = shape.tonics[field]
        self.references = shape.references[field] - self.tonics
        if self.references:
            self.classes = nn.Linear(width, sum(shape.classes[field]))
            starts = torch.tensor([0, *shape.classes[field][:-1]]).cumsum(0)[:, None]  # of each table's categories
            self.register_buffer("tables", starts, persistent=False)
            self.relative = nn.Linear(width, self.references * (2 * INTERVAL_SPAN + 1))
            self.degrees = nn.Linear(width, self.tonics * 12)
            pitches = torch.arange(shape.sizes[field]) + shape.pitches[field]
            self.register_buffer("pitches", pitches, persistent=False)

    def forward(self, hidden: Tensor, given: Tensor, references: Tensor, classes: Tensor) -> Tensor:
        u = self.body(self.mix(hidden) + self.known(given))
        logits = self.absolute(u)
        if not self.references:
            return logits
        known = (references != NO_PITCH)[..., None]  # [..., R, 1]
        intervals = self.pitches - references[..., None]  # [..., R, pitches]
        near, tonal = intervals.split((self.references, self.tonics), dim=-2)
        near = near.clamp(-INTERVAL_SPAN, INTERVAL_SPAN) + INTERVAL_SPAN
        by_interval = self.relative(u).unflatten(-1, (self.references, -1)).gather(-1, near)
        by_degree = self.degrees(u).unflatten(-1, (self.tonics, 12)).gather(-1, tonal % 12)
        told = (classes + self.tables).flatten(-2)  # [..., T * 12]
        by_class = self.classes(u).gather(-1, told).unflatten(-1, (-1, 12)).sum(-2)[..., self.pitches % 12]
        return logits + by_class + (torch.cat([by_interval, by_degree], dim=-2) * known).sum(-2)


class AddCondition(nn.Module):
    """Adds what is read of a condition, float[..., C], to a float[..., D]; an absent one, float[..., 0], is read as all
    0. Without a size it adds nothing.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(size, width) if size else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        if self.read is None:
            return x
        return x + (self.read(condition) if condition.shape[-1] else self.read.bias)


class TupleModel(nn.Module):
    """Reads events, and beside them a condition of the piece if it has a `condition_size`; predicts tuples.

    A condition is whatever is known of a piece: attributes, a text; a subclass may make its own (see `vae`). One holds
    for `phrase_bars` bars.
    """

    forget = 0.0  # share of events that the backbone doesn't get to read in training
    phrase_bars = 1 << 30  # a whole piece
    is_bound = False  # are its nats an upper bound?

    def __init__(self, shape: EventShape, params: AnyBackbone, condition_size: int = 0) -> None:
        super().__init__()
        self.shape, self.condition_size = shape, condition_size
        self.start = nn.Parameter(torch.zeros(params.width))
        self.read = CategorySum(shape.read, params.width)
        self.drop = Dropout(params.dropout)
        self.backbone = make_backbone(params)
        self.heads = nn.ModuleList(FieldHead(shape, f, params.width, params.dropout) for f in range(len(shape.fields)))
        self.before, self.after = (AddCondition(condition_size, params.width) for _ in range(2))

    def forward(self, batch: Batch, done: float) -> Tensor:
        """What training minimises: the nats of the batch; `done` is for models whose objective changes on the way."""
        return self.nats(batch, self.hidden(batch)[0]).sum()

    def hidden(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the nats are made from: float[B, N, D], and what its conditions cost in nats, float[B].

        Row i knows the events before event i; of a model that makes its conditions from the events themselves also the
        others of its phrase, for that cost.
        """
        return self.hidden_with(batch, batch.condition), torch.zeros(len(batch.first), device=batch.first.device)

    def hidden_from_past(self, batch: Batch) -> Tensor:
        """What a prediction is made from: float[B, N, D], of which row i knows the events before event i alone, and
        what the model is told of the piece.
        """
        return self.hidden_with(batch, batch.condition)

    def hidden_with(self, batch: Batch, condition: Tensor) -> Tensor:
        """float[B, N, D] from the events before each one and a condition for each, float[B, N, C]."""
        x = torch.where(batch.first[..., None], self.start, self.read(batch.read))
        if self.training and self.forget:
            x = x * (torch.rand(x.shape[:2], device=x.device) >= self.forget)[..., None]
        y, _ = self.backbone(self.before(self.drop(x), condition))
        return self.after(self.drop(y), condition)

    def step(self, read: Tensor | None, cache: object, condition: Tensor) -> tuple[Tensor, object]:
        """One event further; returns float[B, D] and the cache.

        Args:
            read: int64[B, K], None before the first event. condition: float[B, C], of the phrases in which the last
            events lie.
        """
        x = self.start.expand(len(condition), -1) if read is None else self.read(read)
        y, cache = self.backbone(self.before(x, condition)[:, None], cache)
        return self.after(y[:, 0], condition), cache

    def conditions_of(self, batch: Batch) -> np.ndarray:
        """The conditions of the phrases of one piece, the first in `batch`, as far as the model tells, float[P, C]."""
        return batch.condition[0, :1].numpy(force=True)

    def draw_condition(self, rng: np.random.Generator) -> np.ndarray:
        """The condition of a phrase that nobody gave one, float[C]."""
        return np.zeros(self.condition_size)

    def field_logits(self, field: int, hidden: Tensor, batch: Batch) -> Tensor:
        """float[B, N, size] of one field, given the true fields before it."""
        return self.heads[field](hidden, batch.given[field], batch.references[field], batch.classes[field])

    def nats(self, batch: Batch, hidden: Tensor) -> Tensor:
        """Negative log-likelihood of each field in nats, float[B, N, F]; 0 where the mask is False."""
        fields = []
        for f in range(len(self.heads)):
            logits, targets = self.field_logits(f, hidden, batch), batch.events[..., f]
            losses = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
            fields.append(losses.view(targets.shape))
        return torch.stack(fields, dim=-1) * batch.mask

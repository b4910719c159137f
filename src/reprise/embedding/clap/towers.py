"""The three towers: sound, notes and text, each to a vector of length one in the same space.

Shapes: B items, C channels of the backbone, M mel bands, T frames, S = ceil(T / 4) steps, N notes, P pieces, E the
size of the space.
"""

from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from reprise.checked import checked
from reprise.embedding.clap.notes import DURATION, NUMBERS, NoteBatch
from reprise.embedding.clap.pieces import MOST_PIECES, PAD, VECTOR, piece_vectors

Width = Annotated[int, Field(ge=8, le=4096, multiple_of=4)]
HEADS = 4
STRIDE = 4  # frames a step
GROUPS = 6  # of a batch, by length
TONAL = 48  # learnt profiles over the twelve pitch classes


@checked
class TowerParams:
    """The `clap.towers` section: the size of the space, width and depth of each tower."""

    size: Width
    audio_width: Width
    notes_width: Width
    text_width: Width
    notes_layers: Annotated[int, Field(ge=1, le=24)]
    text_layers: Annotated[int, Field(ge=1, le=24)]
    dropout: Annotated[float, Field(ge=0, lt=1)]


class AudioTower(nn.Module):
    """Features of the recognizer's backbone beside the spectrogram itself, pooled over time.

    The backbone knows instruments; levels, register and attacks are plainer in the spectrogram.
    """

    def __init__(self, params: TowerParams, features: int, bands: int) -> None:
        super().__init__()
        width = params.audio_width
        self.features = nn.Sequential(nn.BatchNorm1d(features), nn.Conv1d(features, width, 1))
        self.bands = nn.BatchNorm1d(bands)
        self.frames = nn.Sequential(nn.Conv1d(bands, width, 5, padding=2), nn.GELU())
        self.stride = nn.Conv1d(width, width, STRIDE, stride=STRIDE)
        self.mix = nn.Sequential(
            nn.GELU(),
            nn.Dropout(params.dropout),
            nn.Conv1d(width, width, 3, padding=1),
            nn.GELU(),
        )
        self.attention = nn.Conv1d(width, HEADS, 1)
        self.project = _projection((HEADS + 2) * width + 2 * bands, width * 2, params)

    def forward(self, features: Tensor, spectrograms: Tensor) -> Tensor:
        """float[B, E] from the backbone's features, float[B, C, S], and spectrograms in dB, float[B, M, T]."""
        bands = self.bands(spectrograms)
        frames = self.frames(bands)
        frames = nn.functional.pad(frames, (0, -frames.shape[-1] % STRIDE))
        x = self.mix(self.features(features) + self.stride(frames))  # [B, W, S]
        weights = self.attention(x).softmax(dim=-1)  # [B, heads, S]
        attended = torch.einsum("bhs,bws->bhw", weights, x).flatten(1)
        pooled = [attended, x.mean(dim=-1), x.amax(dim=-1), bands.mean(dim=-1), bands.amax(dim=-1)]
        return nn.functional.normalize(self.project(torch.cat(pooled, dim=1)), dim=1)


class NotesTower(nn.Module):
    """A Transformer over the set of notes, beside profiles of its pitch classes that know no tonic.

    A profile is a weight for each of the twelve classes; what counts is how well it fits at the tonic where it fits
    best, so that what is learnt in one key holds in all.
    """

    def __init__(self, params: TowerParams) -> None:
        super().__init__()
        width = params.notes_width
        self.pitch, self.program = nn.Embedding(128, width), nn.Embedding(128, width)
        self.numbers = nn.Sequential(nn.Linear(NUMBERS, width), nn.GELU(), nn.Linear(width, width))
        self.nothing = nn.Parameter(torch.zeros(width))
        self.layers = _encoder(params.notes_layers, width, params.dropout)
        self.tonal = nn.Conv1d(1, TONAL, 12, bias=False)
        self.project = _projection(3 * width + TONAL, width * 3, params)

    def forward(self, notes: NoteBatch) -> Tensor:
        """float[B, E]."""
        pooled = by_length(
            notes.there, lambda rows, most: self._pooled(NoteBatch(*(own[rows, :most] for own in notes)))
        )
        return nn.functional.normalize(self.project(torch.cat([pooled, self._profiles(notes)], dim=1)), dim=1)

    def _pooled(self, notes: NoteBatch) -> Tensor:
        """What the Transformer makes of the sets, float[B, 3 W]."""
        x = self.pitch(notes.kinds[..., 0]) + self.program(notes.kinds[..., 1]) + self.numbers(notes.numbers)
        x = torch.cat([self.nothing.expand(len(x), 1, -1), x], dim=1)
        there = nn.functional.pad(notes.there, (1, 0), value=True)
        x = self.layers(x, src_key_padding_mask=~there)
        x = x * there[..., None]
        mean = x.sum(dim=1) / there.sum(dim=1, keepdim=True)
        highest = x.masked_fill(~there[..., None], -torch.inf).amax(dim=1)
        return torch.cat([x[:, 0], mean, highest], dim=1)

    def _profiles(self, notes: NoteBatch) -> Tensor:
        """How well each profile fits where it fits best, float[B, TONAL]."""
        duration = notes.numbers[..., DURATION] * notes.there
        time = torch.zeros(len(duration), 12, device=duration.device)
        time = time.scatter_add(1, notes.kinds[..., 0] % 12, duration)
        time = time / time.sum(dim=1, keepdim=True).clamp(min=1e-6)
        return self.tonal(torch.cat([time, time[:, :-1]], dim=1)[:, None]).amax(dim=-1)


class TextTower(nn.Module):
    """A small Transformer over frozen vectors of word pieces."""

    vectors: Tensor

    def __init__(self, params: TowerParams) -> None:
        super().__init__()
        width = params.text_width
        self.register_buffer("vectors", piece_vectors(), persistent=False)
        self.read = nn.Sequential(nn.LayerNorm(VECTOR), nn.Linear(VECTOR, width))
        self.place = nn.Parameter(torch.randn(MOST_PIECES, width) * 0.02)
        self.layers = _encoder(params.text_layers, width, params.dropout)
        self.project = _projection(2 * width, width * 2, params)

    def forward(self, pieces: Tensor) -> Tensor:
        """float[B, E] from word pieces, int64[B, P]."""
        pooled = by_length(pieces != PAD, lambda rows, most: self._pooled(pieces[rows, :most]))
        return nn.functional.normalize(self.project(pooled), dim=1)

    def _pooled(self, pieces: Tensor) -> Tensor:
        """The first piece, which stands for the whole, and the mean of all, float[B, 2 W]."""
        there = pieces != PAD
        x = self.read(self.vectors[pieces]) + self.place[: pieces.shape[1]]
        x = self.layers(x, src_key_padding_mask=~there) * there[..., None]
        return torch.cat([x[:, 0], x.sum(dim=1) / there.sum(dim=1, keepdim=True)], dim=1)


def by_length(there: Tensor, run: Callable[[Tensor, int], Tensor]) -> Tensor:
    """`run(rows, longest)` for a few groups of rows of similar length, in the order of the rows: half the padding.

    Args:
        there: what each row holds, bool[B, N]. run: what to make of some rows, int64[R], of which the longest has so
        many items, at least 1.
    """
    lengths = there.sum(dim=1)
    order = lengths.argsort(stable=True)
    parts = [run(rows, max(int(lengths[rows].max()), 1)) for rows in order.chunk(GROUPS)]
    return torch.cat(parts)[order.argsort()]


def _encoder(layers: int, width: int, dropout: float) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(width, HEADS, 2 * width, dropout, "gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)


def _projection(inputs: int, hidden: int, params: TowerParams) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, hidden),
        nn.GELU(),
        nn.Dropout(params.dropout),
        nn.Linear(hidden, params.size),
    )

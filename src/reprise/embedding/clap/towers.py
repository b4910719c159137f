"""The towers of sound and of notes, each to a vector of length one in the same space.

Shapes: B items, C channels of the backbone, M mel bands, T frames, S = ceil(T / 4) steps, N notes, E the size of
the space.
"""

from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from reprise.checked import checked
from reprise.embedding.clap.notes import DURATION, END, GOES_ON, NUMBERS, OF_CHORD, SHARE, TOGETHER, NoteBatch
from reprise.music.analysis.keyfinding import PROFILES

Width = Annotated[int, Field(ge=8, le=4096, multiple_of=4)]
HEADS = 4
STRIDE = 4  # frames a step
GROUPS = 6  # of a batch, by length
LEVELS = 5  # see `_levels`
TONAL = 48  # learnt profiles over the twelve pitch classes
SUMS = NUMBERS + 12 + 1 + 4  # see `NotesTower._sums`


@checked
class TowerParams:
    """The `clap.towers` section: the size of the space, width and depth of each tower."""

    size: Width
    audio_width: Width
    notes_width: Width
    text_width: Width
    notes_layers: Annotated[int, Field(ge=1, le=24)]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    word_noise: Annotated[float, Field(ge=0)]


class AudioTower(nn.Module):
    """Features of the recognizer's backbone beside the spectrogram itself, pooled over time.

    The backbone knows instruments; levels, register and attacks are plainer in the spectrogram, and plainest in a few
    sums.
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
        self.summary = nn.Sequential(
            nn.BatchNorm1d(3 * bands + LEVELS), nn.Linear(3 * bands + LEVELS, width), nn.GELU()
        )
        self.project = _projection((HEADS + 3) * width, width * 2, params)

    def forward(self, features: Tensor, spectrograms: Tensor) -> Tensor:
        """float[B, E] from the backbone's features, float[B, C, S], and spectrograms in dB, float[B, M, T]."""
        bands = self.bands(spectrograms)
        frames = self.frames(bands)
        frames = nn.functional.pad(frames, (0, -frames.shape[-1] % STRIDE))
        x = self.mix(self.features(features) + self.stride(frames))  # [B, W, S]
        weights = self.attention(x).softmax(dim=-1)  # [B, heads, S]
        attended = torch.einsum("bhs,bws->bhw", weights, x).flatten(1)
        pooled = [attended, x.mean(dim=-1), x.amax(dim=-1), self.summary(_levels(spectrograms))]
        return nn.functional.normalize(self.project(torch.cat(pooled, dim=1)), dim=1)


def _levels(spectrograms: Tensor) -> Tensor:
    """Sums over a spectrogram in dB, float[B, 3 M + LEVELS]: mean, maximum and mean rise of each band; of the level of
    the whole its mean, maximum and spread over time and its mean rise; the centre of the power over the bands.
    """
    power = 10 ** (spectrograms / 10)
    level = 10 * power.sum(dim=1).log10()  # [B, T]
    rise = (spectrograms[..., 1:] - spectrograms[..., :-1]).clamp(min=0).mean(dim=-1)
    place = torch.arange(power.shape[1], device=power.device, dtype=power.dtype)
    centre = (power.sum(dim=-1) @ place) / power.sum(dim=(1, 2))
    rises = (level[:, 1:] - level[:, :-1]).clamp(min=0).mean(dim=-1)
    whole = [level.mean(dim=-1), level.amax(dim=-1), level.std(dim=-1), rises, centre]
    return torch.cat([spectrograms.mean(dim=-1), spectrograms.amax(dim=-1), rise, torch.stack(whole, dim=1)], dim=1)


class NotesTower(nn.Module):
    """A Transformer over the set of notes, beside sums over it and profiles of its pitch classes that know no tonic.

    A profile is a weight for each of the twelve classes; what counts is how well it fits at the tonic where it fits
    best, so that what is learnt in one key holds in all. The first ones begin as those of the key finder.
    """

    def __init__(self, params: TowerParams) -> None:
        super().__init__()
        width = params.notes_width
        self.pitch, self.program = nn.Embedding(128, width), nn.Embedding(128, width)
        self.numbers = nn.Sequential(nn.Linear(NUMBERS, width), nn.GELU(), nn.Linear(width, width))
        self.nothing = nn.Parameter(torch.zeros(width))
        self.layers = _encoder(params.notes_layers, width, params.dropout)
        self.tonal = nn.Conv1d(1, TONAL, 12, bias=False)
        known = torch.tensor(list(PROFILES.values()))
        with torch.no_grad():
            self.tonal.weight[: len(known), 0] = (
                (known - known.mean(dim=1, keepdim=True)) / known.std(dim=1, keepdim=True) / 12
            )
        self.summary = nn.Sequential(nn.BatchNorm1d(SUMS + TONAL), nn.Linear(SUMS + TONAL, width), nn.GELU())
        self.project = _projection(4 * width, width * 3, params)

    def forward(self, notes: NoteBatch) -> Tensor:
        """float[B, E]."""
        pooled = by_length(
            notes.there, lambda rows, most: self._pooled(NoteBatch(*(own[rows, :most] for own in notes)))
        )
        summary = self.summary(torch.cat([self._sums(notes), self._profiles(notes)], dim=1))
        return nn.functional.normalize(self.project(torch.cat([pooled, summary], dim=1)), dim=1)

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

    def _sums(self, notes: NoteBatch) -> Tensor:
        """What is true of the whole set, float[B, SUMS]: means of all numbers, shares of the interval classes, and in
        logarithms how many notes and onsets there are, how long they last in all and from first to last.
        """
        numbers = notes.numbers * notes.there[..., None]
        total = numbers.sum(dim=1)
        count = notes.there.sum(dim=1, keepdim=True).clamp(min=1)
        together = total[:, TOGETHER:] / total[:, TOGETHER:].sum(dim=1, keepdim=True).clamp(min=1e-6)
        articulation = total[:, SHARE : SHARE + 1] / total[:, GOES_ON : GOES_ON + 1].clamp(min=1)
        span = numbers[..., END].amax(dim=1, keepdim=True)
        amounts = torch.cat([count, total[:, OF_CHORD : OF_CHORD + 1], total[:, DURATION : DURATION + 1], span], dim=1)
        return torch.cat([total / count, together, articulation, amounts.clamp(min=1e-3).log()], dim=1)

    def _profiles(self, notes: NoteBatch) -> Tensor:
        """How well each profile fits where it fits best, float[B, TONAL]."""
        duration = notes.numbers[..., DURATION] * notes.there
        time = torch.zeros(len(duration), 12, device=duration.device)
        time = time.scatter_add(1, notes.kinds[..., 0] % 12, duration)
        time = time - time.mean(dim=1, keepdim=True)
        time = time / time.std(dim=1, keepdim=True).clamp(min=1e-6)
        return self.tonal(torch.cat([time, time[:, :-1]], dim=1)[:, None]).amax(dim=-1)


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
    """Into the space. What all items have in common is taken away at the end: else texts gather in a narrow cone, whose
    direction says no more than how many assertions a caption has.
    """
    return nn.Sequential(
        nn.LayerNorm(inputs),
        nn.Linear(inputs, hidden),
        nn.GELU(),
        nn.Dropout(params.dropout),
        nn.Linear(hidden, params.size),
        nn.BatchNorm1d(params.size, affine=False),
    )

"""Augmentation of log-mel batches for timbres that training never heard.

All work on dB spectrograms, Tensor[B, M, T], and draw from a generator of their own, so that a resumed run draws the
same. Mixing adds power, so that two clips sound together; a smooth random curve over frequency is what another
microphone, room or filter does; see Park et al., SpecAugment (Interspeech 2019), for masks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from reprise.params import require, require_range


@dataclass(frozen=True)
class AugmentParams:
    """The `recognizer.augment` section."""

    crop_frames: int
    mix_probability: float
    mix_range_db: float
    gain_db: float
    equalizer_db: float
    shift_bands: int
    noise_db: tuple[float, float]
    mask_bands: int
    mask_frames: int

    def __post_init__(self) -> None:
        require(self.crop_frames >= 8, "crop_frames", self.crop_frames, "8 or more")
        require(0 <= self.mix_probability <= 1, "mix_probability", self.mix_probability, "from 0 to 1")
        require_range("noise_db", self.noise_db, -200, 0)
        for key in ("mix_range_db", "gain_db", "equalizer_db", "shift_bands", "mask_bands", "mask_frames"):
            require(getattr(self, key) >= 0, key, getattr(self, key), "0 or more")


def augment(
    spectrograms: Tensor,
    labels: Tensor,
    active: Tensor,
    params: AugmentParams,
    floor_db: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """An augmented batch.

    Args:
        spectrograms: Tensor[B, M, T] in dB.
        labels: 0/1, Tensor[B, K].
        active: 0/1, where each instrument sounds, Tensor[B, K, S].
    """
    if params.mix_probability:
        spectrograms, labels, active = mix(spectrograms, labels, active, params, generator)
    x = spectrograms + equalizer(len(spectrograms), spectrograms.shape[1], params.equalizer_db, generator)
    x = x + _uniform((len(x), 1, 1), -params.gain_db, params.gain_db, generator)
    x = shift(x, params.shift_bands, generator)
    noise = _uniform((len(x), 1, 1), *params.noise_db, generator)
    x = torch.logaddexp(x * LN10_BY_10, noise * LN10_BY_10) / LN10_BY_10
    return mask(x, params, floor_db, generator), labels, active


LN10_BY_10 = 0.2302585092994046


def mix(
    x: Tensor, labels: Tensor, active: Tensor, params: AugmentParams, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Some clips get the next one in the batch added, softer by up to `mix_range_db`; the labels are those of both."""
    chosen = torch.rand(len(x), generator=generator) < params.mix_probability
    chosen &= labels.sum(1) + labels.roll(1, 0).sum(1) <= 5
    other = x.roll(1, 0) - _uniform((len(x), 1, 1), 0, params.mix_range_db, generator)
    both = torch.logaddexp(x * LN10_BY_10, other * LN10_BY_10) / LN10_BY_10
    x = torch.where(chosen[:, None, None], both, x)
    labels = torch.where(chosen[:, None], torch.maximum(labels, labels.roll(1, 0)), labels)
    active = torch.where(chosen[:, None, None], torch.maximum(active, active.roll(1, 0)), active)
    return x, labels, active


def equalizer(batch: int, bands: int, strength_db: float, generator: torch.Generator) -> Tensor:
    """Smooth random gains over frequency: Tensor[B, M, 1], a sum of a tilt and five slow cosines."""
    place = torch.linspace(0, 1, bands)
    waves = torch.stack([torch.cos(torch.pi * k * place) for k in range(1, 7)])  # [6, M]
    weights = torch.randn(batch, 6, generator=generator) * strength_db / torch.arange(1, 7).sqrt()
    return (weights @ waves).unsqueeze(-1)


def shift(x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move each spectrogram up or down by up to `most` mel bands (detuning); the edge band is repeated."""
    if not most:
        return x
    by = torch.randint(-most, most + 1, (len(x), 1), generator=generator)
    source = (torch.arange(x.shape[1]) + by).clamp(0, x.shape[1] - 1)  # [B, M]
    return x.gather(1, source.unsqueeze(-1).expand_as(x))


def mask(x: Tensor, params: AugmentParams, floor_db: float, generator: torch.Generator) -> Tensor:
    """Silence two bands of frequencies and one stretch of time in each clip."""
    for axis, widest in ((1, params.mask_bands), (1, params.mask_bands), (2, params.mask_frames)):
        size = x.shape[axis]
        width = (torch.rand(len(x), 1, generator=generator) * (min(widest, size) + 1)).long()
        start = (torch.rand(len(x), 1, generator=generator) * (size - width + 1)).long()
        place = torch.arange(size)
        hidden = (place >= start) & (place < start + width)  # [B, size]
        x = x.masked_fill(hidden.unsqueeze(2 if axis == 1 else 1), floor_db)
    return x


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)

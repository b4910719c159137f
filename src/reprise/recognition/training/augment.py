"""Augmentation of log-mel batches for timbres that training never heard.

All work on dB spectrograms, Tensor[B, M, T], and draw from a generator of their own, so that a resumed run draws the
same. A smooth random curve over frequency is what another microphone, room or filter does; see Park et al.,
SpecAugment (Interspeech 2019), for masks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from reprise.params import require, require_range

LN10_BY_10 = 0.2302585092994046


@dataclass(frozen=True)
class AugmentParams:
    """The `recognizer.augment` section."""

    crop_frames: int
    swap_probability: float
    gain_db: float
    equalizer_db: float
    noise_db: tuple[float, float]
    mask_bands: int
    mask_frames: int

    def __post_init__(self) -> None:
        require(self.crop_frames >= 8, "crop_frames", self.crop_frames, "8 or more")
        require(0 <= self.swap_probability <= 1, "swap_probability", self.swap_probability, "from 0 to 1")
        require_range("noise_db", self.noise_db, -200, 0)
        for key in ("gain_db", "equalizer_db", "mask_bands", "mask_frames"):
            require(getattr(self, key) >= 0, key, getattr(self, key), "0 or more")


def augment(spectrograms: Tensor, params: AugmentParams, floor_db: float, generator: torch.Generator) -> Tensor:
    """An augmented batch of spectrograms in dB, Tensor[B, M, T]."""
    x = spectrograms + equalizer(len(spectrograms), spectrograms.shape[1], params.equalizer_db, generator)
    x = x + _uniform((len(x), 1, 1), -params.gain_db, params.gain_db, generator)
    noise = _uniform((len(x), 1, 1), *params.noise_db, generator)
    x = torch.logaddexp(x * LN10_BY_10, noise * LN10_BY_10) / LN10_BY_10
    return mask(x, params, floor_db, generator)


def equalizer(batch: int, bands: int, strength_db: float, generator: torch.Generator) -> Tensor:
    """Smooth random gains over frequency: Tensor[B, M, 1], a sum of a tilt and five slow cosines."""
    place = torch.linspace(0, 1, bands)
    waves = torch.stack([torch.cos(torch.pi * k * place) for k in range(1, 7)])  # [6, M]
    weights = torch.randn(batch, 6, generator=generator) * strength_db / torch.arange(1, 7).sqrt()
    return (weights @ waves).unsqueeze(-1)


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

"""Augmentation of log-mel batches for timbres that training never heard.

All work on dB spectrograms, Tensor[B, M, T], and draw from a generator of their own, so that a resumed run draws the
same. A smooth random curve over frequency is what another microphone, room or filter does; see Park et al.,
SpecAugment (Interspeech 2019), for masks.
"""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from reprise.checked import Share, Within, checked

LN10_BY_10 = 0.2302585092994046


NotNegative = Annotated[float, Field(ge=0)]


@checked
class AugmentParams:
    """The `recognizer.augment` section."""

    crop_frames: Annotated[int, Field(ge=8)]
    swap_probability: Share
    gain_db: NotNegative
    equalizer_db: NotNegative
    noise_db: Annotated[tuple[float, float], Within(-200, 0)]
    mask_bands: Annotated[int, Field(ge=0)]
    mask_frames: Annotated[int, Field(ge=0)]


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

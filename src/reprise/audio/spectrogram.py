"""Log-mel spectrograms, the same as librosa's within 1e-4 dB, and faster (benchmarks/audio/spectrograms.py).

Conventions: dB relative to one fixed reference (mel power 1.0) for every clip, so that a loud clip looks loud;
arrays are [mel bands, frames], low bands first. Frame t is centred on sample t * hop_length.

All is computed in float64, though float32 would do for the ear: processors add and multiply in different orders, and
what they differ by in float32 shows in one of 30,000 float16 cells of the cache; in float64 none was seen to differ.
"""

from functools import lru_cache
from typing import Annotated

import librosa
import numpy as np
import torch
from pydantic import Field

from reprise.checked import AtLeastOne, checked, require


@checked
class SpectrogramParams:
    """The `spectrogram` section."""

    n_fft: Annotated[int, Field(ge=64, multiple_of=2)]
    hop_length: AtLeastOne
    n_mels: Annotated[int, Field(ge=8, le=512)]
    fmin_hz: Annotated[float, Field(ge=0)]
    fmax_hz: float
    floor_db: Annotated[float, Field(ge=-200, le=0)]

    def __post_init__(self) -> None:
        require(self.hop_length <= self.n_fft, "hop_length", self.hop_length, "from 1 to n_fft")
        require(self.fmin_hz < self.fmax_hz, "fmax_hz", self.fmax_hz, "above fmin_hz")

    def frames(self, samples: int) -> int:
        """Frames of a signal of that many samples."""
        return 1 + samples // self.hop_length


def log_mel(samples: np.ndarray, sample_rate: int, params: SpectrogramParams) -> np.ndarray:
    """Log-mel power of mono samples: float32[n_mels, frames(len(samples))] in dB.

    `librosa.power_to_db(librosa.feature.melspectrogram(pad_mode="constant"), ref=1, amin=10**(floor_db/10),
    top_db=None)`: short-time Fourier transform with a Hann window, power, Slaney mel bands.
    """
    window, bank = _filters(sample_rate, params)
    spectrum = torch.stft(
        torch.from_numpy(np.ascontiguousarray(samples, np.float64)),
        n_fft=params.n_fft,
        hop_length=params.hop_length,
        window=window,
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    power = bank @ (spectrum.real.square() + spectrum.imag.square())
    return (10 * torch.log10(power.clamp(min=10 ** (params.floor_db / 10)))).float().numpy()


@lru_cache(maxsize=4)
def _filters(sample_rate: int, params: SpectrogramParams) -> tuple[torch.Tensor, torch.Tensor]:
    limit = sample_rate / 2
    require(params.fmax_hz <= limit, "spectrogram.fmax_hz", params.fmax_hz, f"at most half the sample rate, {limit:g}")
    bank = librosa.filters.mel(
        sr=sample_rate,
        n_fft=params.n_fft,
        n_mels=params.n_mels,
        fmin=params.fmin_hz,
        fmax=params.fmax_hz,
        dtype=np.float64,
    )
    return torch.hann_window(params.n_fft, dtype=torch.float64), torch.from_numpy(bank)

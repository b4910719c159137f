"""Axes along which clips differ, and the terciles that make words of their numbers.

An axis is an attribute of the notes (`music.analysis.attributes`) or of the sound. Two limits, from the training clips
alone, cut it into three poles: low, middle and high. A clip for which an axis is undefined lies on no pole of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import librosa
import numpy as np
import pandas as pd

from reprise.audio.levels import active_rms, window_rms
from reprise.audio.spectrogram import SpectrogramParams

POLES = ("low", "middle", "high")
OF_NOTES = ("onset_rate", "mean_pitch", "articulation", "polyphony", "dissonance", "mode")
OF_SOUND = ("loudness", "brightness")
AXES = OF_NOTES + OF_SOUND
UNCERTAIN = frozenset({("mode", "middle")})  # neither major nor minor to speak of: no word says so


@dataclass(frozen=True)
class Terciles:
    """The two limits of each axis: below the first lies its low pole, above the second its high one."""

    limits: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Terciles":
        """Those of the clips in `table`, which has a column an axis, nan where one is undefined."""
        limits = {axis: np.nanquantile(table[axis], [1 / 3, 2 / 3]).tolist() for axis in AXES}
        return cls({axis: (round(low, 4), round(high, 4)) for axis, (low, high) in limits.items()})

    def pole(self, axis: str, value: float) -> str | None:
        """Where a value lies; None where it is undefined."""
        if np.isnan(value):
            return None
        low, high = self.limits[axis]
        return POLES[int(value >= low) + int(value > high)]


def sound_attributes(samples: np.ndarray, sample_rate: int, params: SpectrogramParams) -> dict[str, float]:
    """The attributes of a sound, float32[samples]: `loudness`, its RMS while it sounds, dBFS, and `brightness`, the
    spectral centroid in Hz, the frames weighted by their energy; nan for silence.
    """
    rms = float(active_rms(window_rms(samples[None], sample_rate))[0])
    if rms == 0:
        return dict.fromkeys(OF_SOUND, np.nan)
    magnitude = np.abs(librosa.stft(samples, n_fft=params.n_fft, hop_length=params.hop_length))
    centroids = librosa.feature.spectral_centroid(S=magnitude, sr=sample_rate, n_fft=params.n_fft)[0]
    weights = np.square(magnitude).sum(axis=0)
    return {"loudness": 20 * np.log10(rms), "brightness": float(np.average(centroids, weights=weights))}

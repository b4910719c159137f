"""Stand-ins for a trained recognizer, and tones to hear with them."""

from pathlib import Path

import librosa
import numpy as np
import torch
from torch import Tensor, nn

from reprise.audio.spectrogram import SpectrogramParams
from reprise.learning.weights import save_network
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.model import NetworkParams, Recognizer, RecognizerConfig

RATE = 22050
SPECTROGRAM = SpectrogramParams(n_fft=2048, hop_length=1024, n_mels=128, fmin_hz=30, fmax_hz=11025, floor_db=-80)
NETWORK = NetworkParams(channels=(4, 4, 4, 4), hidden=8, blocks=0)
CONFIG = RecognizerConfig(NETWORK, SPECTROGRAM, RATE, 4.0, INSTRUMENT_NAMES, (0.5,) * len(INSTRUMENT_NAMES))
BANDS_A_TONE = 10


def save_tiny_recognizer(folder: Path, thresholds: tuple[float, ...] = CONFIG.thresholds) -> Path:
    """A recognizer with random weights in `folder`, as training would save it."""
    torch.manual_seed(0)
    network = Recognizer(NETWORK, SPECTROGRAM.n_mels, len(INSTRUMENT_NAMES))
    config = RecognizerConfig(NETWORK, SPECTROGRAM, RATE, 4.0, INSTRUMENT_NAMES, thresholds)
    save_network(network, config, folder)
    return folder


def label_rows(*instruments: tuple[int, ...]) -> np.ndarray:
    """A 0/1 row a clip, float64[N, K], from the indices of its instruments."""
    table = np.zeros((len(instruments), len(INSTRUMENT_NAMES)))
    for row, found in enumerate(instruments):
        table[row, list(found)] = 1
    return table


class ToneDetector(nn.Module):
    """Takes each instrument for a tone of its own: what the answer must be can be told from the samples.

    Instrument k is heard where mel bands 10 k to 10 k + 9 have more than `least_db`, and surely where they have 4 dB
    more. The clip's logit is a weighted mean of the steps', as the recognizer's is.
    """

    def __init__(self, least_db: float = 0.0) -> None:
        super().__init__()
        self.least_db = nn.Parameter(torch.tensor(least_db))

    def forward(self, spectrograms: Tensor) -> tuple[Tensor, Tensor]:
        count = len(INSTRUMENT_NAMES)
        bands = spectrograms[:, : count * BANDS_A_TONE].unflatten(1, (count, BANDS_A_TONE)).amax(dim=2)
        steps = nn.functional.avg_pool1d(bands - self.least_db, 4, ceil_mode=True).clamp(-30, 30)
        return (steps * steps.softmax(dim=-1)).sum(dim=-1), steps


def tone_of(instrument: str, seconds: float, rate: int = RATE, level: float = 0.3) -> np.ndarray:
    """The tone that `ToneDetector` takes for an instrument, float64[n]."""
    band = INSTRUMENT_NAMES.index(instrument) * BANDS_A_TONE + BANDS_A_TONE // 2
    pitch_hz = librosa.mel_frequencies(SPECTROGRAM.n_mels, fmin=SPECTROGRAM.fmin_hz, fmax=SPECTROGRAM.fmax_hz)[band]
    return level * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate)) / rate)

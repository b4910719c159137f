"""The recognizer's network: log-mel frames in, instruments out, at every moment and for the whole clip.

Shapes: B clips, M mel bands, T frames, K instruments (in the order of `music.instruments`), S = ceil(T / 4)
steps. A few narrow convolutions see 2-D patches; the frequency axis is then folded into channels, because where in the
spectrum a pattern lies says much about an instrument, and most weights work on time alone, where they cost little. The
clip's logit is a weighted mean of its steps' logits with weights that sum to one, so it doesn't depend on how long the
clip is.
"""

from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import checked
from reprise.learning.weights import load_network

TIME_STRIDE = 4
FREQUENCY_STRIDE = 16

Channels = Annotated[int, Field(ge=1, le=1024)]


@checked
class NetworkParams:
    """The `recognizer.network` section: channels of the stem and of the three stages, width and depth of the head."""

    channels: tuple[Channels, Channels, Channels, Channels]
    hidden: Annotated[int, Field(ge=1, le=4096)]
    blocks: Annotated[int, Field(ge=0, le=64)]


class Recognizer(nn.Module):
    """A stem, three stages, a temporal head and attention over time; docs/recognizer.md has the layer table."""

    def __init__(self, params: NetworkParams, n_mels: int, instruments: int) -> None:
        super().__init__()
        c, hidden = params.channels, params.hidden
        self.level = nn.BatchNorm1d(n_mels, affine=False)
        self.stem = ScaledConv2d(1, c[0], 5, stride=2, padding=2)
        self.stages = nn.Sequential(
            ScaledConv2d(c[0], c[1], 3, stride=2, padding=1),
            nn.ReLU(),
            ScaledConv2d(c[1], c[2], 3, stride=(2, 1), padding=1),
            nn.ReLU(),
            _Residual(ScaledConv2d(c[2], c[2], 3, padding=1)),
            ScaledConv2d(c[2], c[3], 3, stride=(2, 1), padding=1),
            nn.BatchNorm2d(c[3]),
            nn.ReLU(),
        )
        bands = -(-n_mels // FREQUENCY_STRIDE)
        self.head = nn.Sequential(
            nn.Conv1d(c[3] * bands, hidden, 1, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            *(_Residual(_temporal(hidden)) for _ in range(params.blocks)),
        )
        self.logits = nn.Conv1d(hidden, instruments, 1)
        self.attention = nn.Conv1d(hidden, instruments, 1)

    def forward(self, spectrograms: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of dB spectrograms.

        Args:
            spectrograms: Tensor[B, M, T].

        Returns:
            Logits of each clip, Tensor[B, K], and of each step, Tensor[B, K, S].
        """
        x = self.head(self.patches(spectrograms))  # [B, H, S]
        steps = self.logits(x)
        weights = self.attention(x).softmax(dim=-1)
        return (steps * weights).sum(dim=-1), steps

    def patches(self, spectrograms: Tensor) -> Tensor:
        """What the head reads: the channels of every band at each step, Tensor[B, C * ceil(M / 16), S]."""
        x = self.level(spectrograms).unsqueeze(1)  # each band to zero mean and unit variance
        x = self.stem(x.contiguous(memory_format=torch.channels_last)).relu()  # [B, C, M / 2, T / 2]
        return self.stages(x).flatten(1, 2)


class ScaledConv2d(nn.Conv2d):
    """Convolution whose weights are standardised and scaled so that variance passes through a ReLU unchanged.

    Brock, De & Smith, Characterizing Signal Propagation to Close the Performance Gap in Unnormalized ResNets
    (ICLR 2021), eq. 2. On a processor, batch normalisation of the wide early layers costs more than their convolutions.
    """

    RELU_GAIN = (2 / (1 - 1 / torch.pi)) ** 0.5

    def __init__(self, inputs: int, outputs: int, kernel: int, **options: Any) -> None:
        super().__init__(inputs, outputs, kernel, **options)
        self.gain = nn.Parameter(torch.ones(outputs, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True)
        scale = self.gain * self.RELU_GAIN * torch.rsqrt(variance * self.weight[0].numel() + 1e-4)
        return self._conv_forward(x, (self.weight - mean) * scale, self.bias)


class _Residual(nn.Module):
    """Adds what a branch makes of its input, rectified, with a learnt weight that starts small."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.weight = nn.Parameter(torch.tensor(0.2))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight * self.branch(x).relu()


def _temporal(hidden: int) -> nn.Sequential:
    """A convolution over three steps, batch-normalised."""
    return nn.Sequential(nn.Conv1d(hidden, hidden, 3, padding=1, bias=False), nn.BatchNorm1d(hidden))


@checked
class RecognizerConfig:
    """All that inference needs beside the weights."""

    network: NetworkParams
    spectrogram: SpectrogramParams
    sample_rate: int
    clip_s: float
    instruments: tuple[str, ...]
    thresholds: tuple[float, ...]


def load_recognizer(folder: Path) -> tuple[Recognizer, RecognizerConfig]:
    """A saved recognizer in evaluation mode; see `weights.load_network`."""

    def make(config: RecognizerConfig) -> Recognizer:
        return Recognizer(config.network, config.spectrogram.n_mels, len(config.instruments))

    return load_network(folder, "recognizer", RecognizerConfig, make)

"""The recognizer's network: log-mel frames in, instruments out, at every moment and for the whole clip.

Shapes: B clips, M mel bands, T frames, K instruments (in the order of `music.instruments`), S = ceil(T / 4)
steps. Convolutions see 2-D patches; the frequency axis is then folded into channels, because where in the
spectrum a pattern lies says much about an instrument. The clip's logit is a weighted mean of its steps' logits
with weights that sum to one, so it doesn't depend on how long the clip is.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from reprise.audio.spectrogram import SpectrogramParams
from reprise.errors import BadInput
from reprise.params import build, require

TIME_STRIDE = 4
FREQUENCY_STRIDE = 32


@dataclass(frozen=True)
class NetworkParams:
    """The `recognizer.network` section: channels of the stem and the four stages, width and dropout of the head."""

    channels: tuple[int, ...]
    hidden: int
    dropout: float

    def __post_init__(self) -> None:
        require(len(self.channels) == 5, "channels", list(self.channels), "five numbers, of the stem and four stages")
        require(all(1 <= c <= 1024 for c in self.channels), "channels", list(self.channels), "each from 1 to 1024")
        require(1 <= self.hidden <= 4096, "hidden", self.hidden, "from 1 to 4096")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "from 0 to below 1")


class Recognizer(nn.Module):
    """A stem, four stages, a temporal head and attention over time; docs/recognizer.md has the layer table."""

    def __init__(self, params: NetworkParams, n_mels: int, instruments: int) -> None:
        super().__init__()
        c = params.channels
        self.level = nn.BatchNorm1d(n_mels)
        self.stem = ScaledConv2d(1, c[0], 5, stride=2, padding=2)
        self.stages = nn.Sequential(
            _Stage(c[0], c[1], stride=(2, 2), normalised=False, residual=True),
            _Stage(c[1], c[2], stride=(2, 1), normalised=False, residual=True),
            _Stage(c[2], c[3], stride=(2, 1), normalised=True, residual=True),
            _Stage(c[3], c[4], stride=(2, 1), normalised=True, residual=False),
        )
        bands = -(-n_mels // FREQUENCY_STRIDE)
        self.head = nn.Sequential(
            nn.Dropout(params.dropout),
            nn.Conv1d(c[4] * bands, params.hidden, 3, padding=1),
            nn.BatchNorm1d(params.hidden),
            nn.ReLU(),
            nn.Dropout(params.dropout),
        )
        self.logits = nn.Conv1d(params.hidden, instruments, 1)
        self.attention = nn.Conv1d(params.hidden, instruments, 1)

    def forward(self, spectrograms: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of dB spectrograms.

        Args:
            spectrograms: Tensor[B, M, T].

        Returns:
            Logits of each clip, Tensor[B, K], and of each step, Tensor[B, K, S].
        """
        x = self.level(spectrograms).unsqueeze(1)  # each band to zero mean and unit variance
        x = self.stem(x.contiguous(memory_format=torch.channels_last)).relu()  # [B, C, M / 2, T / 2]
        x = self.stages(x)  # [B, C, M / 32, S]
        x = self.head(x.flatten(1, 2))  # [B, H, S]
        steps = self.logits(x)
        weights = self.attention(x).softmax(dim=-1)
        return (steps * weights).sum(dim=-1), steps


class ScaledConv2d(nn.Conv2d):
    """Convolution whose weights are standardised and scaled so that variance passes through a ReLU unchanged.

    Brock, De & Smith, Characterizing Signal Propagation to Close the Performance Gap in Unnormalized ResNets
    (ICLR 2021), eq. 2. On a processor, batch normalisation of the wide early layers costs more than their convolutions.
    """

    RELU_GAIN = (2 / (1 - 1 / torch.pi)) ** 0.5

    def __init__(self, inputs: int, outputs: int, kernel: int, **options: object) -> None:
        super().__init__(inputs, outputs, kernel, **options)
        self.gain = nn.Parameter(torch.ones(outputs, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True)
        scale = self.gain * self.RELU_GAIN * torch.rsqrt(variance * self.weight[0].numel() + 1e-4)
        return self._conv_forward(x, (self.weight - mean) * scale, self.bias)


class _Stage(nn.Module):
    """A strided convolution, then perhaps a residual one; batch-normalised where the maps are small."""

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int], normalised: bool, residual: bool) -> None:
        super().__init__()
        self.down = _convolution(inputs, outputs, stride, normalised)
        self.residual = _convolution(outputs, outputs, (1, 1), normalised) if residual else None
        self.weight = nn.Parameter(torch.tensor(0.2)) if residual else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x).relu()
        return x if self.residual is None else x + self.weight * self.residual(x).relu()


def _convolution(inputs: int, outputs: int, stride: tuple[int, int], normalised: bool) -> nn.Sequential:
    convolution = ScaledConv2d(inputs, outputs, 3, stride=stride, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs)) if normalised else nn.Sequential(convolution)


@dataclass(frozen=True)
class RecognizerConfig:
    """All that inference needs beside the weights."""

    network: NetworkParams
    spectrogram: SpectrogramParams
    sample_rate: int
    clip_s: float
    instruments: tuple[str, ...]
    thresholds: tuple[float, ...]


def save_recognizer(network: Recognizer, config: RecognizerConfig, folder: Path) -> None:
    """`weights.safetensors` and `config.json` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, folder / "weights.safetensors")
    (folder / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")


def load_recognizer(folder: Path) -> tuple[Recognizer, RecognizerConfig]:
    """A saved recognizer in evaluation mode; every weight must be there and fit.

    Raises:
        BadInput: a file is missing or damaged, or weights and config don't belong together.
    """
    config_path, weights_path = folder / "config.json", folder / "weights.safetensors"
    try:
        config = build(RecognizerConfig, json.loads(config_path.read_text()), str(config_path))
        weights = load_file(weights_path)
    except OSError as error:
        raise BadInput(
            f"{error.filename or folder}: no recognizer there; make one with ./run, or dvc pull one"
        ) from error
    except (ValueError, SafetensorError) as error:
        raise BadInput(f"{folder}: damaged recognizer ({error}); make it again with ./run") from error
    network = Recognizer(config.network, config.spectrogram.n_mels, len(config.instruments))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise BadInput(f"{weights_path}: doesn't fit {config_path}: {error}") from error
    return network.eval(), config

"""The taggers of musicnn (Pons & Serra, Pre-trained CNNs for music audio tagging, ISMIR 2019 late-breaking) in torch.

The package musicnn 0.1.0 (ISC) carries weights trained on recordings, and needs TensorFlow. Here its weights and its
list of tags are read, and its front end and network made, without. The MTT model gives both examples of the package's
repository the tags that its README shows, ten and three, in their order.

Conventions: sounds are float32 mono at 16 kHz, spectrograms float32[frames, 96], cut into patches of 187 frames (3 s).
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.taste.tf_checkpoint import read_checkpoint
from reprise.errors import BadInput

SAMPLE_RATE = 16_000
FFT_SIZE, HOP, BANDS = 512, 256, 96
PATCH = 187  # frames
TOGETHER = 8  # patches in one go
FILTERS = (204, 204, 51, 51, 51, 64, 64, 64)
KERNELS = ((7, 38), (7, 67), (128, 1), (64, 1), (32, 1), (7, 561), (7, 64), (7, 64))  # frames x what lies above them
FRONT, FIRST, RESIDUAL = (0, 1, 2, 3, 4), 5, (6, 7)  # the convolutions of each part
POOLED, HIDDEN, TAGS = 1506, 200, 50
EPSILON = 1e-3  # of TensorFlow's batch norm
MODELS = {  # with the sha256 of their weights
    "MTT": "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",  # trained on MagnaTagATune
    "MSD": "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",  # on the Million Song Dataset
}
OF_TRAINING = re.compile(r"(/Adam(_1)?|^beta[12]_power)$")  # variables of the optimiser
VARIABLE = re.compile(r"(conv2d|batch_normalization|dense)(?:_(\d+))?/(\w+)")
MODULES = {"conv2d": "convs", "batch_normalization": "norms", "dense": "dense"}
WEIGHTS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class Musicnn(nn.Module):
    """The logits of 50 tags, float[B, 50], from patches, float[B, frames, 96]."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(1, filters, kernel) for filters, kernel in zip(FILTERS, KERNELS))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels, eps=EPSILON) for channels in (1, *FILTERS))
        self.norms.extend(nn.BatchNorm1d(channels, eps=EPSILON) for channels in (POOLED, HIDDEN))
        self.dense = nn.ModuleList([nn.Linear(POOLED, HIDDEN), nn.Linear(HIDDEN, TAGS)])

    def forward(self, patches: Tensor) -> Tensor:
        x = self.norms[0](patches[:, None])
        front = torch.cat([self.block(layer, x) for layer in FRONT], dim=1)  # B, 561, frames
        middle = [self.block(FIRST, front.mT[:, None])]  # B, 64, frames
        for layer in RESIDUAL:
            middle.append(self.block(layer, middle[-1].mT[:, None]) + middle[-1])
        features = torch.cat([front, *middle], dim=1)
        pooled = torch.stack([features.amax(dim=2), features.mean(dim=2)], dim=2).flatten(1)
        hidden = self.norms[-1](self.dense[0](self.norms[-2](pooled)).relu())
        return self.dense[1](hidden)

    def block(self, layer: int, x: Tensor) -> Tensor:
        """A convolution, its norm, and the highest of what lies above each frame: [B, filters, frames]."""
        beyond = KERNELS[layer][0] - 1  # an even kernel sees one frame more ahead than behind, as TensorFlow has it
        x = nn.functional.pad(x, (0, 0, beyond // 2, beyond - beyond // 2))
        return self.norms[layer + 1](self.convs[layer](x).relu()).amax(dim=3)


class Tagger:
    """A model of the package in the folder `package`: the names of its tags, and how likely each is.

    Raises:
        BadInput: the folder doesn't hold musicnn 0.1.0, or a variable is missing, unknown or of another shape.
    """

    def __init__(self, package: Path, model: str) -> None:
        self.tags = read_tags(package / "configuration.py", model)
        folder = package / f"{model}_musicnn"
        self.network = Musicnn().eval()
        load_variables(self.network, read_checkpoint(folder, MODELS[model]), folder)

    @torch.inference_mode()
    def likelihoods(self, sound: np.ndarray) -> np.ndarray:
        """The mean over the patches of a sound, float[50]."""
        patches = torch.from_numpy(cut(log_mel(sound)))
        return torch.cat([self.network(part).sigmoid() for part in patches.split(TOGETHER)]).mean(dim=0).numpy()


def tag_sounds(tagger: Tagger, sounds: Iterable[tuple[str, np.ndarray]]) -> pd.DataFrame:
    """How likely each tag is for each named sound: a row a sound, a column a tag."""
    return pd.DataFrame({name: tagger.likelihoods(sound) for name, sound in sounds}, index=tagger.tags).T


def log_mel(sound: np.ndarray) -> np.ndarray:
    """The spectrogram that the network was trained on, float32[frames, 96].

    Powers are rounded to half precision, as theirs are. Theirs are multiplied in it too, and become infinite where a
    sound is loud; ours aren't.
    """
    mel = librosa.feature.melspectrogram(
        y=sound, sr=SAMPLE_RATE, n_fft=FFT_SIZE, hop_length=HOP, n_mels=BANDS, pad_mode="reflect"
    )
    return np.log10(10_000 * mel.T.astype(np.float16).astype(np.float32) + 1)


def cut(spectrogram: np.ndarray) -> np.ndarray:
    """Patches side by side, float32[N, 187, 96]; a rest is left out, and a sound too short for one is repeated."""
    if len(spectrogram) < PATCH:
        spectrogram = np.resize(spectrogram, (PATCH, BANDS))
    count = len(spectrogram) // PATCH
    return spectrogram[: count * PATCH].reshape(count, PATCH, BANDS)


def load_variables(network: Musicnn, variables: dict[str, np.ndarray], folder: Path) -> None:
    """Every variable of the network, and no more, from a checkpoint's; those of its optimiser apart.

    Raises:
        BadInput: one is missing, unknown or of another shape.
    """
    state = {}
    for name, value in variables.items():
        if not OF_TRAINING.search(name):
            value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T  # outputs come first in torch
            state[_torch_name(name)] = torch.from_numpy(value.copy())
    known = network.state_dict()
    counters = {name: known.pop(name) for name in list(known) if name.endswith("num_batches_tracked")}
    expected, found = ({name: tensor.shape for name, tensor in own.items()} for own in (known, state))
    if expected != found:
        unfit = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
        raise BadInput(
            f"{folder}: {len(unfit)} variables are missing, unknown or of another shape, such as '{min(unfit)}'; it "
            "must hold the checkpoint of musicnn 0.1.0"
        )
    network.load_state_dict(state | counters)


def _torch_name(variable: str) -> str:
    """`conv2d_1/kernel` is `convs.1.weight`; an unknown name stays as it is."""
    match = VARIABLE.fullmatch(variable)
    if match is None or match[3] not in WEIGHTS:
        return variable
    return f"{MODULES[match[1]]}.{match[2] or 0}.{WEIGHTS[match[3]]}"


def read_tags(path: Path, model: str) -> list[str]:
    """The names of a model's tags from the package's `configuration.py`, which isn't run.

    Raises:
        BadInput: it isn't there, or has no such list.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file; it is part of the package musicnn 0.1.0")
    for line in ast.parse(path.read_text()).body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == f"{model}_LABELS":
            return ast.literal_eval(line.value)
    raise BadInput(f"{path}: has no {model}_LABELS; it must be that of musicnn 0.1.0")

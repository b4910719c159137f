"""A trained model: a network with the encoding and the events that it was trained on, saved and loaded as one folder.

`weights.safetensors`, `config.json` and `training.npz` (what new music must not copy); nothing in them runs code, and
every weight must be there and fit.
"""

import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from reprise.checked import checked, require
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.registry import AnyEncoding
from reprise.composition.models.backbones import BackboneParams
from reprise.composition.models.conditions import Conditions
from reprise.composition.models.infilling.ahead import AheadEncoding
from reprise.composition.models.infilling.given import note_sizes
from reprise.composition.models.infilling.network import InfillingModel
from reprise.composition.models.tuple_model import TupleModel
from reprise.composition.models.vae import LatentParams, PhraseVae
from reprise.errors import BadInput
from reprise.learning.weights import CONFIG, damaged, load_network, missing, save_network
from reprise.music.analysis.copies import CopyIndex
from reprise.music.analysis.keyfinding import Key, find_key

MODELS = {"lstm": "LSTM", "transformer": "Transformer", "vae": "VAE"}  # and how they are written
TRAINING = "training.npz"
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold
DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


@checked
class ModelConfig:
    """All that is needed beside the weights; a model without latents, or without conditions, has None of theirs.

    Attributes:
        programs, metre: the usual ones of the training pieces; programs are General MIDI's. tempo_bpm: their median
        tempo. validation_nats: nats a note on the validation pieces, a bound for a model with latents; not a number
        before training. infilling: does it see given notes ahead?
    """

    model: str
    backbone: BackboneParams
    latent: LatentParams | None
    encoding: AnyEncoding
    programs: tuple[int, ...]
    metre: tuple[int, int]
    tempo_bpm: float
    validation_nats: float = math.nan
    conditions: Conditions | None = None
    infilling: bool = False

    def __post_init__(self) -> None:
        parts, metres = self.encoding.parts, self.encoding.metres
        require(len(self.programs) >= parts, "programs", self.programs, f"one for each of the {parts} parts")
        require(self.metre in metres, "metre", self.metre, "one of the encoding's metres")
        sees = not self.infilling or isinstance(self.encoding, NotesEncoding)
        require(sees, "encoding", self.encoding.kind, "notes, of a model that sees given notes ahead")


def make_model(config: ModelConfig) -> TupleModel:
    """The model of a config, its weights drawn from torch's generator."""
    if config.infilling and isinstance(config.encoding, NotesEncoding):
        ahead = AheadEncoding.over(config.encoding)
        return InfillingModel(ahead.shape, config.backbone, note_sizes(ahead))
    if config.latent:
        return PhraseVae(config.encoding.shape, config.backbone, config.latent)
    return TupleModel(config.encoding.shape, config.backbone, config.conditions.size if config.conditions else 0)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, its config, and the events of its training pieces, int64[N, F] each."""

    network: TupleModel
    config: ModelConfig
    training: tuple[np.ndarray, ...]

    @cached_property
    def index(self) -> CopyIndex:
        """The training pieces, to tell copies by."""
        encoding, programs = self.config.encoding, (0,) * self.config.encoding.parts
        return CopyIndex([encoding.decode(events, (4, 4), 120.0, programs, "training") for events in self.training])

    @cached_property
    def keys(self) -> list[Key]:
        """The home keys of the training pieces, of those that have one."""
        encoding, programs = self.config.encoding, (0,) * self.config.encoding.parts
        pieces = (encoding.decode(events, (4, 4), 120.0, programs, "training") for events in self.training)
        return [key for key in map(find_key, pieces) if key is not None]


def save_model(trained: TrainedModel, folder: Path) -> None:
    """Write the model's three files into `folder`."""
    save_network(trained.network, trained.config, folder)
    lengths = np.array([len(events) for events in trained.training])
    save_arrays(folder / TRAINING, events=np.concatenate(trained.training).astype(np.int16), lengths=lengths)


def save_arrays(path: Path, **arrays: np.ndarray) -> None:
    """An .npz whose bytes depend on the arrays alone: numpy's own carries the time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def load_model(folder: Path) -> TrainedModel:
    """A saved model in evaluation mode.

    Raises:
        BadInput: a file is missing or damaged, or the three don't belong together.
    """
    network, config = load_network(folder, "model", ModelConfig, make_model)
    path = folder / TRAINING
    if not path.is_file():
        raise missing(path, "model")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            events, lengths = arrays["events"].astype(np.int64), arrays["lengths"]
    except DAMAGE as error:
        raise damaged(folder, "model", error) from error
    sizes = config.encoding.shape.sizes
    known = events.shape[1:] == (len(sizes),) and (events >= 0).all() and (events < sizes).all()
    if not known or lengths.sum() != len(events):
        raise BadInput(f"{path}: doesn't fit {folder / CONFIG}; make both again with ./run")
    return TrainedModel(network, config, tuple(np.split(events, np.cumsum(lengths)[:-1])))

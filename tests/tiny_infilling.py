"""A stand-in for a model that sees given notes ahead, with weights that nobody trained."""

from pathlib import Path

import numpy as np
import torch
from tiny_model import PROGRAMS, backbone_params, chorale

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.models.infilling.teaching import with_every_step
from reprise.composition.models.trained import ModelConfig, TrainedModel, make_model, save_model
from reprise.music.timegrid import TWELFTHS


def make_infilling(width: int = 16, name: str = "infilling") -> TrainedModel:
    """A model of four voices with the vocabulary of eight chorales; its notes lie a beat apart at most."""
    pieces = [chorale(seed) for seed in range(8)]
    encoding = with_every_step(NotesEncoding.of(pieces, framed=True))
    backbone = backbone_params("lstm", width=width, layers=1)
    config = ModelConfig(name, backbone, None, encoding, PROGRAMS, (4, 4), 90.0, 1.5, infilling=True)
    torch.manual_seed(0)
    network = make_model(config).eval()
    with torch.no_grad():  # no step is longer than a beat, and none is shorter than a sixteenth
        bias = network.heads[STEP].absolute.bias
        bias[encoding.steps.index(np.array(TWELFTHS)) + 1 :] = -100
        bias[[step for step in range(1, TWELFTHS) if step % 3]] = -100
    return TrainedModel(network, config, tuple(encoding.encode(piece) for piece in pieces))


def save_infilling(folder: Path, width: int = 16) -> Path:
    """`make_infilling` in `folder`, as training would save it."""
    save_model(make_infilling(width), folder)
    return folder

"""A stand-in for a composer that takes orders: conditions, a framed encoding, and weights that nobody trained."""

from pathlib import Path

import numpy as np
import torch
from tiny_model import PROGRAMS, backbone_params, chorale

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.models.conditions import Conditions, told_of
from reprise.composition.models.trained import ModelConfig, TrainedModel, make_model, save_model
from reprise.music.excerpts import first_parts
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS


def passages() -> list[Piece]:
    """Eight chorales, two each of one part to four."""
    return [first_parts(chorale(seed), 1 + seed % 4) for seed in range(8)]


def make_conditioned(backbone: str = "lstm", width: int = 16) -> TrainedModel:
    """A model with random weights, with the vocabulary and the scales of `passages`; notes lie a beat apart at most."""
    pieces = passages()
    encoding = NotesEncoding.of(pieces, framed=True)
    conditions = Conditions.of([told_of(piece) for piece in pieces])
    params = backbone_params(backbone, width=width)
    config = ModelConfig("conditioned", params, None, encoding, PROGRAMS, (4, 4), 90.0, 2.1, conditions)
    torch.manual_seed(0)
    network = make_model(config).eval()
    with torch.no_grad():  # no step is longer than a beat: else a few notes fill many bars
        network.heads[STEP].absolute.bias[encoding.steps.index(np.array(TWELFTHS)) + 1 :] = -100
    return TrainedModel(network, config, tuple(encoding.encode(piece) for piece in pieces))


def save_conditioned(folder: Path, backbone: str = "lstm", width: int = 16) -> Path:
    """`make_conditioned` in `folder`, as training would save it."""
    save_model(make_conditioned(backbone, width), folder)
    return folder

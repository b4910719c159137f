"""Stand-ins for a trained model, and the music that they would be trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.models.backbones import AnyBackbone, LstmParams, TransformerParams
from reprise.composition.models.trained import ModelConfig, TrainedModel, make_model, save_model
from reprise.composition.models.vae import LatentParams
from reprise.composition.sampling.music import MusicParams
from reprise.music.piece import Piece, note_table
from reprise.music.timegrid import TWELFTHS
from reprise.music.writers.midi import midi_bytes

MIDDLES = (72, 65, 58, 48)  # of soprano, alto, tenor and bass
PROGRAMS = (73, 71, 70, 42)
BARS = 6
VALIDATION_NATS = {"lstm": 1.9, "transformer": 1.8, "vae": 2.0}  # as if training had said so
MUSIC = MusicParams(
    seed=1,
    temperatures=(0.5, 1.5),
    pieces=2,
    bars=3,
    opening_bars=1,
    pitch_factor=0.8,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    repeat_limit=8,
    copy_limit=16,
    open_samples=0,
)


def chorale(seed: int) -> Piece:
    """Four parts of random notes in C major, 4/4, without a rest."""
    rng, rows = np.random.default_rng(seed), []
    for part, middle in enumerate(MIDDLES):
        onset = 0.0
        while onset < 4 * BARS:
            duration = min(float(rng.choice([0.5, 1, 1, 2])), 4 * BARS - onset)
            pitch = int(rng.choice([p for p in range(middle - 7, middle + 8) if p % 12 in (0, 2, 4, 5, 7, 9, 11)]))
            rows.append((onset, duration, pitch, 64, part))
            onset += duration
    return Piece(note_table(rows), 90.0, PROGRAMS, (4, 4), f"chorale {seed}")


def backbone_params(
    kind: str = "transformer", layers: int = 2, width: int = 16, dropout: float = 0.1, heads: int = 2, context: int = 64
) -> AnyBackbone:
    """The params of a backbone of a kind; of an LSTM without those of attention."""
    if kind == "lstm":
        return LstmParams(layers, width, dropout, kind)
    return TransformerParams(layers, width, dropout, kind, heads, context)


def make_tiny_model(
    model: str = "transformer", width: int = 16, pieces: Sequence[Piece] = tuple(map(chorale, range(8)))
) -> TrainedModel:
    """A model with random weights, with the vocabulary of some pieces, whose notes lie a beat apart at most."""
    encoding = NotesEncoding.of(pieces)
    latents = LatentParams(size=4, phrase_bars=2, anneal=0.5, free_nats=0.1, forget=0.2)
    backbone = backbone_params("lstm" if model == "lstm" else "transformer", width=width)
    latent = latents if model == "vae" else None
    nats = VALIDATION_NATS.get(model, 2.1)
    config = ModelConfig(model, backbone, latent, encoding, PROGRAMS, encoding.metres[-1], 90.0, nats)
    torch.manual_seed(0)
    network = make_model(config).eval()
    with torch.no_grad():  # no step is longer than a beat: else a few notes fill many bars
        network.heads[STEP].absolute.bias[encoding.steps.index(np.array(TWELFTHS)) + 1 :] = -100
    return TrainedModel(network, config, tuple(encoding.encode(piece) for piece in pieces))


def save_tiny_model(folder: Path, model: str = "transformer", width: int = 16) -> Path:
    """`make_tiny_model` in `folder`, as training would save it."""
    save_model(make_tiny_model(model, width), folder)
    return folder


def write_scores(folder: Path, seeds: range) -> Path:
    """Chorales as MIDI files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / f"{seed}.mid").write_bytes(midi_bytes(chorale(seed)))
    return folder

"""What runs in a worker process: models loaded once, then one batch of requests after the other on one thread.

A process of its own for each: composing holds Python's lock most of the time, so threads would take turns.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.compose import Order
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.composition.use.composing import compose_alike
from reprise.music.writers.midi import midi_bytes

_models: dict[str, TrainedModel] = {}


def load(folders: dict[str, Path]) -> None:
    """Load every model and make a note with it, so that the first request finds all in place."""
    torch.set_num_threads(1)
    for name, folder in folders.items():
        _models[name] = load_model(folder)
        make_midi_files(name, [(1, 0, USUAL)])


def make_midi_files(model: str, wanted: Sequence[tuple[int, int, SamplingRules]]) -> list[bytes]:
    """A MIDI file for each (notes, seed, rules) wanted, with exactly so many notes.

    Each file depends on its own arguments alone: it holds the first piece that `reprise generate` makes from them.
    """
    trained = _models[model]
    metre = trained.config.metre
    orders = [Order((seed, 0), notes=notes, metre=metre, rules=rules) for notes, seed, rules in wanted]
    return [midi_bytes(piece) for piece in compose_alike(trained, orders)]

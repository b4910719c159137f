"""What runs in a worker process: composers loaded once, then one batch of requests after the other on one thread.

A process of its own for each: composing holds Python's lock most of the time, so threads would take turns.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from reprise.composition.models.composer import Composer, load_composer
from reprise.composition.sampling.compose import Order
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.composition.use.scores import compose_alike
from reprise.music.writers.midi import midi_bytes

_composers: dict[str, Composer] = {}


def load(folders: dict[str, Path]) -> None:
    """Load every composer and make a note with it, so that the first request finds all in place."""
    torch.set_num_threads(1)
    for name, folder in folders.items():
        _composers[name] = load_composer(folder)
        make_midi_files(name, [(1, 0, USUAL)])


def make_midi_files(model: str, wanted: Sequence[tuple[int, int, SamplingRules]]) -> list[bytes]:
    """A MIDI file for each (notes, seed, rules) wanted, with exactly so many notes.

    Each file depends on its own arguments alone: it holds the first piece that `reprise generate` makes from them.
    """
    composer = _composers[model]
    metre = composer.config.metre
    orders = [Order((seed, 0), notes=notes, metre=metre, rules=rules) for notes, seed, rules in wanted]
    return [midi_bytes(piece) for piece in compose_alike(composer, orders)]

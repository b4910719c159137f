"""A small CLAP with random weights, and clips that it can be trained on."""

from pathlib import Path

import numpy as np
import torch
from tiny_recognizer import NETWORK, RATE, SPECTROGRAM

from reprise.clips.descriptions.assertions import truth_of
from reprise.clips.descriptions.axes import AXES, POLES
from reprise.clips.descriptions.captions import DescriptionParams, draw_caption, put_in_words
from reprise.clips.descriptions.store import STOCKS, Descriptions
from reprise.embedding.clap.data import ClapSet
from reprise.embedding.clap.model import Clap, ClapConfig, SmallClap
from reprise.embedding.clap.towers import TowerParams
from reprise.learning.weights import save_network
from reprise.music.instruments import INSTRUMENT_NAMES, INSTRUMENTS
from reprise.music.piece import Piece, note_table

WINDOW_S = 1.0
CAPTIONS = DescriptionParams(seed=1, captions=1, most_assertions=2, negated_share=0.15)
TOWERS = TowerParams(16, 16, 16, 16, 1, 0.0, 0.1)
CONFIG = ClapConfig(TOWERS, NETWORK, SPECTROGRAM, RATE, WINDOW_S, len(INSTRUMENT_NAMES))


def tiny_clap(folder: Path, seed: int = 0) -> SmallClap:
    """One as training would save it in `folder`, loaded."""
    torch.manual_seed(seed)
    save_network(Clap(CONFIG), CONFIG, folder)
    return SmallClap(folder)


def clip_set(count: int, seed: int = 0) -> ClapSet:
    """Clips of one instrument that shows in a band of its own, and in the program and the pitch of its notes."""
    rng = np.random.default_rng(seed)
    played = rng.integers(len(INSTRUMENT_NAMES), size=count)
    spectrograms = rng.normal(-60, 3, (count, SPECTROGRAM.n_mels, 22)).astype(np.float16)
    pieces, truth = [], []
    for row, instrument in enumerate(played):
        spectrograms[row, 10 * instrument : 10 * instrument + 10] += 50
        pitch = 40 + 4 * int(instrument)
        rows = [(0.0, 1.0, pitch, 80, 0), (1.0, 0.5, pitch + 2, 80, 0)]
        pieces.append(Piece(note_table(rows), 120.0, (INSTRUMENTS[instrument].program,)))
        truth.append(truth_of([INSTRUMENT_NAMES[instrument]], dict.fromkeys(AXES, POLES[instrument % 3])))
    labels = np.eye(len(INSTRUMENT_NAMES), dtype=np.float32)[played]
    captions = {}
    for stock in STOCKS:
        said = [draw_caption(own, CAPTIONS, rng) for own in truth]
        captions[stock] = ([put_in_words(caption, rng, stock == "held_out") for caption in said], said)
    return ClapSet(spectrograms, pieces, Descriptions(np.arange(count), np.stack(truth), None, captions), labels)

"""A small CLAP trained as the pipeline trains it, on other clips, words or params."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.machine import ROOT
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.descriptions.captions import DescriptionParams
from reprise.clips.params import ClipParams
from reprise.embedding.clap.data import ClapSet, load_clap_set
from reprise.embedding.clap.fit import new_clap
from reprise.embedding.clap.model import Clap, SmallClap
from reprise.embedding.clap.train import ClapParams, train
from reprise.learning.weights import save_network
from reprise.params import load_section
from reprise.pipeline.tracking import Tracker

T = TypeVar("T")
CLIPS = ROOT / "data" / "clips"


def section(kind: type[T], name: str) -> T:
    """A section of the params.yaml of the repository."""
    return load_section(kind, name, ROOT / "params.yaml")


def clap_set(name: str) -> ClapSet:
    """The set `name` of the clips of `./run`."""
    return load_clap_set(CLIPS, name, section(SpectrogramParams, "spectrogram"))


def train_clap(
    recognizer: Path,
    params: ClapParams,
    sets: tuple[ClapSet, ClapSet],
    learn_words: Callable[[Clap], None] = lambda model: None,
) -> tuple[SmallClap, list[dict]]:
    """A CLAP on the backbone of `recognizer`, and its curves.

    Args:
        sets: for training and validation. learn_words: teaches the untrained model words other than the pipeline's.
    """
    window_s = section(ClipParams, "clips").duration_s
    captions, spectrogram = section(DescriptionParams, "descriptions"), section(SpectrogramParams, "spectrogram")
    torch.manual_seed(params.seed)
    model, config = new_clap(recognizer, params, spectrogram, window_s)
    learn_words(model)
    with tempfile.TemporaryDirectory() as folder:
        weights, curves = train(model, *sets, params, captions, window_s, "cpu", Path(folder) / "work", Tracker())
        model.load_state_dict(weights)
        save_network(model, config, Path(folder) / "clap")
        return SmallClap(Path(folder) / "clap"), curves

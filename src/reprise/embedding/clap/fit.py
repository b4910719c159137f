"""From described clips to a saved CLAP: what the training stage does."""

from dataclasses import asdict
from pathlib import Path

import torch

from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.descriptions.captions import DescriptionParams
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.clips.params import ClipParams
from reprise.embedding.clap.data import load_clap_set
from reprise.embedding.clap.model import Clap, ClapConfig
from reprise.embedding.clap.train import ClapParams, train
from reprise.learning.tables import write_table
from reprise.learning.weights import save_network
from reprise.pipeline.stage import Stage
from reprise.pipeline.tracking import open_tracker
from reprise.recognition.model import load_recognizer


def new_clap(
    recognizer: Path, params: ClapParams, spectrogram: SpectrogramParams, window_s: float
) -> tuple[Clap, ClapConfig]:
    """An untrained CLAP on the backbone of the recognizer in a folder, which knows the words of training, and its
    config.

    Raises:
        BadInput: the recognizer is missing or damaged.
    """
    network, known = load_recognizer(recognizer)
    config = ClapConfig(params.towers, known.network, spectrogram, known.sample_rate, window_s, len(known.instruments))
    model = Clap(config)
    model.backbone.load_state_dict(network.state_dict())
    model.text.learn_words({said: words.seen for said, words in WORDINGS.items()})
    return model, config


def fit_clap(stage: Stage) -> None:
    """The stage train_clap: leaves models/clap and plots/clap/curves.csv."""
    params, captions = stage.params(ClapParams, "clap"), stage.params(DescriptionParams, "descriptions")
    spectrogram, window_s = stage.params(SpectrogramParams, "spectrogram"), stage.params(ClipParams, "clips").duration_s
    clips = stage.dep("data/clips/manifest.parquet").parent
    train_set, validation_set = (load_clap_set(clips, name, spectrogram) for name in ("train", "validation"))
    torch.set_num_threads(params.threads)  # of the regression of words too, not of training alone
    torch.manual_seed(params.seed)
    model, config = new_clap(stage.dep("models/recognizer"), params, spectrogram, window_s)
    with open_tracker(stage.compute.tracking, "embedding", stage.name) as tracker:
        tracker.tags(stage.inputs)
        tracker.params({"clap": asdict(params), "train_clips": len(train_set)})
        weights, curves = train(
            model,
            train_set,
            validation_set,
            params,
            captions,
            window_s,
            stage.compute.device,
            stage.scratch,
            tracker,
        )
    model.load_state_dict(weights)
    save_network(model.cpu(), config, stage.out("models/clap"))
    write_table(curves, stage.out("plots/clap/curves.csv"))

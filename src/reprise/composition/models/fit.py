"""From a corpus to a saved composer: what the training stages do."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from reprise.composition.corpus.store import load_corpus
from reprise.composition.encoding.notes import NotesEncoding, encodable
from reprise.composition.models.backbones import BackboneParams
from reprise.composition.models.batches import make_examples
from reprise.composition.models.composer import Composer, ComposerConfig, make_model, save_composer
from reprise.composition.models.train import FitParams, TrainingParams, TrainingSet, train
from reprise.composition.models.vae import LatentParams
from reprise.errors import BadInput
from reprise.learning.tables import write_table
from reprise.learning.weights import CONFIG
from reprise.music.piece import Piece
from reprise.pipeline.stage import Stage
from reprise.pipeline.tracking import Tracker, open_tracker


@dataclass(frozen=True)
class ModelParams:
    """The sections `composers.lstm` and `composers.transformer`."""

    backbone: BackboneParams
    fit: FitParams


@dataclass(frozen=True)
class VaeParams:
    """The section `composers.vae`."""

    backbone: BackboneParams
    fit: FitParams
    latent: LatentParams


def make_config(model: str, params: ModelParams | VaeParams, pieces: list[Piece]) -> ComposerConfig:
    """The config of a composer of these training pieces: their vocabulary, their usual instruments, metre and tempo."""
    programs = Counter(piece.programs for piece in pieces)
    encoding = NotesEncoding.of(pieces)
    usual = max(programs, key=lambda used: (len(used) == encoding.parts, programs[used], used))
    latent = (params.latent,) if isinstance(params, VaeParams) else ()
    metres = Counter(piece.metre for piece in pieces)
    tempo = float(np.median([piece.tempo_bpm for piece in pieces]))
    return ComposerConfig(
        model, params.backbone, latent, encoding, usual, max(metres, key=lambda m: (metres[m], m)), round(tempo, 3)
    )


def fit_composer(
    name: str,
    params: ModelParams | VaeParams,
    training: TrainingParams,
    pieces: dict[str, list[Piece]],
    device: str,
    work: Path,
    tracker: Tracker,
) -> tuple[Composer, list[dict]]:
    """Train the composer `name` on `pieces["train"]`, stopping early on `pieces["validation"]`; returns it and its
    curves.

    Raises:
        BadInput: no validation piece can be expressed in the vocabulary of the training pieces.
    """
    config = make_config(name, params, pieces["train"])
    kept, events = encodable(config.encoding, pieces["train"])
    held_out, held_out_events = encodable(config.encoding, pieces["validation"])
    if not held_out:
        raise BadInput(
            "the corpus has no validation piece within the range and metres of its training pieces; add pieces"
        )
    torch.manual_seed(training.seed)
    model = make_model(config)
    tracker.params({"training": asdict(training), name: asdict(params), "pieces": len(kept)})
    curves = train(
        model,
        TrainingSet(config.encoding, events, [piece.metre for piece in kept]),
        make_examples(config.encoding, held_out_events, [piece.metre for piece in held_out]),
        training,
        params.fit,
        device,
        work,
        tracker,
    )
    best = min(row["validation_nats"] for row in curves)  # an event, those that end the pieces among them
    counts = [len(own) for own in held_out_events]
    nats = best * sum(counts) / (sum(counts) - len(counts))
    tracker.metrics({"best_validation_nats": best})
    return Composer(model, replace(config, validation_nats=round(nats, 4)), tuple(events)), curves


def run_fit(stage: Stage) -> None:
    """A training stage: leaves models/composer/ITEM and plots/composer/ITEM/curves.csv."""
    name = stage.item
    params = stage.params(VaeParams if name == "vae" else ModelParams, f"composers.{name}")
    training, corpus = stage.params(TrainingParams, "composers.training"), load_corpus(stage.dep("data/corpus"))
    pieces = {split: corpus.pieces(split) for split in ("train", "validation")}
    with open_tracker(stage.compute.tracking, "composer", stage.name) as tracker:
        tracker.tags({"model": name, **stage.inputs})
        composer, curves = fit_composer(name, params, training, pieces, stage.compute.device, stage.notes, tracker)
    save_composer(composer, stage.out(f"models/composer/{name}/{CONFIG}").parent)
    write_table(curves, stage.out(f"plots/composer/{name}/curves.csv"))

"""From a corpus to a saved model: what the training stages do."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from reprise.checked import checked
from reprise.composition.corpus.store import load_corpus
from reprise.composition.encoding.events import Encoding
from reprise.composition.encoding.registry import ENCODINGS, encodable
from reprise.composition.models.backbones import BackboneParams
from reprise.composition.models.conditions import Conditions, OmissionParams, Teaching, told_examples, told_of
from reprise.composition.models.infilling.ahead import AheadEncoding
from reprise.composition.models.infilling.teaching import (
    GapParams,
    infilling_examples,
    melody_given,
    with_every_step,
)
from reprise.composition.models.infilling.training_set import InfillingSet
from reprise.composition.models.train import TrainingParams, TrainingSet, train
from reprise.composition.models.trained import ModelConfig, TrainedModel, make_model, save_model
from reprise.composition.models.vae import LatentParams
from reprise.errors import BadInput
from reprise.learning.tables import write_table
from reprise.learning.training import FitParams
from reprise.learning.weights import CONFIG
from reprise.music.piece import Piece
from reprise.pipeline.stage import Stage
from reprise.pipeline.tracking import Tracker, open_tracker


@checked
class ModelParams:
    """The sections `models.lstm` and `models.transformer`."""

    backbone: BackboneParams
    fit: FitParams


@checked
class ConditionedParams:
    """The section `models.conditioned`."""

    backbone: BackboneParams
    fit: FitParams
    omission: OmissionParams


@checked
class VaeParams:
    """The section `models.vae`."""

    backbone: BackboneParams
    fit: FitParams
    latent: LatentParams


@checked
class InfillingParams:
    """The section `models.infilling`."""

    backbone: BackboneParams
    fit: FitParams
    gaps: GapParams


AnyParams = ModelParams | VaeParams | ConditionedParams | InfillingParams
PARAMS: dict[str, type[AnyParams]] = {  # of others: ModelParams
    "vae": VaeParams,
    "conditioned": ConditionedParams,
    "infilling": InfillingParams,
}


def make_config(
    model: str, params: AnyParams, encoding: Encoding, pieces: list[Piece], conditions: Conditions | None = None
) -> ModelConfig:
    """The config of a model of these training pieces: their usual instruments, metre and tempo."""
    programs = Counter(piece.programs for piece in pieces)
    usual = max(programs, key=lambda used: (len(used) == encoding.parts, programs[used], used))
    latent = params.latent if isinstance(params, VaeParams) else None
    metres = Counter(piece.metre for piece in pieces)
    tempo = float(np.median([piece.tempo_bpm for piece in pieces]))
    metre = max(metres, key=lambda m: (metres[m], m))
    return ModelConfig(
        model,
        params.backbone,
        latent,
        encoding,
        usual,
        metre,
        round(tempo, 3),
        conditions=conditions,
        infilling=isinstance(params, InfillingParams),
    )


def fit_model(
    name: str,
    params: AnyParams,
    training: TrainingParams,
    pieces: dict[str, list[Piece]],
    device: str,
    work: Path,
    tracker: Tracker,
) -> tuple[TrainedModel, list[dict]]:
    """Train the model `name` on `pieces["train"]`, stopping early on `pieces["validation"]`; returns it and its
    curves.

    Raises:
        BadInput: no validation piece can be expressed in the vocabulary of the training pieces.
    """
    takes_orders, fills_in = isinstance(params, ConditionedParams), isinstance(params, InfillingParams)
    encoding = ENCODINGS[training.encoding].of(pieces["train"], framed=takes_orders or fills_in)
    if fills_in:
        encoding = with_every_step(encoding)
    kept, events = encodable(encoding, pieces["train"])
    told = [told_of(piece) for piece in kept] if takes_orders else None
    conditions = Conditions.of(told) if told else None
    teaching = Teaching(conditions, params.omission) if conditions and isinstance(params, ConditionedParams) else None
    config = make_config(name, params, encoding, pieces["train"], conditions)
    held_out, held_out_events = encodable(encoding, pieces["validation"])
    if not held_out:
        raise BadInput(
            "the corpus has no validation piece within the range and metres of its training pieces; add pieces"
        )
    torch.manual_seed(training.seed)
    model = make_model(config)
    tracker.params({"training": asdict(training), name: asdict(params), "pieces": len(kept)})
    metres = [piece.metre for piece in kept]
    if isinstance(params, InfillingParams):
        ahead, held_out_metres = AheadEncoding.over(with_every_step(encoding)), [piece.metre for piece in held_out]
        melodies = [melody_given(encoding.parts)] * len(held_out)
        train_set: TrainingSet = InfillingSet(ahead, events, metres, params.gaps)
        validation = infilling_examples(ahead, held_out_events, held_out_metres, melodies)
    else:
        train_set = TrainingSet(encoding, events, metres, told, teaching)
        validation = told_examples(encoding, conditions, held_out, held_out_events)
    curves = train(
        model,
        train_set,
        validation,
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
    return TrainedModel(model, replace(config, validation_nats=round(nats, 4)), tuple(events)), curves


def run_fit(stage: Stage) -> None:
    """A training stage: leaves models/composer/ITEM and plots/composer/ITEM/curves.csv."""
    name = stage.item
    params: AnyParams = stage.params(PARAMS.get(name, ModelParams), f"models.{name}")
    training = stage.params(TrainingParams, "models.training")
    corpus = load_corpus(stage.dep("data/passages" if isinstance(params, ConditionedParams) else "data/corpus"))
    pieces = {split: corpus.pieces(split) for split in ("train", "validation")}
    with open_tracker(stage.compute.tracking, "composition", stage.name) as tracker:
        tracker.tags({"model": name, **stage.inputs})
        trained, curves = fit_model(name, params, training, pieces, stage.compute.device, stage.scratch, tracker)
    save_model(trained, stage.out(f"models/composer/{name}/{CONFIG}").parent)
    write_table(curves, stage.out(f"plots/composer/{name}/curves.csv"))

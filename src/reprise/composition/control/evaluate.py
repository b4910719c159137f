"""Asked against measured: pieces are ordered with attributes drawn at random, each from the training pieces' range and
whatever the others are, and measured. Every piece counts; none is chosen among several.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from sklearn.metrics import roc_auc_score

from reprise.checked import Resamples, Seed, checked
from reprise.composition.corpus.store import Corpus, load_corpus
from reprise.composition.encoding.events import Frame
from reprise.composition.encoding.registry import encodable
from reprise.composition.evaluation.likelihood import score, summarise_nats
from reprise.composition.models.batches import make_examples
from reprise.composition.models.conditions import Conditions, Told, told_examples, told_of
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.learning.bootstrap import estimate, mean_estimate, rank_estimates
from reprise.music.analysis.attributes import mean_pitch, mode
from reprise.music.analysis.keyfinding import MODES, Key
from reprise.music.piece import Piece
from reprise.pipeline.compute import ComputeParams, run_jobs

TOGETHER = 25  # pieces of a job
QUANTILES = (0.02, 0.98)  # of the training pieces: what is asked for lies between them
MOST_PARTS = 4
FIRST_WAY = SamplingRules(ending_tries=0, returns=0.0)  # no ending is chosen among several either
LOW, HIGH = 52, 78  # mean pitches, within what transposed training pieces have


@checked
class ControlParams:
    """The `control` section."""

    seed: Seed
    pieces: Annotated[int, Field(ge=4, le=10_000)]
    bars: Annotated[int, Field(ge=2, le=64)]
    guidance: Annotated[float, Field(ge=0, le=20)]
    resamples: Resamples


def evaluate_control(
    params: ControlParams, corpus: Path, model: Path, compute: ComputeParams
) -> tuple[dict, list[Told], list[Told]]:
    """The content of metrics/composer/conditioned.json; what was asked of each piece, and what was measured.

    Raises:
        BadInput: the model has no conditions.
    """
    torch.set_num_threads(1)  # the last bits depend on their number
    trained = load_model(model)
    orders = draw_orders(params, trained)
    jobs = [orders[at : at + TOGETHER] for at in range(0, len(orders), TOGETHER)]
    made = run_jobs(partial(_compose, model), jobs, list(map(len, jobs)), compute, "composing", "pieces")
    pieces = [piece for some in made for piece in some]
    asked, measured = [order.told for order in orders], [told_of(piece) for piece in pieces]
    metrics = {
        "guidance": params.guidance,
        "control": control(params, trained.config.conditions, asked, measured, pieces),
        "control_shuffled": control(params, trained.config.conditions, _shuffled(asked, params.seed), measured, pieces),
        "exact": exact(params, asked, measured),
        "likelihood": likelihood(params, trained, load_corpus(corpus)),
    }
    return metrics, asked, measured


def draw_orders(params: ControlParams, trained: TrainedModel) -> list[Order]:
    """What is asked of each piece, from its own seed.

    Raises:
        BadInput: the model has no conditions.
    """
    conditions, encoding = trained.config.conditions, trained.config.encoding
    if conditions is None:
        raise BadInput(f"{trained.config.model}: takes no orders; only a model with conditions can be asked")
    orders = []
    for item in range(params.pieces):
        rng = np.random.default_rng(np.random.SeedSequence([params.seed, item]))
        attributes = {name: conditions.at(name, rng.uniform(*QUANTILES)) for name in conditions.knots}
        parts = int(rng.integers(1, min(encoding.parts, MOST_PARTS) + 1))
        pitch = int(rng.integers(LOW, HIGH + 1))
        frame = Frame(int(rng.integers(12)), MODES[rng.integers(2)], params.bars, parts, pitch)
        metre = encoding.metres[rng.integers(len(encoding.metres))]
        told = Told(attributes, frame)
        orders.append(
            Order(
                (params.seed, 1, item),
                bars=params.bars,
                metre=metre,
                rules=FIRST_WAY,
                told=told,
                guidance=params.guidance,
            )
        )
    return orders


def _compose(model: Path, orders: list[Order]) -> list[Piece]:
    torch.set_num_threads(1)
    return compose(load_model(model), orders)


def _shuffled(asked: Sequence[Told], seed: int) -> list[Told]:
    """What was asked of another piece each: no piece keeps its own."""
    turns = int(np.random.default_rng(seed).integers(1, len(asked)))
    return [asked[(place + turns) % len(asked)] for place in range(len(asked))]


def control(
    params: ControlParams,
    conditions: Conditions | None,
    asked: Sequence[Told],
    measured: Sequence[Told],
    pieces: Sequence[Piece],
) -> dict[str, dict]:
    """Of each attribute Spearman's correlation of asked and measured; of the mode the area under the ROC curve.

    An attribute that is undefined for a piece, as dissonance is for one line, leaves the piece out.
    """
    pairs = {name: (_column(asked, name), _column(measured, name)) for name in (conditions.knots if conditions else ())}
    pairs["mean_pitch"] = (
        np.array([told.frame.pitch for told in asked], float),
        np.array([mean_pitch(piece) for piece in pieces]),
    )
    found = rank_estimates(pairs, params.resamples, params.seed)
    major = np.array([told.frame.mode == MODES[0] for told in asked])
    modes = np.array([mode(piece) for piece in pieces])
    both = len(np.unique(major[np.isfinite(modes)])) == 2  # else nothing can be said
    return found | ({"mode": _area(major, modes, params)} if both else {})


def _column(told: Sequence[Told], name: str) -> np.ndarray:
    """An attribute of each, float[N]; nan where it is undefined."""
    return np.array([one.attributes.get(name, np.nan) for one in told], float)


def _area(positive: np.ndarray, scores: np.ndarray, params: ControlParams) -> dict[str, float]:
    positive, scores = positive[np.isfinite(scores)], scores[np.isfinite(scores)]
    drawn = np.random.default_rng(params.seed).integers(len(scores), size=(params.resamples, len(scores)))
    areas = [roc_auc_score(positive[rows], scores[rows]) for rows in drawn if 0 < positive[rows].sum() < len(rows)]
    return estimate(float(roc_auc_score(positive, scores)), np.array(areas), len(scores))


def exact(params: ControlParams, asked: Sequence[Told], measured: Sequence[Told]) -> dict[str, dict]:
    """The share of pieces that have exactly the parts, the bars, the key, and the key or its relative, asked for."""

    def same(name: str) -> list[bool]:
        return [getattr(a.frame, name) == getattr(m.frame, name) for a, m in zip(asked, measured)]

    keys = [(_key(a.frame), _key(m.frame)) for a, m in zip(asked, measured)]
    hits = {
        "parts": same("parts"),
        "bars": same("bars"),
        "key": [wanted == found for wanted, found in keys],
        "key_or_relative": [
            wanted is not None and found is not None and wanted.fifths % 12 == found.fifths % 12
            for wanted, found in keys
        ],
    }
    return {name: mean_estimate(np.array(own, float), params.resamples, params.seed) for name, own in hits.items()}


def _key(frame: Frame) -> Key | None:
    return None if frame.tonic is None or frame.mode is None else Key(frame.tonic, frame.mode)


def likelihood(params: ControlParams, trained: TrainedModel, corpus: Corpus) -> dict:
    """Nats a note of test passages, told nothing and told all of them: what being told is worth."""
    pieces = corpus.pieces("test")
    family_of = dict(zip(pieces, corpus.families("test")))
    kept, events = encodable(trained.config.encoding, pieces)
    families = [family_of[piece] for piece in kept]
    metres, notes = [piece.metre for piece in kept], np.array([len(own) - 1 for own in events])
    sides = {
        "untold": make_examples(trained.config.encoding, events, metres),
        "told": told_examples(trained.config.encoding, trained.config.conditions, kept, events),
    }
    fields = trained.config.encoding.shape.fields
    found = {
        name: summarise_nats(score(trained.network, examples), notes, fields, params.resamples, params.seed, families)
        for name, examples in sides.items()
    }
    return {"passages": len(kept), "left_out": len(pieces) - len(kept), **found}

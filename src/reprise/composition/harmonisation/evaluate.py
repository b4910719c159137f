"""Test melodies harmonised and bars of test pieces filled, measured beside floor, ceiling and controls.

Neither these pieces nor their tunes were seen in training. The controls are the same model that isn't shown what stands
ahead but meets it note by note, and chords that it wrote to another piece.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field

from reprise.checked import Resamples, Seed, checked, require
from reprise.composition.corpus.store import SPLITS, Corpus, load_corpus
from reprise.composition.encoding.notes_vocabulary import bar_length
from reprise.composition.encoding.registry import encodable
from reprise.composition.harmonisation.agreement import agreeing, chords_of
from reprise.composition.harmonisation.floor import NearestChords
from reprise.composition.harmonisation.measures import (
    Bootstrap,
    Written,
    agreements,
    likelihood,
    out_of_range,
    style,
)
from reprise.composition.harmonisation.settings import settings
from reprise.composition.models.infilling.given import Gap
from reprise.composition.models.infilling.teaching import melody_given
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.infilling import Infill, encoding_of, infill
from reprise.composition.sampling.rules import SamplingRules, SharedRules, Temperature
from reprise.composition.style.voices import beat_of
from reprise.errors import BadInput
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece
from reprise.pipeline.compute import ComputeParams, run_jobs

ALL = 1 << 20  # beats
Bar = Annotated[int, Field(ge=1, le=1000)]


@checked
class HarmonisationParams(SharedRules):
    """The `harmonisation` section: how notes are drawn, which bars are filled, how many samples are laid open."""

    seed: Seed
    temperature: Temperature
    bars: tuple[Bar, Bar]
    open_samples: Annotated[int, Field(ge=0, le=100)]
    resamples: Resamples

    def __post_init__(self) -> None:
        require(self.bars[0] <= self.bars[1], "bars", list(self.bars), "the first and the last, in order")

    @property
    def rules(self) -> SamplingRules:
        """How notes are drawn."""
        shared = {field.name: getattr(self, field.name) for field in fields(SharedRules)}
        return SamplingRules(temperature=self.temperature, **shared)


def evaluate_harmonisation(
    params: HarmonisationParams, corpus: Path, model: Path, compute: ComputeParams
) -> tuple[dict, Written, Written]:
    """The content of metrics/harmonisation.json; the harmonised melodies, and the filled pieces.

    Raises:
        BadInput: the model doesn't see ahead, or no test piece fits it.
    """
    torch.set_num_threads(1)  # the last bits depend on their number
    trained, whole = load_model(model), load_corpus(corpus)
    melodies, filled = write(params, model, plan(params, trained, whole), compute)
    bootstrap = Bootstrap(params.resamples, params.seed)
    measured = measure(trained, melodies, bootstrap)
    agreement = measured["agreement"] | bounds(whole, melodies, bootstrap)
    shown = {"chord_agreement": "model", "floor": "floor", "ceiling": "ceiling"}
    metrics = {
        "left_out": len(whole.pieces("test")) - len(melodies.real),
        **{name: agreement[own].get("chord", {}) for name, own in shown.items()},
        **measured,
        "agreement": agreement,
    }
    if filled.real:
        metrics["fill"] = measure(trained, filled, bootstrap)
    return _defined(metrics), melodies, filled


def _defined(found: dict) -> dict:
    """The figures that there are: DVC drops what is empty."""
    inner = {key: _defined(own) if isinstance(own, dict) else own for key, own in found.items()}
    return {key: own for key, own in inner.items() if own != {}}


def measure(trained: TrainedModel, written: Written, bootstrap: Bootstrap) -> dict:
    """All that is measured of what was written, but for floor and ceiling."""
    return {
        "pieces": len(written.real),
        "agreement": agreements(written, bootstrap),
        "style": style(written, bootstrap),
        "out_of_range": out_of_range(trained, written, bootstrap),
        "likelihood": likelihood(trained, written, bootstrap),
    }


def plan(params: HarmonisationParams, trained: TrainedModel, corpus: Corpus) -> tuple[Written, Written]:
    """What is to be written: all but the melody of each test piece, and some bars of those that are longer.

    Raises:
        BadInput: the model doesn't see ahead, or no test piece fits it.
    """
    encoding, pieces = encoding_of(trained), corpus.pieces("test")
    family_of = dict(zip(pieces, corpus.families("test")))
    kept = [piece for piece in encodable(encoding, pieces)[0] if (piece.notes["part"] == 0).any()]
    if not kept:
        raise BadInput("the corpus has no test piece within the range and metres of its training pieces; add pieces")
    families, voices, (first, last) = [family_of[piece] for piece in kept], encoding.parts, params.bars
    melodies = Written(kept, families, [melody_given(voices)] * len(kept), [], [], [(0, ALL)] * len(kept))
    longer = [piece for piece in kept if bars_of(piece) > last - first + 1 and bars_of(piece) >= last]
    gaps, beats = [], []
    for piece in longer:
        bar = bar_length(piece.metre)
        gaps.append(Gap((True,) * voices, (first - 1) * bar, last * bar))
        beats.append(((first - 1) * bar // beat_of(piece), last * bar // beat_of(piece)))
    return melodies, Written(longer, [family_of[piece] for piece in longer], gaps, [], [], beats)


def write(
    params: HarmonisationParams, model: Path, planned: tuple[Written, Written], compute: ComputeParams
) -> tuple[Written, Written]:
    """Both with what the model made, shown what stands ahead and not: each of the four is a job."""
    jobs = [
        [
            Infill(piece, gap, (params.seed, kind, item), params.rules, shown)
            for item, (piece, gap) in enumerate(zip(own.real, own.gaps))
        ]
        for kind, own in enumerate(planned)
        for shown in (True, False)
    ]
    made = run_jobs(partial(_infill, model), jobs, list(map(len, jobs)), compute, "harmonising", "pieces")
    melodies, filled = planned
    return replace(melodies, made=made[0], unseen=made[1]), replace(filled, made=made[2], unseen=made[3])


def _infill(model: Path, orders: Sequence[Infill]) -> list[Piece]:
    torch.set_num_threads(1)
    return infill(load_model(model), orders)


def bounds(corpus: Corpus, melodies: Written, bootstrap: Bootstrap) -> dict[str, dict]:
    """The floor on the test melodies; the ceiling, over the settings of all tunes and over those of test tunes."""
    near = NearestChords(corpus.pieces("train"))
    pairs = [(near.harmonise(piece), chords_of(piece)) for piece in melodies.real]
    found = {"floor": bootstrap.estimates([agreeing(*pair) for pair in pairs], melodies.families)}
    splits = [split for split in SPLITS if split != "opening"]  # another composer's
    for name, used in (("ceiling", splits), ("ceiling_of_test_tunes", ["test"])):
        pieces = [piece for split in used for piece in corpus.pieces(split)]
        families = [family for split in used for family in corpus.families(split)]
        compared = settings(pieces, families)
        found[name] = bootstrap.estimates([counts for _, counts in compared], [family for family, _ in compared])
    return found

"""The figures of a model: how likely it finds held-out music, what its own music is like, and how much of it is
copied.

Everything is measured beside the same figures of real pieces that training never saw, those of the test split. They and
the music are measured over the same bars of as many. Test pieces are read here alone. Pieces of one family, which share
a tune, or continue one opening, are drawn together where an interval is estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from reprise.checked import Resamples, Seed, checked
from reprise.composition.corpus.store import Corpus, load_corpus
from reprise.composition.encoding.registry import encodable
from reprise.composition.evaluation.floors import floors
from reprise.composition.evaluation.likelihood import Score, past_only_hits, score, summarise_nats
from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.evaluation.measures import differences, summarise
from reprise.composition.evaluation.originality import longest_copied_run, originality
from reprise.composition.evaluation.style import style
from reprise.composition.models.batches import make_examples
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.music import MusicParams, load_music
from reprise.learning.bootstrap import ratio_estimate, rounded
from reprise.music.excerpts import after_bar, bars_of, cut_at_bar
from reprise.music.piece import Piece

ACCURACIES = ("step", "pitch", "duration")  # of the fields that have one
THREADS = 1  # the arrays are small: two wait for each other more than they help


@checked
class MusicEvaluationParams:
    """The `music_evaluation` section."""

    seed: Seed
    resamples: Resamples


@dataclass(frozen=True)
class Group:
    """Music that is compared with other music.

    Attributes:
        pieces: what of them is compared. families: of each piece, equal for those that aren't independent.
        whole: the model's own notes of all pieces, also what isn't compared.
    """

    pieces: list[Piece]
    families: list[object]
    whole: list[Piece]


def evaluate_model(
    params: MusicEvaluationParams, sampling: MusicParams, corpus_folder: Path, model: Path, music: Path
) -> dict:
    """The metrics of metrics/composer/MODEL.json: of the model in a folder, and of its music in another."""
    corpus, trained = load_corpus(corpus_folder), load_model(model)
    torch.set_num_threads(THREADS)
    metrics = {
        split: likelihood(trained, corpus.pieces(split), corpus.families(split), params)
        for split in ("validation", "test")
    }
    metrics["floors"] = floor_nats(trained, corpus.pieces("validation"), corpus.pieces("test"))
    groups = comparable(corpus, *load_music(music), sampling)
    return metrics | musical(groups, trained, params)


def comparable(
    corpus: Corpus, manifest: pd.DataFrame, music: Sequence[Piece], sampling: MusicParams
) -> dict[str, Group]:
    """`reference`, the test pieces, and the music of each temperature, over the same bars.

    The first `opening_bars` bars are left out of all of them, as they are somebody else's in half of the music. Then
    the music is cut to the lengths of the test pieces, what continues openings and what begins from nothing apart.
    Pieces that have no note there are left out.
    """

    def compared(piece: Piece) -> Piece:
        return after_bar(cut_at_bar(piece, sampling.bars), sampling.opening_bars)

    test = corpus.pieces("test")
    groups = {"reference": _group([compared(piece) for piece in test], corpus.families("test"), test)}
    lengths = [bars_of(piece) for piece in groups["reference"].pieces]
    for temperature, rows in manifest.groupby("temperature", sort=True):
        pieces, families, whole = [], [], []
        for _, alike in rows.groupby("origin", sort=False):
            pieces += cut_to_lengths([compared(music[row]) for row in alike.index], lengths)
            families += [row.opening or row.item for row in alike.itertuples()]
            whole += [after_bar(music[row.Index], row.opening_bars) for row in alike.itertuples()]
        groups[f"{temperature:g}"] = _group(pieces, families, whole)
    return groups


def _group(pieces: list[Piece], families: Sequence[object], whole: list[Piece]) -> Group:
    sounding = [i for i, piece in enumerate(pieces) if len(piece.notes)]
    return Group([pieces[i] for i in sounding], [str(families[i]) for i in sounding], whole)


def likelihood(
    trained: TrainedModel, pieces: Sequence[Piece], families: Sequence[object], params: MusicEvaluationParams
) -> dict:
    """Nats, perplexity, accuracies over all notes of pieces that the vocabulary can express; `skipped` the others."""
    encoding, family_of = trained.config.encoding, dict(zip(map(id, pieces), families, strict=True))
    kept, events = encodable(encoding, list(pieces))
    metres, families = [piece.metre for piece in kept], [family_of[id(piece)] for piece in kept]
    torch.manual_seed(params.seed)  # a VAE draws its latents
    scores = score(trained.network, make_examples(encoding, events, metres))
    notes = np.array([len(piece_events) - 1 for piece_events in events])
    past_only = past_only_hits(trained.network, encoding, events, metres)
    return {
        **summarise_nats(scores, notes, encoding.shape.fields, params.resamples, params.seed, families),
        **{
            f"{name}_accuracy": accuracy(scores, encoding.shape.fields.index(name), families, params)
            for name in ACCURACIES
            if name in encoding.shape.fields
        },
        "pitch_accuracy_past_only": ratio_estimate(
            np.array([hits.sum() for hits in past_only], float), notes, params.resamples, params.seed, families
        ),
        "notes": int(notes.sum()),
        "pieces": len(kept),
        "families": len(set(families)),
        "skipped": len(pieces) - len(kept),
    }


def accuracy(scores: Sequence[Score], field: int, families: Sequence[object], params: MusicEvaluationParams) -> dict:
    """How often the likeliest value of a field is the true one, given the true fields before it."""
    hits = np.array([s.hits[:, field].sum() for s in scores], float)
    counts = np.array([s.mask[:, field].sum() for s in scores], float)
    return ratio_estimate(hits, counts, params.resamples, params.seed, families)


def floor_nats(trained: TrainedModel, validation: list[Piece], test: list[Piece]) -> dict[str, float]:
    """Nats a note of the counting floors on the test pieces."""
    encoding = trained.config.encoding
    held_out, events = (encodable(encoding, pieces)[1] for pieces in (validation, test))
    notes = sum(len(piece) - 1 for piece in events)
    found = floors(encoding, trained.training, held_out, events)
    return {name: rounded(sum(nats.sum() for nats in pieces) / notes) for name, pieces in found.items()}


def musical(groups: dict[str, Group], trained: TrainedModel, params: MusicEvaluationParams) -> dict:
    """Measures of the reference and of the music at each temperature, how far apart they are, and what is copied.

    `compared` says of how many pieces and families these are, and how many bars of them on average.
    """
    bootstrap, temperatures = (params.resamples, params.seed), [name for name in groups if name != "reference"]
    summaries = {
        name: summarise(group.pieces, *bootstrap, group.families) | style(group.pieces, *bootstrap, group.families)
        for name, group in groups.items()
    }
    apart = {name: differences(groups[name].pieces, groups["reference"].pieces) for name in temperatures}
    return {
        "compared": {name: size(group) for name, group in groups.items()},
        "reference": summaries["reference"],
        "generated": {name: summaries[name] for name in temperatures},
        "standardised_difference": {
            name: {key: rounded(value) for key, value in found.items() if np.isfinite(value)}
            for name, found in apart.items()
        },
        "originality": {
            name: {
                **originality(group.pieces, trained.index, *bootstrap, group.families),
                "worst_copied_run": max(longest_copied_run(piece, trained.index) for piece in group.whole),
            }
            for name, group in groups.items()
        },
    }


def size(group: Group) -> dict[str, float]:
    """How much music is compared."""
    bars = [bars_of(piece) for piece in group.pieces]
    families = len(set(group.families))
    return {"pieces": len(bars), "families": families, "bars": rounded(float(np.mean(bars))) if bars else 0.0}

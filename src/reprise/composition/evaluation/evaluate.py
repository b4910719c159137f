"""The figures of a model: how likely it finds held-out music, what its own music is like, and how much of it is
copied.

Everything is measured beside the same figures of real pieces that training never saw, those of the test split. They and
the music are measured over the same bars of as many. Test pieces are read here alone. Pieces of one family, which share
a tune, or continue one opening, are drawn together where an interval is estimated.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from reprise.checked import Resamples, Seed, checked
from reprise.composition.corpus.store import load_corpus
from reprise.composition.encoding.registry import encodable
from reprise.composition.evaluation.floors import floors
from reprise.composition.evaluation.groups import REFERENCE, Group, comparable, size
from reprise.composition.evaluation.likelihood import Score, past_only_hits, score, summarise_nats
from reprise.composition.evaluation.measures import differences, standardised_difference, summarise
from reprise.composition.evaluation.originality import longest_copied_run, originality
from reprise.composition.models.batches import make_examples
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.music import MusicParams, load_music
from reprise.composition.style.halves import between_halves, divergences
from reprise.composition.style.measures import columns, estimates, of_ending, of_excerpt, values
from reprise.composition.style.repetition import take_up
from reprise.composition.style.transitions import KINDS, table_of, transitions
from reprise.learning.bootstrap import mean_estimates, ratio_estimate, rounded
from reprise.music.piece import Piece

# Of the measures of style, those that also stand among the others.
HEADLINES = ("parallel_fifths", "parallel_octaves", "closing_rate", "root_position_phrase_end_rate", "longest_return")
ACCURACIES = ("step", "pitch", "duration")  # of the fields that have one
THREADS = 1  # the arrays are small: two wait for each other more than they help


@checked
class MusicEvaluationParams:
    """The `music_evaluation` section."""

    seed: Seed
    resamples: Resamples


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
    bootstrap, music = (params.resamples, params.seed), [name for name in groups if name != REFERENCE]
    style = styled(groups, params)
    summaries = {
        name: summarise(group.pieces, *bootstrap, group.families)
        | {key: found[key] for key in HEADLINES if key in found}
        for (name, group), found in zip(groups.items(), (style[REFERENCE], *style["generated"].values()), strict=True)
    }
    apart = {name: differences(groups[name].pieces, groups[REFERENCE].pieces) for name in music}
    return {
        "compared": {name: size(group) for name, group in groups.items()},
        "reference": summaries[REFERENCE],
        "generated": {name: summaries[name] for name in music},
        "standardised_difference": {name: finite(found) for name, found in apart.items()},
        "style": style,
        "take_up": {name: found for name, group in groups.items() if (found := taken_up(group, params))},
        "originality": {
            name: {
                **originality(group.pieces, trained.index, *bootstrap, group.families),
                "worst_copied_run": max(longest_copied_run(piece, trained.index) for piece in group.whole),
            }
            for name, group in groups.items()
        },
    }


def styled(groups: dict[str, Group], params: MusicEvaluationParams) -> dict:
    """The measures of style of every group, and how far the music lies from the reference in each.

    Everything is measured over the bars that are compared, but for how pieces end: of test pieces that is the end that
    their composer wrote, of music the one that was chosen for its last bar, see `sampling.endings`.

    Returns:
        `reference`, and `generated` by temperature: estimates. `standardised_difference` by temperature, as for the
        other measures, with its yardstick in `halves`: the mean absolute difference between two halves of the
        reference. `divergence`, in bits, of what follows what (see `transitions`), by temperature and of `halves`.
        `not_applicable`: the measures that no piece of the reference has, as one text, since DVC drops lists.
    """
    measured = {
        name: columns([
            of_excerpt(piece) | of_ending(whole) for piece, whole in zip(group.pieces, group.endings, strict=True)
        ])
        for name, group in groups.items()
    }  # fmt: skip
    found = {
        name: estimates(measured[name], params.resamples, params.seed, group.families) for name, group in groups.items()
    }
    real = {key: values(column) for key, column in measured.pop(REFERENCE).items()}
    families = groups[REFERENCE].families
    split = {
        key: between_halves(standardised_difference, column, families, params.seed) for key, column in real.items()
    }
    return {
        "reference": found.pop(REFERENCE),
        "generated": found,
        "standardised_difference": {
            name: finite(
                {key: standardised_difference(values(own[key]), column) for key, column in real.items() if key in own}
            )
            for name, own in measured.items()
        },
        "halves": finite(split),
        "divergence": _divergence(groups, params.seed),
        "not_applicable": " ".join(key for key, column in real.items() if np.isnan(column).all()),
    }


def _divergence(groups: dict[str, Group], seed: int) -> dict[str, dict[str, float]]:
    """How far the distributions of each group lie from the reference, by group and kind; see `halves.divergences`."""
    counted = {name: [transitions(piece) for piece in group.pieces] for name, group in groups.items()}
    ends = np.cumsum([len(pieces) for pieces in counted.values()])[:-1]
    found: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        table = table_of([piece[kind] for pieces in counted.values() for piece in pieces])
        tables = dict(zip(counted, np.split(table, ends), strict=True))
        for name, value in divergences(tables.pop(REFERENCE), tables, groups[REFERENCE].families, seed).items():
            found.setdefault(name, {})[kind] = value
    return {name: finite(row) for name, row in found.items()}


def taken_up(group: Group, params: MusicEvaluationParams) -> dict:
    """What continuations take up of their openings: the share of its 3-grams as an estimate, `own`, beside `others`,
    the share of those of other openings, and their `difference`; pieces without an opening are left out.
    """
    openings = {i: opening for i, opening in enumerate(group.openings) if opening is not None}
    families = [group.families[i] for i in openings]
    shares = take_up(list(openings.values()), [group.pieces[i] for i in openings], families)
    figures = {"own": shares[:, 0], "others": shares[:, 1], "difference": shares[:, 0] - shares[:, 1]}
    return mean_estimates(figures, params.resamples, params.seed, families)


def finite(found: dict[str, float]) -> dict[str, float]:
    """The figures that are defined, as metrics have them."""
    return {name: rounded(value) for name, value in found.items() if np.isfinite(value)}

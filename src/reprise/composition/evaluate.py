"""The figures of a composer: how likely it finds held-out music, what its own music is like, and how much of it is
copied.

Everything is measured beside the same figures of real pieces that training never saw: the test split, cut to the
length of what was composed. Test pieces are read here alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from reprise.bootstrap import ratio_estimate, rounded
from reprise.composition.batches import make_examples
from reprise.composition.compose import cut_at_bar
from reprise.composition.composer import Composer, load_composer
from reprise.composition.corpus import load_corpus
from reprise.composition.floors import floors
from reprise.composition.likelihood import Score, past_only_hits, score, summarise_nats
from reprise.composition.measures import differences, summarise
from reprise.composition.music import load_music
from reprise.composition.notes import encodable
from reprise.composition.notes_vocabulary import DURATION, PITCH, STEP
from reprise.composition.originality import originality
from reprise.music.piece import Piece
from reprise.params import require

THREADS = 2  # another number can give other last digits


@dataclass(frozen=True)
class MusicEvaluationParams:
    """The `music_evaluation` section."""

    seed: int
    resamples: int

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(10 <= self.resamples <= 100_000, "resamples", self.resamples, "from 10 to 100000")


def evaluate_composer(
    params: MusicEvaluationParams, bars: int, corpus_folder: Path, model: Path, music: Path
) -> tuple[dict, dict[str, list[Piece]]]:
    """The metrics of metrics/composer/MODEL.json, and the pieces that were compared: `reference`, and those of each
    temperature.

    Args:
        bars: length of the music, to which the reference is cut.
    """
    corpus, composer = load_corpus(corpus_folder), load_composer(model)
    torch.set_num_threads(THREADS)
    metrics = {split: likelihood(composer, corpus.pieces(split), params) for split in ("validation", "test")}
    metrics["floors"] = floor_nats(composer, corpus.pieces("validation"), corpus.pieces("test"))
    manifest, pieces = load_music(music)
    compared = {"reference": [cut_at_bar(piece, bars) for piece in corpus.pieces("test")]}
    for temperature, rows in manifest.groupby("temperature", sort=True):
        compared[f"{temperature:g}"] = [pieces[row] for row in rows.index]
    return metrics | musical(compared, composer, params), compared


def likelihood(composer: Composer, pieces: Sequence[Piece], params: MusicEvaluationParams) -> dict:
    """Nats, perplexity, accuracies over all notes of pieces that the vocabulary can express; `skipped` the others."""
    encoding = composer.config.encoding
    kept, events = encodable(encoding, list(pieces))
    metres = [piece.metre for piece in kept]
    torch.manual_seed(params.seed)  # a VAE draws its latents
    scores = score(composer.model, make_examples(encoding, events, metres))
    notes = np.array([len(piece_events) - 1 for piece_events in events])
    past_only = past_only_hits(composer.model, encoding, events, metres)
    return {
        **summarise_nats(scores, notes, encoding.shape.fields, params.resamples, params.seed),
        **{
            f"{name}_accuracy": accuracy(scores, f, params)
            for name, f in (("step", STEP), ("pitch", PITCH), ("duration", DURATION))
        },
        "pitch_accuracy_past_only": ratio_estimate(
            np.array([hits.sum() for hits in past_only], float), notes, params.resamples, params.seed
        ),
        "notes": int(notes.sum()),
        "pieces": len(kept),
        "skipped": len(pieces) - len(kept),
    }


def accuracy(scores: Sequence[Score], field: int, params: MusicEvaluationParams) -> dict:
    """How often the likeliest value of a field is the true one, given the true fields before it."""
    hits = np.array([s.hits[:, field].sum() for s in scores], float)
    counts = np.array([s.mask[:, field].sum() for s in scores], float)
    return ratio_estimate(hits, counts, params.resamples, params.seed)


def floor_nats(composer: Composer, validation: list[Piece], test: list[Piece]) -> dict[str, float]:
    """Nats a note of the counting floors on the test pieces."""
    encoding = composer.config.encoding
    held_out, events = (encodable(encoding, pieces)[1] for pieces in (validation, test))
    notes = sum(len(piece) - 1 for piece in events)
    found = floors(encoding, composer.training, held_out, events)
    return {name: rounded(sum(nats.sum() for nats in pieces) / notes) for name, pieces in found.items()}


def musical(compared: dict[str, list[Piece]], composer: Composer, params: MusicEvaluationParams) -> dict:
    """Measures of the reference and of the music at each temperature, how far apart they are, and what is copied."""
    sounding = {name: [piece for piece in pieces if len(piece.notes)] for name, pieces in compared.items()}
    temperatures = [name for name in compared if name != "reference"]
    apart = {name: differences(sounding[name], sounding["reference"]) for name in temperatures}
    summaries = {name: summarise(pieces, params.resamples, params.seed) for name, pieces in sounding.items()}
    copied = {
        name: originality(pieces, composer.index, params.resamples, params.seed) for name, pieces in sounding.items()
    }
    return {
        "reference": summaries["reference"],
        "generated": {name: summaries[name] for name in temperatures},
        "standardised_difference": {
            name: {key: rounded(value) for key, value in found.items() if np.isfinite(value)}
            for name, found in apart.items()
        },
        "originality": copied,
    }

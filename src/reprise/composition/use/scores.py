"""What a person does with models and folders of scores: generate, measure, score. Nothing is printed here.

Figures are estimates with 95 % intervals over pieces (see `bootstrap`). nan, where a measure is undefined, is None.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from reprise.composition.encoding.events import Encoding
from reprise.composition.evaluation import measures
from reprise.composition.evaluation.likelihood import score, summarise_nats
from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.evaluation.originality import originality
from reprise.composition.models.batches import make_examples
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.drawing.distribution import pitch_mask
from reprise.composition.sampling.drawing.sampler import MOST_NOTES
from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.tonality import compose_in_keys
from reprise.errors import BadInput, ScoreError
from reprise.learning.bootstrap import rounded
from reprise.music.analysis.copies import CopyIndex
from reprise.music.analysis.keyfinding import find_key
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

TOGETHER = 8  # pieces composed at once
READ_LIMIT_S = 60.0  # a score
RESAMPLES, SEED = 1000, 1  # of the bootstrap behind the intervals; a VAE draws its latents from SEED too


def nothing() -> None:
    """What to call after each unit of work where nobody watches."""


def generate(
    trained: TrainedModel,
    rules: SamplingRules,
    seed: int,
    count: int = 1,
    notes: int | None = None,
    bars: int | None = None,
    start: Piece | None = None,
    advance: Callable[[], None] = nothing,
) -> list[Piece]:
    """`count` pieces of exactly `notes` notes or `bars` bars, those of `start` included, which they all continue.

    The same arguments give the same pieces; with a larger `count` more of them.

    Args:
        advance: called after each event of the pieces made together.

    Raises:
        BadInput: the rules or the start don't fit the model.
    """
    metre = trained.config.metre
    orders = [Order((seed, item), notes, bars, start, metre, rules) for item in range(count)]
    after = f"after {Path(start.source).name}" if start else ""  # the same wherever the file lies
    return [
        replace(piece, title=f"{piece.source}, seed {seed}" + (f", piece {item}" if item > 1 else ""), subtitle=after)
        for item, piece in enumerate(compose_alike(trained, orders, advance), 1)
    ]


def compose_alike(trained: TrainedModel, orders: Sequence[Order], advance: Callable[[], None] = nothing) -> list[Piece]:
    """The pieces ordered, by whichever rules and in the key that they ask for, each the same whatever is beside it.

    Rounding depends on how many pieces are made at once, not on which ones; so always `TOGETHER` are, some of them for
    nobody. That costs a piece alone a third more time, and many together far less than one after the other.

    Raises:
        BadInput: rules or a start don't fit the model.
    """

    def in_groups(orders: list[Order]) -> list[Piece]:
        for_nobody, pieces = Order((0,), notes=1, metre=trained.config.metre), []
        for at in range(0, len(orders), TOGETHER):
            group = orders[at : at + TOGETHER]
            filled = group + [for_nobody] * (TOGETHER - len(group))
            pieces += compose(trained, filled, advance)[: len(group)]
        return pieces

    return compose_in_keys(orders, in_groups, trained.config.encoding.trained_range, TOGETHER)


def check_rules(rules: SamplingRules, encoding: Encoding) -> None:
    """Refuse before any work what `compose` would refuse.

    Raises:
        BadInput: the rules name a field that the encoding lacks, or leave no pitch.
    """
    rules.temperatures(encoding.shape.fields)
    pitch_mask(encoding, rules)


def describe(piece: Piece) -> dict:
    """Notes, bars, key, metre, tempo and length of a piece."""
    return {
        "notes": len(piece.notes),
        "bars": bars_of(piece),
        "key": key.name if (key := find_key(piece)) else None,
        "metre": f"{piece.metre[0]}/{piece.metre[1]}",
        "tempo_bpm": round(piece.tempo_bpm, 2),
        "duration_s": round(piece.duration_s, 2),
    }


def find_scores(folder: Path) -> list[Path]:
    """The scores in a folder and those below it, by path; of files that differ in the extension alone the MIDI file.

    Raises:
        BadInput: there is no such folder, or no score in it.
    """
    from reprise.music.scores import EXTENSIONS  # here, since it brings music21, which nothing else here needs

    if not folder.is_dir():
        is_what = "is a file" if folder.exists() else "no such folder"
        raise BadInput(f"{folder}: {is_what}; it must be a folder with scores")
    found: dict[Path, Path] = {}
    for extension in EXTENSIONS:
        for path in folder.rglob("*"):
            if path.suffix.lower() == extension and path.is_file():
                found.setdefault(path.with_suffix(""), path)
    if not found:
        raise BadInput(f"{folder}: has no scores; it must hold files that end in {', '.join(EXTENSIONS)}")
    return sorted(found.values())


def read_scores(paths: Sequence[Path], advance: Callable[[], None] = nothing) -> tuple[list[Piece], list[dict]]:
    """The pieces in files, and the file and error of each that can't be read."""
    from reprise.music.scores import read_many

    pieces, skipped = [], []
    for path, result in read_many(paths, READ_LIMIT_S):
        if isinstance(result, ScoreError):
            skipped.append({"file": str(path), "error": str(result)})
        else:
            pieces += result
        advance()
    return pieces, skipped


def evaluate_music(pieces: Sequence[Piece], reference: Sequence[Piece] = ()) -> dict:
    """Musical measures of pieces; with a reference also its own, how far they differ, and what is copied from it.

    Then what is measured of each side is cut to the lengths of the other, from its beginning; what is copied is looked
    for in whole pieces.
    """
    if not reference:
        return {"pieces": len(pieces), "measures": measures.summarise(pieces, RESAMPLES, SEED)}
    ours = cut_to_lengths(pieces, [bars_of(piece) for piece in reference])
    theirs = cut_to_lengths(reference, [bars_of(piece) for piece in pieces])
    return {
        "pieces": len(pieces),
        "measures": measures.summarise(ours, RESAMPLES, SEED),
        "reference": {"pieces": len(reference), "measures": measures.summarise(theirs, RESAMPLES, SEED)},
        "standardised_difference": {
            name: None if math.isnan(value) else rounded(value)
            for name, value in measures.differences(ours, theirs).items()
        },
        "originality": originality(pieces, CopyIndex(reference), RESAMPLES, SEED),
    }


def likelihood(trained: TrainedModel, pieces: Sequence[Piece]) -> dict:
    """Nats a note of each piece under the model and over all of them, by field; see `likelihood.summarise_nats`.

    `skipped` holds what the model's vocabulary can't express.

    Raises:
        BadInput: it can express none.
    """
    encoding = trained.config.encoding
    used, events, skipped = [], [], []
    for piece in pieces:
        try:
            if len(piece.notes) > MOST_NOTES:
                raise BadInput(f"{piece.source}: has {len(piece.notes):,} notes; at most {MOST_NOTES:,} are scored")
            events.append(encoding.encode(piece))
            used.append(piece)
        except BadInput as error:
            skipped.append({"file": piece.source, "error": str(error)})
    if not used:
        raise BadInput(f"the model can express no score, beginning with: {skipped[0]['error']}")
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        scores = score(trained.network, make_examples(encoding, events, [piece.metre for piece in used]))
    notes = np.array([len(own) - 1 for own in events])  # the last event ends the piece
    fields = encoding.shape.fields
    return {
        "pieces": len(used),
        "notes": int(notes.sum()),
        "is_bound": False,
        **summarise_nats(scores, notes, fields, RESAMPLES, SEED),
        "scores": [
            {
                "file": piece.source,
                "notes": int(count),
                "nats_per_note": rounded(own.total / count),
                "perplexity": rounded(math.exp(own.total / count)),
                "nats": {name: rounded(value / count) for name, value in zip(fields, own.nats.sum(axis=0))},
            }
            for piece, count, own in zip(used, notes, scores)
        ],
        "skipped": skipped,
    }

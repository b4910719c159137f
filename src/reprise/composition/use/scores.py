"""What a person learns of folders of scores: measures, also against others, and how likely a model finds them. Nothing
is printed here.

Figures are estimates with 95 % intervals over pieces (see `bootstrap`). nan, where a measure is undefined, is None.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from reprise.composition.evaluation import measures
from reprise.composition.evaluation.likelihood import score, summarise_nats
from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.evaluation.originality import originality
from reprise.composition.models.batches import make_examples
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.drawing.sampler import MOST_NOTES
from reprise.composition.style.measures import columns, estimates, of_ending, of_excerpt, values
from reprise.errors import BadInput, ScoreError
from reprise.learning.bootstrap import rounded
from reprise.music.analysis.copies import CopyIndex
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

READ_LIMIT_S = 60.0  # a score
RESAMPLES, SEED = 1000, 1  # of the bootstrap behind the intervals; a VAE draws its latents from SEED too


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


def read_scores(paths: Sequence[Path], advance: Callable[[], None] = lambda: None) -> tuple[list[Piece], list[dict]]:
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

    Then what is measured of each side is cut to the lengths of the other, from its beginning; how pieces end, and what
    is copied, is looked for in whole pieces. `style` has the same keys, for the measures of style that apply.
    """
    if not reference:
        return {
            "pieces": len(pieces),
            "measures": measures.summarise(pieces, RESAMPLES, SEED),
            "style": {"measures": estimates(_styles(pieces, pieces), RESAMPLES, SEED, range(len(pieces)))},
        }
    ours = cut_to_lengths(pieces, [bars_of(piece) for piece in reference])
    theirs = cut_to_lengths(reference, [bars_of(piece) for piece in pieces])
    return {
        "pieces": len(pieces),
        "measures": measures.summarise(ours, RESAMPLES, SEED),
        "reference": {"pieces": len(reference), "measures": measures.summarise(theirs, RESAMPLES, SEED)},
        "standardised_difference": _or_none(measures.differences(ours, theirs)),
        "style": _compared_styles(_styles(ours, pieces), _styles(theirs, reference)),
        "originality": originality(pieces, CopyIndex(reference), RESAMPLES, SEED),
    }


def _styles(excerpts: Sequence[Piece], whole: Sequence[Piece]) -> dict[str, np.ndarray]:
    """The measures of style of pieces, and of how they end, each float[pieces, 2]; those that apply to any of them."""
    measured = columns([of_excerpt(part) | of_ending(piece) for part, piece in zip(excerpts, whole, strict=True)])
    return {name: column for name, column in measured.items() if column[:, 1].any()}


def _compared_styles(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict[str, dict]:
    both = [name for name in ours if name in theirs]
    return {
        "measures": estimates(ours, RESAMPLES, SEED, range(len(next(iter(ours.values()), ())))),
        "reference": {"measures": estimates(theirs, RESAMPLES, SEED, range(len(next(iter(theirs.values()), ()))))},
        "standardised_difference": _or_none(
            {name: measures.standardised_difference(values(ours[name]), values(theirs[name])) for name in both}
        ),
    }


def _or_none(found: Mapping[str, float]) -> dict[str, float | None]:
    """Figures as JSON has them, None where one is undefined."""
    return {name: None if math.isnan(value) else rounded(value) for name, value in found.items()}


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

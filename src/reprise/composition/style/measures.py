"""Every measure of style by its name, as `Share`s of pieces.

`of_excerpt` measures pieces or parts of them, `of_ending` how whole pieces end. A measure that a piece has no use for
is (0, 0) there: voice leading of one part, or of a piano's chords; chords at phrase ends of a single melody.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reprise.composition.style.harmony import harmony
from reprise.composition.style.keyplan import keyplan
from reprise.composition.style.leading import leading
from reprise.composition.style.phrases import ending, phrasing
from reprise.composition.style.repetition import repetition
from reprise.composition.style.voices import Share
from reprise.learning.bootstrap import ratio_estimate
from reprise.music.piece import Piece

EXCERPT: tuple[Callable[[Piece], dict[str, Share]], ...] = (leading, harmony, phrasing, repetition, keyplan)


def of_excerpt(piece: Piece) -> dict[str, Share]:
    """All measures that a piece or a part of one has."""
    return {name: found for function in EXCERPT for name, found in function(piece).items()}


def of_ending(piece: Piece) -> dict[str, Share]:
    """The measures of a whole piece's end."""
    return ending(piece)


def columns(rows: Sequence[Mapping[str, Share]]) -> dict[str, np.ndarray]:
    """The measures of pieces, each float[pieces, 2]."""
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def values(column: np.ndarray) -> np.ndarray:
    """One number a piece, float[pieces]; nan where the measure isn't defined for it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return column[:, 0] / column[:, 1]


def estimates(
    measured: Mapping[str, np.ndarray], resamples: int, seed: int, families: Sequence
) -> dict[str, dict[str, float]]:
    """An estimate of each measure over all pieces together, see `bootstrap.ratio_estimate`; one that is defined for
    none of them is left out.
    """
    return {
        name: ratio_estimate(column[:, 0], column[:, 1], resamples, seed, families)
        for name, column in measured.items()
        if column[:, 1].any()
    }

"""The best of several pieces, by a stated rule.

- `style`: nearest to the training pieces in what a piece is like: the root mean square, in their standard deviations,
  of how far its measures (`evaluation.measures`, and those of `style` that apply) lie from their means.
- `likelihood`: fewest nats a note under the model itself: what it finds most usual.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reprise.composition.evaluation.measures import measure
from reprise.composition.models.trained import TrainedModel
from reprise.composition.style.measures import columns, of_excerpt, values
from reprise.composition.use.scores import likelihood
from reprise.errors import BadInput
from reprise.music.excerpts import after_bar, bars_of, cut_at_bar
from reprise.music.piece import Piece

RULES = ("style", "likelihood")
COMPARED = 60  # training pieces that candidates are compared with, at most, evenly spread over all
UNUSUAL = 5.0  # sd; farther in one measure counts as this


def best_of(
    trained: TrainedModel, groups: Sequence[Sequence[Piece]], rule: str, opening_bars: int = 0
) -> tuple[list[int], list[float]]:
    """Of each group the number of the best piece, counted from 0, and its score; the lower, the better.

    Args:
        rule: one of `RULES`. opening_bars: bars at the start that are somebody else's, and don't count in `style`.
    """
    score = _style(trained, opening_bars, max(map(bars_of, groups[0]))) if rule == "style" else _nats(trained)
    scores = [[score(piece) for piece in group] for group in groups]
    chosen = [int(np.argmin(own)) for own in scores]
    return chosen, [own[place] for own, place in zip(scores, chosen)]


def _style(trained: TrainedModel, opening_bars: int, bars: int) -> Callable[[Piece], float]:
    """How far a piece of so many bars lies from the training pieces, cut to as many bars."""
    encoding = trained.config.encoding
    step = -(-len(trained.training) // COMPARED)
    real = [
        encoding.decode(events, trained.config.metre, 120.0, (0,) * encoding.parts, "training")
        for events in trained.training[::step]
    ]
    table = _measured([cut_at_bar(piece, bars - opening_bars) for piece in real])
    defined = {name: column[~np.isnan(column)] for name, column in table.items()}
    usual = {name: (own.mean(), own.std()) for name, own in defined.items() if len(own) > 1 and own.std() > 0}

    def score(piece: Piece) -> float:
        own = {name: column[0] for name, column in _measured([after_bar(piece, opening_bars)]).items()}
        apart = np.array([(own[name] - mean) / sd for name, (mean, sd) in usual.items() if np.isfinite(own[name])])
        return float(np.sqrt((np.clip(apart, -UNUSUAL, UNUSUAL) ** 2).mean())) if len(apart) else np.inf

    return score


def _measured(pieces: Sequence[Piece]) -> dict[str, np.ndarray]:
    """Every measure of pieces by its name, float[pieces]; nan where one is undefined."""
    rows, style = [measure(piece) for piece in pieces], columns([of_excerpt(piece) for piece in pieces])
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return found | {name: values(column) for name, column in style.items()}


def _nats(trained: TrainedModel) -> Callable[[Piece], float]:
    def score(piece: Piece) -> float:
        try:
            return float(likelihood(trained, [piece])["nats_per_note"]["value"])
        except BadInput:  # an opening that the vocabulary can't express as it stands
            return np.inf

    return score

"""`reprise generate --candidates`: more pieces are composed than asked for, and the best are kept."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from reprise.commands.arguments import whole_number
from reprise.errors import BadInput

if TYPE_CHECKING:
    from reprise.composition.models.trained import TrainedModel
    from reprise.music.piece import Piece

MOST = 100  # candidates for a piece
CHOICES = ("style", "likelihood")  # `candidates.RULES`, which would bring numpy
USUAL = "style"


def add_candidates(parser: argparse.ArgumentParser) -> None:
    """Declare --candidates and --choose."""
    group = parser.add_argument_group("candidates", "Of several pieces the best one is kept.")
    group.add_argument(
        "--candidates", type=whole_number(1, MOST), metavar="N", help="compose so many for each piece (default: 1)"
    )
    group.add_argument(
        "--choose",
        choices=CHOICES,
        help="which is the best: nearest to the training pieces in its measures (style), or likeliest under the model "
        f"(default: {USUAL})",
    )


def compose_best(
    options: argparse.Namespace, trained: "TrainedModel", start: "Piece | None", compose: Callable[[int], "list[Piece]"]
) -> "tuple[list[Piece], list[dict]]":
    """As many pieces as asked for, and what is to be said of each: which of its candidates it is, and its score.

    Args:
        start: what they all continue. compose: makes so many pieces, with a larger number more of them.

    Raises:
        BadInput: there is a rule, but nothing to choose from.
    """
    from reprise.composition.use.candidates import best_of
    from reprise.music.excerpts import bars_of

    each = options.candidates or 1
    if each == 1:
        if options.choose is not None:
            raise BadInput(f"--choose: is {options.choose}, but there is one candidate; give --candidates 2 or more")
        return compose(options.count), [{}] * options.count
    made = compose(options.count * each)
    groups = [made[at : at + each] for at in range(0, len(made), each)]
    rule = options.choose or USUAL
    chosen, scores = best_of(trained, groups, rule, bars_of(start) if start else 0)
    told = [{"candidate": place + 1, "candidates": each, rule: round(score, 4)} for place, score in zip(chosen, scores)]
    return [group[place] for group, place in zip(groups, chosen)], told

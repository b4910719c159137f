"""Pieces cut to the lengths of others: most measures drift with length, so unlike lengths would look like unlike music.

Entropies grow with every bar, as do ranges and the longest run that is in some other piece.
"""

from collections.abc import Sequence

from reprise.music.excerpts import bars_of, cut_at_bar
from reprise.music.piece import Piece


def cut_to_lengths(pieces: Sequence[Piece], lengths: Sequence[int]) -> list[Piece]:
    """The pieces, in their order, cut so that they are distributed as `lengths`, in bars; nothing is made longer.

    The k-th shortest of N pieces is cut to the length at (k + 1/2) / N of the ascending `lengths`. Without any, or with
    pieces that are all short enough already, nothing is cut.
    """
    targets, cut = sorted(lengths), list(pieces)
    if not targets:
        return cut
    order = sorted(range(len(cut)), key=lambda i: bars_of(cut[i]))
    for k, i in enumerate(order):
        target = targets[(2 * k + 1) * len(targets) // (2 * len(cut))]
        if bars_of(cut[i]) > target:
            cut[i] = cut_at_bar(cut[i], target)
    return cut

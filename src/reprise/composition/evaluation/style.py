"""Measures of style: what composers of a style avoid or seek, counted over whole sets of pieces."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from reprise.learning.bootstrap import ratio_estimate
from reprise.music.piece import Piece
from reprise.music.timegrid import to_twelfths

FIFTH, OCTAVE = 7, 0
PER = 1000  # moving pairs of voices


def parallels(piece: Piece) -> tuple[int, int, int]:
    """Parallel fifths, parallel octaves and unisons, and the moving pairs in which they could occur.

    Two parts are a moving pair where both begin a note at one onset and both leave the pitch of their note before. It
    is a parallel fifth where the upper one stood a fifth above the other, octaves apart or not, and does so again;
    likewise for octaves and unisons. Of a chord in one part the highest note counts.
    """
    lines = [_line(piece.notes[piece.notes["part"] == part]) for part in np.unique(piece.notes["part"])]
    found = np.zeros(3, int)
    for (onsets, pitches), (other_onsets, other_pitches) in combinations(lines, 2):
        _, first, second = np.intersect1d(onsets, other_onsets, assume_unique=True, return_indices=True)
        both = (first > 0) & (second > 0)
        first, second = first[both], second[both]
        before, now = pitches[first - 1] - other_pitches[second - 1], pitches[first] - other_pitches[second]
        moving = (pitches[first] != pitches[first - 1]) & (other_pitches[second] != other_pitches[second - 1])
        same_side = (before >= 0) == (now >= 0)
        for place, kind in enumerate((FIFTH, OCTAVE)):
            found[place] += (moving & same_side & (abs(before) % 12 == kind) & (abs(now) % 12 == kind)).sum()
        found[2] += moving.sum()
    return int(found[0]), int(found[1]), int(found[2])


def _line(notes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The onsets of a part in twelfths of a beat and the highest pitch at each, int[onsets] each."""
    onsets, owner = np.unique(to_twelfths(notes["onset"]), return_inverse=True)
    highest = np.full(len(onsets), -1)
    np.maximum.at(highest, owner, notes["pitch"].astype(int))
    return onsets, highest


def style(pieces: Sequence[Piece], resamples: int, seed: int, families: Sequence) -> dict[str, dict[str, float]]:
    """`parallel_fifths` and `parallel_octaves`, each an estimate per 1,000 moving pairs of voices; nothing where no
    pair moves.
    """
    counts = np.array([parallels(piece) for piece in pieces], float).reshape(-1, 3)
    if not counts[:, 2].any():
        return {}
    return {
        name: ratio_estimate(PER * counts[:, place], counts[:, 2], resamples, seed, families)
        for place, name in enumerate(("parallel_fifths", "parallel_octaves"))
    }

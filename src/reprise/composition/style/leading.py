"""Voice leading: how pairs of voices move, cross and keep their distance.

Two voices are a moving pair where both begin a note at one onset and both leave the pitch of their note before. Perfect
intervals are unisons, octaves and fifths, octaves apart or not: what counterpoint forbids is to go from one to the same
one (Piston, Harmony, 5th ed. 1987, ch. 3; Fux, Gradus ad Parnassum, 1725).
"""

from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from reprise.composition.style.voices import UNDEFINED, Line, Share, has_voices, share, sounding, voices
from reprise.music.piece import Piece

FIFTH, OCTAVE = 7, 0
PER = 1000  # moving pairs
LEAP = 3  # semitones or more


class Motions(NamedTuple):
    """What moving pairs do, as counts.

    Attributes:
        fifths, octaves: the pair goes from a fifth to a fifth, or an octave or unison to one, the same voice above.
        contrary: so many of both by contrary motion, as from a fifth to a twelfth.
        hidden: the outer voices come in similar motion to a fifth or octave from another interval, the upper by leap.
        pairs: moving pairs. outer: those of the outer voices.
    """

    fifths: int
    octaves: int
    contrary: int
    hidden: int
    pairs: int
    outer: int


def leading(piece: Piece) -> dict[str, Share]:
    """Voice leading of a piece with two voices or more.

    Returns:
        `parallel_fifths`, `parallel_octaves` and, of both together, those by `contrary_perfects`: in 1,000 moving
        pairs. `hidden_perfects`: in 1,000 moving pairs of the outer voices. `crossing_rate`: share of the time in which
        a voice is above the one that is higher on the whole. `wide_spacing_rate`: share of the time in which two
        neighbours above the lowest voice lie more than an octave apart.
    """
    lines = voices(piece) if has_voices(piece) else []
    found = motions(lines)
    return {
        "parallel_fifths": share(PER * found.fifths, found.pairs),
        "parallel_octaves": share(PER * found.octaves, found.pairs),
        "contrary_perfects": share(PER * found.contrary, found.pairs),
        "hidden_perfects": share(PER * found.hidden, found.outer),
        **_distances(lines),
    }


def motions(lines: list[Line]) -> Motions:
    """The moving pairs of voices, counted over all pairs of lines, which are ordered from high to low."""
    found = np.zeros(len(Motions._fields), int)
    for (i, upper), (j, lower) in combinations(enumerate(lines), 2):
        outer = i == 0 and j == len(lines) - 1
        found += _pair(upper, lower, outer)
    return Motions(*map(int, found))


def _pair(upper: Line, lower: Line, outer: bool) -> np.ndarray:
    """The counts of `Motions` for one pair of lines, int[6]."""
    _, first, second = np.intersect1d(upper.onsets, lower.onsets, assume_unique=True, return_indices=True)
    later = (first > 0) & (second > 0)
    first, second = first[later], second[later]
    move, other = (line.pitches[at] - line.pitches[at - 1] for line, at in ((upper, first), (lower, second)))
    moving = (move != 0) & (other != 0)
    now = upper.pitches[first] - lower.pitches[second]
    before = now - move + other
    same_side = (before >= 0) == (now >= 0)
    similar = moving & (np.sign(move) == np.sign(other))
    to_same = [moving & same_side & (abs(before) % 12 == kind) & (abs(now) % 12 == kind) for kind in (FIFTH, OCTAVE)]
    perfect = np.isin(abs(now) % 12, (FIFTH, OCTAVE))
    hidden = similar & perfect & ~to_same[0] & ~to_same[1] & (abs(move) >= LEAP)
    counts = (*to_same, (to_same[0] | to_same[1]) & ~similar, hidden & outer, moving, moving & outer)
    return np.array([column.sum() for column in counts])


def _distances(lines: list[Line]) -> dict[str, Share]:
    """How long neighbouring voices are crossed, and upper ones more than an octave apart."""
    if len(lines) < 2:
        return {"crossing_rate": UNDEFINED, "wide_spacing_rate": UNDEFINED}
    times = np.unique(np.concatenate([side for line in lines for side in (line.onsets, line.ends)]))
    at, lasting = sounding(lines, times[:-1]), np.diff(times)
    pitches = [np.where(row >= 0, line.pitches[row], -1) for row, line in zip(at, lines)]
    both = np.array([(above >= 0) & (below >= 0) for above, below in pairwise(pitches)])
    gaps = np.array([above - below for above, below in pairwise(pitches)])
    crossed, upper = (both & (gaps < 0)).any(axis=0), both[:-1]
    wide = (upper & (gaps[:-1] > 12)).any(axis=0)
    return {
        "crossing_rate": share(lasting[crossed], lasting[both.any(axis=0)].sum()),
        "wide_spacing_rate": share(lasting[wide], lasting[upper.any(axis=0)].sum()),
    }

"""The ceiling: how often a composer's own settings of one tune agree, where their melodies do.

Pieces of one family are compared two by two: transposed so that their melodies have most beats in common, and aligned
where these are alike for `RUN` beats or more (the longest blocks, see `difflib.SequenceMatcher`). Two settings that are
alike in nearly all chords are copies of one, in another key or work, and say nothing.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np

from reprise.composition.harmonisation.agreement import NO_CHORD, Chords, agreeing, chords_of
from reprise.composition.style.voices import Share
from reprise.music.piece import Piece

RUN = 8  # beats
COPIED = 0.9  # share of sets of pitch classes


def settings(pieces: Sequence[Piece], families: Sequence[int]) -> list[tuple[int, dict[str, Share]]]:
    """The family of each pair of settings of one tune, and on how many beats they agree of how many, see `agreeing`.

    A pair of a family of n pieces counts 2 / n of a piece: a tune that was set often doesn't count by the square of it.
    """
    found = []
    chords = [chords_of(piece) for piece in pieces]
    for family in sorted(set(families)):
        members = [place for place, own in enumerate(families) if own == family]
        for one, other in combinations(members, 2):
            counts = _compare(chords[one], chords[other])
            if counts and counts["set"][0] < COPIED * counts["set"][1]:
                share = 2 / len(members)
                found.append((family, {name: (hits * share, of * share) for name, (hits, of) in counts.items()}))
    return found


def _compare(one: Chords, other: Chords) -> dict[str, Share] | None:
    """Where two settings agree on the beats that their melodies have in common; None where these have none."""
    moved = [other.higher(semitones) for semitones in range(12)]
    blocks = [_blocks(one, candidate) for candidate in moved]
    best = int(np.argmax([sum(size for _, _, size in found) for found in blocks]))
    counts = [agreeing(moved[best].cut(b, b + size), one.cut(a, a + size)) for a, b, size in blocks[best]]
    if not counts:
        return None
    return {name: (sum(c[name][0] for c in counts), sum(c[name][1] for c in counts)) for name in counts[0]}


def _blocks(one: Chords, other: Chords) -> list[tuple[int, int, int]]:
    """Where the melodies are alike, whatever the octave: beat of the one, of the other, beats."""
    first, second = (np.where(own.top == NO_CHORD, NO_CHORD, own.top % 12).tolist() for own in (one, other))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return [(a, b, size) for a, b, size in matcher.get_matching_blocks() if size >= RUN]

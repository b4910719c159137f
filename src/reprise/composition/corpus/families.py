"""Which pieces share a tune: settings of one chorale melody, transposed copies and versions must not be split apart.

Conventions: a piece's melody is its top voice, as (onset in beats, MIDI pitch). Only intervals are compared, so
transposition doesn't matter. The skeleton is the melody as it sounds on each beat, its repetitions left out: passing
notes, repeated notes and the metre, in which settings of one tune differ, don't matter either.

Two pieces are kin if one of these holds:

- opening: their first 16 melodic intervals are equal;
- a common run: their skeletons share 12 intervals in a row, of at least 4 kinds (a trill or a scale is no tune);
- alignment: their skeletons share 8 intervals in a row and agree to 60 % (1 - edit distance / length of the longer).

Kinship is taken as transitive: a family holds all that is kin through others. The numbers were chosen on the chorales
of music21's corpus, whose titles are known: at 55 % or at 11 intervals unrelated tunes begin to chain up. The guide to
corpora says what was found.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from reprise.music.piece import Piece

OPENING = 16
SHORTEST_OPENING = 8  # a melody of fewer intervals has no opening to compare
RUN = 12
KINDS_IN_RUN = 4
SEED_RUN = 8
AGREEMENT = 0.6
TOUCH = 1e-6  # beats; notes closer than this follow on one another


def melody(piece: Piece) -> np.ndarray:
    """The top voice: notes of `piece` in the order of their onsets, one at a time.

    In parts that each sound one note at a time it is the part with the highest mean pitch. Elsewhere (a piano, a
    guitar) it is the highest note at each onset, unless a higher one still sounds.
    """
    notes = piece.notes
    parts = [notes[notes["part"] == part] for part in np.unique(notes["part"])]
    if parts and all(_is_single_voice(part) for part in parts):
        return max(parts, key=lambda part: part["pitch"].mean())
    kept: list[int] = []
    ends, top = -np.inf, -1
    ordered = np.lexsort((-notes["pitch"].astype(int), notes["onset"]))
    for index in ordered:
        onset, pitch = notes["onset"][index], notes["pitch"][index]
        same_onset = bool(kept) and onset - notes["onset"][kept[-1]] < TOUCH
        if same_onset or (ends > onset + TOUCH and pitch < top):
            continue
        kept.append(index)
        ends, top = onset + notes["duration"][index], pitch
    return notes[kept]


def _is_single_voice(notes: np.ndarray) -> bool:
    ends = notes["onset"] + notes["duration"]
    return bool(np.all(ends[:-1] <= notes["onset"][1:] + TOUCH))


def opening(notes: np.ndarray) -> tuple[int, ...] | None:
    """The first 16 intervals of a melody in semitones, repeated notes included; None for a very short melody."""
    intervals = tuple(np.diff(notes["pitch"][: OPENING + 1].astype(int)).tolist())
    return intervals if len(intervals) >= SHORTEST_OPENING else None


def skeleton(notes: np.ndarray) -> list[int]:
    """Intervals in semitones between the pitches of a melody on successive beats, leaving out repetitions."""
    if not len(notes):
        return []
    beats = np.arange(np.ceil((notes["onset"] + notes["duration"]).max()))
    sounding = np.searchsorted(notes["onset"], beats + TOUCH, side="right") - 1
    intervals = np.diff(notes["pitch"][sounding[sounding >= 0]].astype(int))
    return intervals[intervals != 0].tolist()


def find_families(pieces: Sequence[Piece]) -> np.ndarray:
    """The family of each piece as a number, int[N]; two pieces have the same number where kinship joins them."""
    melodies = [melody(piece) for piece in pieces]
    skeletons = [skeleton(notes) for notes in melodies]
    pairs = _sharing([{opening(notes)} - {None} for notes in melodies])
    pairs |= _sharing([_long_runs(intervals) for intervals in skeletons])
    for first, second in _sharing([_runs(intervals, SEED_RUN) for intervals in skeletons]) - pairs:
        if Levenshtein.normalized_similarity(skeletons[first], skeletons[second]) >= AGREEMENT:
            pairs.add((first, second))
    rows, columns = np.array(sorted(pairs), int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(pieces), len(pieces)))
    return connected_components(graph, directed=False)[1]


def _runs(intervals: list[int], length: int) -> set[tuple[int, ...]]:
    return {tuple(intervals[start : start + length]) for start in range(len(intervals) - length + 1)}


def _long_runs(intervals: list[int]) -> set[tuple[int, ...]]:
    return {run for run in _runs(intervals, RUN) if len(set(run)) >= KINDS_IN_RUN}


def _sharing(keys: Iterable[Iterable[Hashable]]) -> set[tuple[int, int]]:
    """Pairs (first, second), first < second, of items that have a key in common; found through an index."""
    holders = defaultdict(list)
    for item, its_keys in enumerate(keys):
        for key in its_keys:
            holders[key].append(item)
    return {pair for items in holders.values() for pair in combinations(items, 2)}

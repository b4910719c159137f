"""What follows what: distributions over whole sets of pieces, and how far two sets lie apart.

The distance is the Jensen-Shannon divergence in bits, 0 for equal distributions and 1 for those that have nothing in
common (Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37, 1991). It grows as
collections get smaller, so sets are compared at equal numbers of pieces, and mean something beside two halves of the
reference that are as small.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise

import numpy as np

from reprise.composition.style.harmony import beats_of, find_chords, harmonic_unit
from reprise.composition.style.keyplan import relative_keys
from reprise.composition.style.phrases import cadences, phrase_ends
from reprise.composition.style.voices import bar_of, melody_of
from reprise.music.analysis.keyfinding import find_key
from reprise.music.piece import Piece

Counts = dict[str, Counter]


def transitions(piece: Piece) -> Counts:
    """How often what happens in a piece.

    Returns:
        `degrees`: pairs of the melody's neighbouring pitches, in semitones above the tonic. `rhythms`: pairs of its
        neighbouring steps in time. `chords`: pairs of chords that follow one another, from beat to beat (see
        `harmony.beats_of`), as root above the tonic and quality; a repeated chord counts once. `cadences`: kind, root
        above the tonic and place in the bar of each phrase end but the last; none of one-part music. `keys`: see
        `keyplan.relative_keys`.
    """
    line, key = melody_of(piece), find_key(piece)
    found: Counts = {name: Counter() for name in KINDS}
    if not len(line):
        return found
    found["rhythms"].update(pairwise(line.steps.tolist()))
    found["keys"].update(relative_keys(piece))
    if key is None:
        return found
    found["degrees"].update(pairwise(((line.pitches - key.tonic) % 12).tolist()))
    beats, length = beats_of(piece), harmonic_unit(piece)
    roots, qualities, _ = find_chords(piece, beats, beats + length)
    sounding = zip(roots[roots >= 0].tolist(), qualities[roots >= 0].tolist())
    chords = [((root - key.tonic) % 12, quality) for root, quality in sounding]
    found["chords"].update((one, other) for one, other in pairwise(chords) if one != other)
    ends = phrase_ends(piece, line)[:-1]
    places = (line.onsets[ends] % bar_of(piece)).tolist()
    at_ends = cadences(piece, line, ends)
    found["cadences"].update((c.kind, (c.root - key.tonic) % 12, place) for c, place in zip(at_ends, places))
    return found


KINDS = ("degrees", "rhythms", "chords", "cadences", "keys")


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The divergence of distributions in bits.

    Args:
        first, second: counts of the same things, float[..., things].

    Returns:
        float[...]; nan where a side has no counts.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (side / side.sum(axis=-1, keepdims=True) for side in (first, second))
        middle = (p + q) / 2
        terms = [np.where(side > 0, side * np.log2(side / middle), 0).sum(axis=-1) for side in (p, q)]
    undefined = (first.sum(axis=-1) == 0) | (second.sum(axis=-1) == 0)
    return np.where(undefined, np.nan, (terms[0] + terms[1]) / 2)


def table_of(counts: Sequence[Counter]) -> np.ndarray:
    """Counts of pieces as a table of all things that any of them has, float[pieces, things]."""
    things: dict[Hashable, int] = {}
    for counter in counts:
        for thing in counter:
            things.setdefault(thing, len(things))
    table = np.zeros((len(counts), len(things)))
    for row, counter in zip(table, counts):
        row[[things[thing] for thing in counter]] = list(counter.values())
    return table

"""Whether the music made from words ends: on which chord, in the key that its composer was told."""

from collections.abc import Sequence

import numpy as np

from reprise.composition.sampling.endings.closing import is_tonic_triad, rests, sounding
from reprise.learning.bootstrap import mean_estimates
from reprise.music.analysis.keyfinding import parse_key
from reprise.taste.evaluation.made import Made
from reprise.taste.words.prompts import BASE

LAST = 1 / 16  # beats before the end, at which the last chord sounds


def endings(everything: Sequence[Made], resamples: int, seed: int) -> dict[str, dict[str, dict]]:
    """By taste of the base prompts, and for each other set: `closes`, the share of pieces whose last chord is the tonic
    triad in root position, and `rests`, of those and others whose last chord has the tonic in the bass and its third or
    fifth above. Intervals are over takes of a base prompt, and over the pieces of another set.
    """
    groups: dict[str, list[tuple[bool, bool]]] = {}
    for one in everything:
        notes = one.piece.notes
        if one.row["home"] and len(notes):
            home, end = parse_key(one.row["home"]), float((notes["onset"] + notes["duration"]).max())
            chord = sounding(notes, end - LAST)
            name = one.tastes[0] if one.set == BASE else one.set
            groups.setdefault(name, []).append((is_tonic_triad(chord, home), rests(chord, home)))
    return {
        name: mean_estimates(dict(zip(("closes", "rests"), np.array(own, float).T)), resamples, seed)
        for name, own in groups.items()
    }

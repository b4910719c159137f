"""How well a piece keeps to its chords."""

from dataclasses import dataclass

import numpy as np

from reprise.composition.encoding.notes import durations_of
from reprise.composition.sampling.chords.progression import Progression
from reprise.music.piece import Piece
from reprise.music.timegrid import to_twelfths


@dataclass(frozen=True)
class Compliance:
    """Shares of a piece from its first chord on, 1 where all is right and where there is nothing to be wrong.

    Attributes:
        struck: of the notes struck on a beat, or where a chord begins, those that belong to the chord.
        sounding: of all notes that sound there, likewise, once for each time.
        bass: of the chords' beginnings until the last note those at which the lowest note that sounds is the bass; of
        music of one line those at which a note of the chord is struck or held.
        thirds: of the chords that have a third those in which it sounds.
    """

    struck: float
    sounding: float
    bass: float
    thirds: float


def compliance(piece: Piece, chords: Progression) -> Compliance:
    """How well a piece keeps to chords that it was made with."""
    onsets, pitches = to_twelfths(piece.notes["onset"]), piece.notes["pitch"].astype(int)
    ends, classes = onsets + durations_of(piece.notes), pitches % 12
    last = int(onsets.max(initial=-1)) + 1
    line = len(np.unique(onsets)) == len(onsets) and len(np.unique(piece.notes["part"])) <= 1
    struck, sounding, bass, thirds = (list[bool]() for _ in range(4))
    beginnings = list(chords.beginnings(last))
    for (begins, chord), until in zip(beginnings, [*(onset for onset, _ in beginnings[1:]), last]):
        tones = np.isin(classes, list(chord.classes))
        firm = [begins, *(time for time in range(begins + 1, until) if chords.firm(time))]
        for time in firm:
            struck += tones[onsets == time].tolist()
            sounding += tones[(onsets <= time) & (ends > time)].tolist()
        now = (onsets <= begins) & (ends > begins)
        right = bool(tones[now].all()) if line else set(classes[now & (pitches == pitches[now].min(initial=128))]) == {chord.bass}
        bass.append(bool(now.any() and right))
        if chord.third is not None:
            within = (onsets < until) & (ends > begins)
            thirds.append(bool((classes[within] == chord.third).any()))
    return Compliance(*(sum(found) / len(found) if found else 1.0 for found in (struck, sounding, bass, thirds)))

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
        bass: of the beginnings of chords until the last note comes those at which the lowest note that sounds is the
        bass; of music of one line those at which a note of the chord sounds.
        thirds: of these chords that have a third those in which it sounds.
    """

    struck: float
    sounding: float
    bass: float
    thirds: float


def compliance(piece: Piece, chords: Progression) -> Compliance:
    """How well a piece keeps to chords that it was made with."""
    onsets, pitches = to_twelfths(piece.notes["onset"]), piece.notes["pitch"].astype(int)
    ends, classes = onsets + durations_of(piece.notes), pitches % 12
    struck, sounding, bass, thirds = (list[bool]() for _ in range(4))
    for time in filter(chords.firm, range(chords.begins, int(ends.max(initial=0)))):
        tones = np.isin(classes, list(chords.chords[chords.place(time)[0]].classes))
        struck += tones[onsets == time].tolist()
        sounding += tones[(onsets <= time) & (ends > time)].tolist()
    line = len(np.unique(onsets)) == len(onsets) and len(np.unique(piece.notes["part"])) <= 1
    for begins, chord in chords.beginnings(int(onsets.max(initial=-1)) + 1):
        now = (onsets <= begins) & (ends > begins)
        lowest = classes[now & (pitches == pitches[now].min(initial=128))]
        bass.append(bool(np.isin(lowest, list(chord.classes) if line else [chord.bass]).any()))
        if chord.third is not None:
            within = (onsets < chords.next_chord(begins)) & (ends > begins)
            thirds.append(bool((classes[within] == chord.third).any()))
    return Compliance(*(sum(found) / len(found) if found else 1.0 for found in (struck, sounding, bass, thirds)))

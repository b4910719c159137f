"""The floor: each beat of a melody gets the chord of the beat of a training melody whose surroundings are most alike.

Surroundings are what the melody has on the beat and two beats to either side, as degrees above the tonic of the melody
alone, its mode, and the place in the bar. A match on the beat itself weighs most: weights are halved with each beat
away. This is harmonising by example (k nearest neighbours with k = 1), which hears no chord beside its own.
"""

from collections.abc import Sequence

import numpy as np

from reprise.composition.harmonisation.agreement import NO_CHORD, Chords, chords_of
from reprise.composition.style.voices import bar_of, beat_of
from reprise.music.analysis.keyfinding import MODES, find_key
from reprise.music.excerpts import first_parts
from reprise.music.piece import Piece

WEIGHTS = {0: 4, -1: 2, 1: 2, -2: 1, 2: 1}  # of the melody so many beats away
OF_METRE, OF_MODE = 1, 2
REST = 12  # the degree of none
CHUNK = 256  # beats that are looked up at once


class NearestChords:
    """The beats of training pieces, to look chords up in."""

    def __init__(self, training: Sequence[Piece]) -> None:
        surroundings, found = zip(*(_surroundings(piece) for piece in training))
        self.surroundings = np.concatenate(surroundings)
        relative = [chords.higher(-tonic) for chords, tonic in found]
        self.roots, self.qualities, self.sets = (
            np.concatenate([getattr(chords, name) for chords in relative]) for name in ("roots", "qualities", "sets")
        )

    def harmonise(self, piece: Piece) -> Chords:
        """Chords to the first part of a piece; of several beats as much alike the first one's."""
        wanted, (_, tonic) = _surroundings(piece)
        weights = np.array([*WEIGHTS.values(), OF_METRE, OF_MODE])
        nearest = np.zeros(len(wanted), np.int64)
        for at in range(0, len(wanted), CHUNK):
            chunk = wanted[at : at + CHUNK]
            same = (chunk[:, column, None] == self.surroundings[:, column] for column in range(len(weights)))
            alike = sum(weight * own for weight, own in zip(weights, same))
            nearest[at : at + CHUNK] = np.argmax(alike, axis=1)
        roots, qualities, sets = (array[nearest] for array in (self.roots, self.qualities, self.sets))
        return Chords(roots, qualities, sets, np.full(len(wanted), NO_CHORD)).higher(tonic)


def _surroundings(piece: Piece) -> tuple[np.ndarray, tuple[Chords, int]]:
    """What the melody has around each beat, int64[beats, 7], the chords there and the tonic of the melody alone."""
    key, chords = find_key(first_parts(piece, 1)), chords_of(piece)
    tonic = 0 if key is None else key.tonic
    degrees = np.where(chords.top == NO_CHORD, REST, (chords.top - tonic) % 12)
    padded = np.pad(degrees, max(WEIGHTS), constant_values=REST)
    around = [padded[max(WEIGHTS) + away : max(WEIGHTS) + away + len(degrees)] for away in WEIGHTS]
    place = np.arange(len(degrees)) * beat_of(piece) % bar_of(piece)
    mode = np.full(len(degrees), -1 if key is None else MODES.index(key.mode))
    return np.stack([*around, place, mode], axis=1).astype(np.int16), (chords, tonic)

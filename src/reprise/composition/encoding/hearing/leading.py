"""Voice leading: how the other parts have moved to the onset at which a part is about to move, and what that forbids.

Two parts that move from a fifth to a fifth, or from an octave to an octave, lose their independence; composers have
avoided it since the Middle Ages (Fux, Gradus ad Parnassum, 1725, book 1). A model that sees the parts' last pitches
alone can't tell who has just moved. Shapes: B sequences, P parts, of which the first C are compared with the one that
moves.
"""

import numpy as np

from reprise.composition.encoding.events import INTERVALS, NO_PITCH, interval

CLASSES = 13  # categories of an interval modulo the octave: unknown, then unison to major seventh
PARALLELS = 3  # categories of a pitch class: makes none, a parallel fifth, a parallel octave or unison
FIFTH, OCTAVE = 7, 0


class VoiceLeading:
    """Follows the parts of B sequences."""

    def __init__(self, sequences: int, parts: int, compared: int) -> None:
        self.compared = compared
        self.struck_at = np.full((sequences, parts), -1)  # the onset of each part's last note
        self.last = np.full((sequences, parts), NO_PITCH)
        self.before = np.full((sequences, parts), NO_PITCH)  # its pitch at the onset before that

    @staticmethod
    def sizes(compared: int) -> tuple[int, ...]:
        """Sizes of the categories of `features`."""
        return (INTERVALS,) * compared + (CLASSES,) * compared

    def push(self, part: np.ndarray, pitch: np.ndarray, onset: np.ndarray) -> None:
        """Take in a note of each sequence, int64[B] each; of notes that a part strikes at once the last one counts."""
        rows = np.arange(len(part))
        moves = self.struck_at[rows, part] != onset
        self.before[rows, part] = np.where(moves, self.last[rows, part], self.before[rows, part])
        self.last[rows, part], self.struck_at[rows, part] = pitch, onset

    def features(self, part: np.ndarray, onset: np.ndarray) -> np.ndarray:
        """For a note of `part` at `onset`: the motion of each part that has struck at this onset, and the interval
        modulo the octave at which it stood above this part before; int64[B, 2 C], 0 for parts that haven't moved.
        """
        moved, apart = self._moved(part, onset)
        motion = interval(self.last[:, : self.compared], self.before[:, : self.compared])
        return np.concatenate([np.where(moved, motion, 0), np.where(moved, apart % 12 + 1, 0)], axis=1)

    def parallels(self, part: np.ndarray, onset: np.ndarray) -> np.ndarray:
        """For each pitch class of a note of `part` at `onset` one of `PARALLELS`, int64[B, 12]: what it would make
        with a part that has moved to this onset, if this part moves the same way and stays on the same side of it.
        """
        moved, apart = self._moved(part, onset)
        moved &= self.last[:, : self.compared] != self.before[:, : self.compared]
        distance = np.where(apart >= 0, apart, -apart) % 12
        wrong = (self.last[:, : self.compared] - apart) % 12  # the class that keeps the interval
        own = self.last[np.arange(len(part)), part]
        result = np.zeros((len(part), 12), np.int64)
        for kind, number in ((FIFTH, 1), (OCTAVE, 2)):
            rows, others = np.nonzero(moved & (distance == kind) & (wrong != own[:, None] % 12))
            result[rows, wrong[rows, others]] = number
        return result

    def _moved(self, part: np.ndarray, onset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which other parts have moved to this onset from a known pitch while this part has one, bool[B, C], and how
        many semitones each stood above this part before, int64[B, C].
        """
        own = self.last[np.arange(len(part)), part][:, None]
        before = self.before[:, : self.compared]
        moved = (self.struck_at[:, : self.compared] == onset[:, None]) & (before != NO_PITCH) & (own != NO_PITCH)
        moved &= np.arange(self.compared) != part[:, None]
        return moved, before - own

    def select(self, rows: np.ndarray) -> "VoiceLeading":
        """One of its own for these sequences."""
        chosen = VoiceLeading(0, 0, self.compared)
        chosen.struck_at, chosen.last, chosen.before = self.struck_at[rows], self.last[rows], self.before[rows]
        return chosen

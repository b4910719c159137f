"""What is given at each moment and after it: of each part what stands, and what comes next and when.

B sequences, C parts, T twelfths of a beat.
"""

import copy
from collections.abc import Sequence

import numpy as np

from reprise.composition.encoding.events import NO_PITCH
from reprise.composition.models.infilling.given import FAR, LASTING, OF_PART, OF_PITCH, ONSET, Given

FREE, STANDS, RESTS = range(3)  # what a part does at a time: new notes may come, a given note sounds, none does


class Lookout:
    """What is given at each time and after it, of B sequences; arrays are [B, C, T] for T twelfths from the start.

    Attributes:
        does: one of `FREE`, `STANDS`, `RESTS`. now: the pitch that stands, or NO_PITCH. then, at: the pitch of the next
        note to be struck and its onset, or NO_PITCH and `FAR`. places: the first given note from each time on, [B, T].
    """

    def __init__(self, given: Sequence[Given], parts: int) -> None:
        ends = [int((own.notes[:, ONSET] + own.notes[:, LASTING]).max(initial=0)) for own in given]
        times = np.arange(max(ends, default=0) + 2)
        size = (len(given), parts, len(times))
        self.does, self.now, self.then = np.full(size, FREE), np.full(size, NO_PITCH), np.full(size, NO_PITCH)
        self.at, self.places = np.full(size, FAR), np.zeros((len(given), len(times)), np.int64)
        for row, own in enumerate(given):
            if len(own.notes):
                self.places[row] = np.searchsorted(own.notes[:, ONSET], times)
                for part in range(min(parts, len(own.gap.parts))):
                    self._follow(row, part, own, times)

    def _follow(self, row: int, part: int, given: Given, times: np.ndarray) -> None:
        free = given.gap.parts[part] & (times >= given.gap.start) & (times < given.gap.stop)
        self.does[row, part] = np.where(free, FREE, RESTS)
        notes = given.notes[given.notes[:, OF_PART] == part]
        if not len(notes):
            return
        after = np.searchsorted(notes[:, ONSET], times, side="right")
        last, following = notes[np.maximum(after - 1, 0)], notes[np.minimum(after, len(notes) - 1)]
        sounds = (after > 0) & (last[:, ONSET] + last[:, LASTING] > times)
        self.does[row, part][sounds] = STANDS
        self.now[row, part] = np.where(sounds, last[:, OF_PITCH], NO_PITCH)
        self.then[row, part] = np.where(after < len(notes), following[:, OF_PITCH], NO_PITCH)
        self.at[row, part] = np.where(after < len(notes), following[:, ONSET], FAR)

    def moment(self, name: str, times: np.ndarray) -> np.ndarray:
        """One of the arrays at a time of each sequence, int64[B, C], of `places` int64[B]."""
        array = getattr(self, name)
        return array[np.arange(len(array)), ..., np.minimum(times, array.shape[-1] - 1)]

    def select(self, rows: np.ndarray) -> "Lookout":
        """One of its own for these sequences."""
        chosen = copy.copy(self)
        for name in ("does", "now", "then", "at", "places"):
            setattr(chosen, name, getattr(self, name)[rows])
        return chosen

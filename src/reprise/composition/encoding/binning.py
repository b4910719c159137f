"""Bins for steps and durations, in twelfths of a quarter-note beat: exact up to a bar, log-spaced beyond.

Each multiple of 1/12 beat that the training pieces use has a bin of its own, up to the length of their longest bar.
Longer values share bins whose centres lie a factor of 2 ** (1 / 4) apart, so a long rest is off by at most about 9 %.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from reprise.checked import checked, require
from reprise.music.timegrid import TWELFTHS

LONGEST = 64 * 4 * TWELFTHS  # 64 bars of 4/4: what lasts longer counts as this
RATIO = 2 ** (1 / 4)


@checked
class Binning:
    """Bins by their centres, ascending, in twelfths of a beat."""

    centres: tuple[int, ...]

    def __post_init__(self) -> None:
        ascending = self.centres == tuple(sorted(set(self.centres))) != ()
        require(ascending, "centres", self.centres, "one or more, ascending")

    @classmethod
    def from_values(cls, values: Iterable[int], bar: int) -> "Binning":
        """Bins for `values` (twelfths, 0 or more) with exact ones up to `bar`."""
        exact = {int(value) for value in np.unique(np.fromiter(values, int)) if value <= bar}
        count = int(np.ceil(np.log(LONGEST / bar) / np.log(RATIO)))
        beyond = {round(bar * RATIO**power) for power in range(1, count + 1)}
        return cls(tuple(sorted(exact | {bar} | beyond)))

    @cached_property
    def _borders(self) -> np.ndarray:
        centres = np.array(self.centres, float)
        return (centres[1:] + centres[:-1]) / 2

    def __len__(self) -> int:
        return len(self.centres)

    def index(self, values: np.ndarray) -> np.ndarray:
        """The bin whose centre is nearest to each value, int64[...]; of two, the higher one."""
        return np.searchsorted(self._borders, values, side="right").astype(np.int64)

    def value(self, index: np.ndarray) -> np.ndarray:
        """The centre of each bin in twelfths, int64[...]."""
        return np.array(self.centres, np.int64)[index]

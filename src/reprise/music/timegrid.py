"""The grid of our own music: twelfths of a quarter-note beat."""

import numpy as np

TWELFTHS = 12  # a beat; divisible by 2, 3, 4 and 6


def to_twelfths(beats: np.ndarray) -> np.ndarray:
    """Beats on the nearest twelfth, int64[...]; halves go up."""
    return np.floor(np.asarray(beats) * TWELFTHS + 0.5).astype(np.int64)

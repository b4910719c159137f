"""How loud a sound is while it sounds: RMS in short windows, rests left out.

Conventions: float mono in -1..1; a level in dBFS is 20 log10 of an RMS.
"""

import numpy as np

LEVEL_WINDOW_S = 0.1
ACTIVE_BELOW_PEAK_DB = 30.0


def window_rms(stems: np.ndarray, sample_rate: int) -> np.ndarray:
    """RMS of each stem in windows of `LEVEL_WINDOW_S`: float[parts, windows]; the last window may be shorter."""
    window = round(LEVEL_WINDOW_S * sample_rate)
    starts = np.arange(0, stems.shape[1], window)
    lengths = np.diff(np.append(starts, stems.shape[1]))
    return np.sqrt(np.add.reduceat(np.square(stems, dtype=np.float64), starts, axis=1) / lengths)


def active_rms(levels: np.ndarray) -> np.ndarray:
    """RMS of each stem over its windows within `ACTIVE_BELOW_PEAK_DB` of its loudest: float[parts]."""
    active = levels >= levels.max(axis=1, keepdims=True) * 10 ** (-ACTIVE_BELOW_PEAK_DB / 20)
    return np.sqrt((np.square(levels) * active).sum(axis=1) / active.sum(axis=1))

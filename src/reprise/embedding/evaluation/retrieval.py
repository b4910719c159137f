"""Retrieval: is what belongs together among the nearest of a pool?"""

import numpy as np


def hits_at(scores: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Is one of the k highest scores of each query, float[Q, N], a relevant one, bool[Q, N]? bool[Q].

    Of equal scores the earlier item comes first.
    """
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.asarray(np.take_along_axis(relevant, nearest, axis=1).any(axis=1))


def chance_at(relevant: np.ndarray, k: int) -> np.ndarray:
    """The probability that k items drawn at random hold a relevant one, float[Q]."""
    items = relevant.shape[1]
    missing = items - relevant.sum(axis=1)
    steps = np.arange(k)
    return 1 - np.prod(np.clip((missing[:, None] - steps) / (items - steps), 0, 1), axis=1)

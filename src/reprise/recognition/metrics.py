"""F1, precision, recall and average precision of multi-label predictions, with bootstrap intervals over clips.

Shapes: N clips, K instruments; labels and decisions are 0/1 arrays [N, K], probabilities floats [N, K]. F1 of an
instrument without a positive label or decision is 0, as in scikit-learn with `zero_division=0`.
"""

import numpy as np

from reprise.learning.bootstrap import estimate, rounded

THRESHOLDS = np.round(np.arange(0.05, 0.951, 0.01), 2)


def f1_per_instrument(labels: np.ndarray, decisions: np.ndarray) -> np.ndarray:
    """F1 of each instrument: 2 TP / (2 TP + FP + FN), float[K]."""
    return resampled_f1(labels, decisions, np.ones((1, len(labels))))[0]


def resampled_f1(labels: np.ndarray, decisions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """F1 of each instrument in each of R resamples, in which a clip counts as often as `weights`, float[R, N], says.

    Returns:
        float[R, K].
    """
    return _ratio(2 * (weights @ (labels * decisions)), weights @ labels + weights @ decisions)


def macro_f1(labels: np.ndarray, decisions: np.ndarray) -> float:
    """The mean of the instruments' F1."""
    return float(f1_per_instrument(labels, decisions).mean())


def average_precision(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Average precision of each instrument, the sum of precision times gained recall over distinct scores.

    Args:
        weights: how often each clip counts, float[R, N] for R resamples; once if left out.

    Returns:
        float[R, K]; 0 where an instrument has no positive label.
    """
    weights = np.ones((1, len(labels))) if weights is None else weights
    result = np.zeros((len(weights), labels.shape[1]))
    for k in range(labels.shape[1]):
        order = np.argsort(-probabilities[:, k], kind="stable")
        last_of_score = np.append(np.diff(probabilities[order, k]) != 0, True)
        weight = weights[:, order]
        hits = np.cumsum(weight * labels[order, k], axis=1)[:, last_of_score]
        seen = np.cumsum(weight, axis=1)[:, last_of_score]
        recall = _ratio(hits, hits[:, -1:])
        result[:, k] = (np.diff(recall, axis=1, prepend=0) * _ratio(hits, seen)).sum(axis=1)
    return result


def best_thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """For each instrument the threshold of `THRESHOLDS` with the best F1, float[K].

    Where several have it, the middle one of the longest stretch of neighbours that do (of an even number the lower, of
    stretches as long the higher, which claims less): between two stretches F1 is worse.
    """
    scores = np.stack([f1_per_instrument(labels, probabilities >= t) for t in THRESHOLDS])  # [thresholds, K]
    best = scores >= scores.max(axis=0) - 1e-12
    return np.array([THRESHOLDS[_middle_of_longest(column)] for column in best.T])


def _middle_of_longest(flags: np.ndarray) -> int:
    """The index in the middle of the longest run of True, bool[N] with one at least; see `best_thresholds`."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)  # a run is starts .. ends - 1
    longest = len(starts) - 1 - int(np.argmax((ends - starts)[::-1]))  # the last of equals
    return int(starts[longest] + ends[longest] - 1) // 2


def estimates(
    labels: np.ndarray, probabilities: np.ndarray, decisions: np.ndarray, weights: np.ndarray
) -> dict[str, dict]:
    """macro_f1, micro_f1 and mean_average_precision as estimates."""
    count = len(labels)
    everyone = np.ones((1, count))
    both = np.concatenate([everyone, weights])
    hits, actual, claimed = both @ (labels * decisions), both @ labels, both @ decisions  # [1 + R, K]
    macro = _ratio(2 * hits, actual + claimed).mean(axis=1)
    micro = _ratio(2 * hits.sum(axis=1), (actual + claimed).sum(axis=1))
    precision = average_precision(labels, probabilities, both).mean(axis=1)
    named = {"macro_f1": macro, "micro_f1": micro, "mean_average_precision": precision}
    return {name: estimate(values[0], values[1:], count) for name, values in named.items()}


def per_instrument(
    names: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray, decisions: np.ndarray
) -> dict[str, dict[str, float]]:
    """f1, precision, recall, average_precision and support of each instrument."""
    hits, actual, claimed = (labels * decisions).sum(axis=0), labels.sum(axis=0), decisions.sum(axis=0)
    f1, ranked = f1_per_instrument(labels, decisions), average_precision(labels, probabilities)[0]
    precision, recall = _ratio(hits, claimed), _ratio(hits, actual)
    return {
        name: {
            "f1": rounded(f1[k]),
            "precision": rounded(precision[k]),
            "recall": rounded(recall[k]),
            "average_precision": rounded(ranked[k]),
            "support": int(actual[k]),
        }
        for k, name in enumerate(names)
    }


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator > 0)

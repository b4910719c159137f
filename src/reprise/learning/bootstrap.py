"""Figures with 95 % intervals: percentile bootstrap over independent items.

Items are clips, recordings, or families of pieces: pieces that share a tune, or continue the same opening, are alike,
and 33 of them say less than 33 that have nothing in common. They are drawn together, as one *cluster* (Davison &
Hinkley, Bootstrap Methods and their Application, 1997, sec. 3.8).

An estimate is `{"value", "low", "high", "count"}`: the figure over everything, the 2.5th and 97.5th percentile of the
same figure over R resamples of N clusters drawn with replacement, and N (Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, ch. 13). Of one cluster nothing can be said beyond it: its estimate has no `low` and no `high`.
Numbers have 4 decimals. What belongs to one item (its notes, its labels) is drawn together.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from scipy.stats import rankdata


def rounded(value: float) -> float:
    """A figure as it is written to metrics."""
    return round(float(value), 4)


def resample_weights(items: int, resamples: int, seed: int) -> np.ndarray:
    """How often each item is drawn in each bootstrap resample, float[R, N]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(items, np.full(items, 1 / items), size=resamples).astype(float)


def estimate(value: float, resampled: np.ndarray, count: int) -> dict[str, float]:
    """A figure with its 95 % interval and the number of clusters behind it; without an interval if that is 1."""
    if count < 2:
        return {"value": rounded(value), "count": int(count)}
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {"value": rounded(value), "low": rounded(low), "high": rounded(high), "count": int(count)}


def mean_estimate(values: np.ndarray, resamples: int, seed: int, clusters: Sequence | None = None) -> dict[str, float]:
    """The mean of one value an item, float[N]; `clusters` as for `ratio_estimate`.

    Raises:
        ValueError: there are no values, or one isn't finite.
    """
    return ratio_estimate(values, np.ones(len(values)), resamples, seed, clusters)


def ratio_estimate(
    numerators: np.ndarray, denominators: np.ndarray, resamples: int, seed: int, clusters: Sequence | None = None
) -> dict[str, float]:
    """The sum of numerators over the sum of denominators, float[N] each: nats per note, hits per prediction.

    An item weighs as much as its denominator says, and one of 0 can't be told from none: it is left out of the count.

    Args:
        clusters: a label for each item, equal for those that are drawn together; each alone if left out.

    Raises:
        ValueError: no item has a denominator above 0, or a value isn't finite.
    """
    numerators, denominators = np.asarray(numerators, float), np.asarray(denominators, float)
    if not (np.isfinite(numerators).all() and np.isfinite(denominators).all()):
        raise ValueError("an estimate needs finite values; leave out what is undefined")
    used = denominators > 0
    if not used.any():
        raise ValueError("an estimate needs at least one item with a denominator above 0")
    labels = np.arange(len(numerators)) if clusters is None else np.asarray(clusters)
    cluster_of = np.unique(labels[used], return_inverse=True)[1]
    numerators, denominators = (np.bincount(cluster_of, column[used]) for column in (numerators, denominators))
    weights = resample_weights(len(numerators), resamples, seed)
    resampled = (weights @ numerators) / (weights @ denominators)
    return estimate(numerators.sum() / denominators.sum(), resampled, len(numerators))


def mean_estimates(
    columns: Mapping[str, np.ndarray], resamples: int, seed: int, clusters: Sequence | None = None
) -> dict[str, dict[str, float]]:
    """For each column, float[N], an estimate of its mean over the items for which it is defined: nan is undefined.

    A column that is defined for none of them is left out.
    """
    labels = np.arange(max(map(len, columns.values()))) if clusters is None else np.asarray(clusters)
    defined = {name: ~np.isnan(column) for name, column in columns.items()}
    return {
        name: mean_estimate(columns[name][kept], resamples, seed, labels[kept])
        for name, kept in defined.items()
        if kept.any()
    }


def rank_estimate(first: np.ndarray, second: np.ndarray, resamples: int, seed: int) -> dict[str, float]:
    """Spearman's rank correlation over the items where both values are defined, float[N] each; its interval resamples
    items.

    Raises:
        ValueError: fewer than three items are left, or one side is constant.
    """
    defined = np.isfinite(first) & np.isfinite(second)
    first, second = first[defined], second[defined]
    if len(first) < 3 or not (np.ptp(first) and np.ptp(second)):
        raise ValueError("a rank correlation needs three items or more that aren't all alike")
    drawn = np.random.default_rng(seed).integers(len(first), size=(resamples, len(first)))
    with np.errstate(invalid="ignore"):  # a resample may be constant
        resampled = np.array([_rank_correlation(first[rows], second[rows]) for rows in drawn])
    return estimate(_rank_correlation(first, second), resampled[np.isfinite(resampled)], len(first))


def rank_estimates(
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], resamples: int, seed: int
) -> dict[str, dict[str, float]]:
    """Of each pair of columns, float[N], an estimate of their rank correlation; one that is undefined is left out."""
    found = {}
    for name, (first, second) in pairs.items():
        with suppress(ValueError):
            found[name] = rank_estimate(first, second, resamples, seed)
    return found


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def with_interval(found: dict[str, float], decimals: int = 3) -> str:
    """An estimate for people, as `value (low-high)`; the value alone where it has no interval."""
    value = f"{found['value']:.{decimals}f}"
    return f"{value} ({found['low']:.{decimals}f}-{found['high']:.{decimals}f})" if "low" in found else value

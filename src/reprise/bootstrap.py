"""Figures with 95 % intervals: percentile bootstrap over independent items, here clips, recordings or pieces.

An estimate is `{"value", "low", "high", "count"}`: the figure over all N items, the 2.5th and 97.5th percentile of the
same figure over R resamples of N items drawn with replacement, and N (Efron & Tibshirani, An Introduction to the
Bootstrap, 1993, ch. 13). Numbers have 4 decimals. What belongs to one item (its notes, its labels) is drawn together.
"""

import numpy as np


def rounded(value: float) -> float:
    """A figure as it is written to metrics."""
    return round(float(value), 4)


def resample_weights(items: int, resamples: int, seed: int) -> np.ndarray:
    """How often each item is drawn in each bootstrap resample, float[R, N]."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(items, np.full(items, 1 / items), size=resamples).astype(float)


def estimate(value: float, resampled: np.ndarray, count: int) -> dict[str, float]:
    """A figure with its 95 % interval and the number of items behind it."""
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {"value": rounded(value), "low": rounded(low), "high": rounded(high), "count": int(count)}


def mean_estimate(values: np.ndarray, resamples: int, seed: int) -> dict[str, float]:
    """The mean of one value an item, float[N].

    Raises:
        ValueError: there are no values, or one isn't finite.
    """
    return ratio_estimate(values, np.ones(len(values)), resamples, seed)


def ratio_estimate(numerators: np.ndarray, denominators: np.ndarray, resamples: int, seed: int) -> dict[str, float]:
    """The sum of numerators over the sum of denominators, float[N] each: nats per note, hits per prediction.

    An item weighs as much as its denominator says, and one of 0 can't be told from none: it is left out of the count.

    Raises:
        ValueError: no item has a denominator above 0, or a value isn't finite.
    """
    numerators, denominators = np.asarray(numerators, float), np.asarray(denominators, float)
    if not (np.isfinite(numerators).all() and np.isfinite(denominators).all()):
        raise ValueError("an estimate needs finite values; leave out what is undefined")
    used = denominators > 0
    if not used.any():
        raise ValueError("an estimate needs at least one item with a denominator above 0")
    numerators, denominators = numerators[used], denominators[used]
    weights = resample_weights(len(numerators), resamples, seed)
    resampled = (weights @ numerators) / (weights @ denominators)
    return estimate(numerators.sum() / denominators.sum(), resampled, len(numerators))

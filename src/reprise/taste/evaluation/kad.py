"""KAD, the kernel audio distance: how far one set of sounds lies from another in an embedder's space.

Chung et al., KAD: No more FAD! An effective and efficient evaluation metric for audio generation, 2025 (arXiv
2502.15602): the unbiased estimate of the squared maximum mean discrepancy (Gretton et al., A kernel two-sample test,
JMLR 2012, eq. 3) under a Gaussian kernel, times 100. Two samples of one distribution lie around 0, so a distance may
be below it. The bandwidth is the median distance within the reference, which stays the same whatever is compared with
it; the package kadtk takes it from the other set, and finds sets that scatter too much nearer than those that are too
much alike.
"""

from collections.abc import Sequence

import numpy as np

from reprise.errors import BadInput
from reprise.learning.bootstrap import estimate, resample_weights

SCALE = 100


def kad(generated: np.ndarray, reference: np.ndarray, resamples: int, seed: int) -> dict[str, float]:
    """The KAD of generated sounds from a reference, an estimate whose `count` is that of generated sounds.

    Both sets are resampled for the interval, a pair of a sound with itself never counted. Where both are of one
    distribution that interval is too wide, not too narrow.

    Args:
        generated, reference: vectors of one embedder, float[N, E] and float[M, E].

    Raises:
        BadInput: a set has fewer than two vectors, or one that isn't finite; the sets' sizes E differ; half of the
            reference's vectors or more are the same.
    """
    for name, own in (("generated", generated), ("reference", reference)):
        if len(own) < 2:
            raise BadInput(f"KAD: the {name} set has {len(own)} sounds; it must have 2 or more")
        if not np.isfinite(own).all():
            raise BadInput(f"KAD: the {name} set has a vector that isn't finite; each must be")
    if generated.shape[1] != reference.shape[1]:
        raise BadInput(
            f"KAD: generated vectors have {generated.shape[1]} numbers and those of the reference "
            f"{reference.shape[1]}; both must be of one embedder"
        )
    sets = [own.astype(np.float64) for own in (generated, reference)]
    bandwidth = median_distance(sets[1])
    within = [_kernel(own, own, bandwidth) for own in sets]
    across = _kernel(sets[0], sets[1], bandwidth)
    for kernel in within:
        np.fill_diagonal(kernel, 0)
    seeds = np.random.SeedSequence(seed).generate_state(2)
    drawn = [resample_weights(len(own), resamples, int(state)) for own, state in zip(sets, seeds)]
    value = _distance(within, across, [np.ones((1, len(own))) for own in sets])[0]
    resampled = _distance(within, across, drawn)
    return estimate(value, resampled[np.isfinite(resampled)], len(generated))


def median_distance(vectors: np.ndarray) -> float:
    """The median distance of two of them, float[N, E].

    Raises:
        BadInput: it is 0.
    """
    found = float(np.median(np.sqrt(_squared_distances(vectors, vectors)[np.triu_indices(len(vectors), 1)])))
    if not found:
        raise BadInput("KAD: half of the pairs of the reference set, or more, are the same sound; they must differ")
    return found


def _squared_distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    lengths = [(own**2).sum(axis=1) for own in (one, other)]
    found = np.maximum(lengths[0][:, None] + lengths[1] - 2 * one @ other.T, 0)
    found[found < 1e-12 * max(own.max() for own in lengths)] = 0  # rounding apart, these are the same vector
    return found


def _kernel(one: np.ndarray, other: np.ndarray, bandwidth: float) -> np.ndarray:
    return np.exp(-_squared_distances(one, other) / (2 * bandwidth**2))


def _distance(within: Sequence[np.ndarray], across: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    """KAD where each sound counts as often as it was drawn, float[R]; nan where a set's draws are all of one sound.

    Args:
        within: kernels of each set, 0 on their diagonal. across: float[N, M]. weights: float[R, N] and float[R, M].
    """
    total = np.zeros(len(weights[0]))
    for kernel, own in zip(within, weights):
        pairs = own.sum(axis=1) ** 2 - (own**2).sum(axis=1)
        with np.errstate(invalid="ignore"):
            total += ((own @ kernel) * own).sum(axis=1) / pairs
    both = weights[0].sum(axis=1) * weights[1].sum(axis=1)
    return SCALE * (total - 2 * ((weights[0] @ across) * weights[1]).sum(axis=1) / both)

"""Two halves of the reference against each other: how far apart equally real music lies, a yardstick of distances."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from reprise.composition.style.transitions import jensen_shannon

SPLITS = 100


def halves(families: Sequence[object], seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The numbers of the pieces in each half, `SPLITS` times over; half of the families, at random, go to one of them.
    None with fewer than two families.
    """
    names, of_family = np.unique(np.array(list(map(str, families))), return_inverse=True)
    rng = np.random.default_rng(seed)
    for _ in range(SPLITS if len(names) > 1 else 0):
        first = np.isin(of_family, rng.permutation(len(names))[: len(names) // 2])
        yield np.flatnonzero(first), np.flatnonzero(~first)


def between_halves(
    distance: Callable[[np.ndarray, np.ndarray], float], values: np.ndarray, families: Sequence[object], seed: int
) -> float:
    """The mean absolute distance between the values of two halves, over the splits for which it is defined.

    Args:
        values: of each piece. families: of each piece, equal for those that aren't independent.

    Returns:
        nan where no split has one.
    """
    found = np.array([distance(values[one], values[other]) for one, other in halves(families, seed)])
    found = abs(found[np.isfinite(found)])
    return float(found.mean()) if len(found) else np.nan


def divergences(
    reference: np.ndarray, music: dict[str, np.ndarray], families: Sequence[object], seed: int
) -> dict[str, float]:
    """The Jensen-Shannon divergence of sets of pieces from half of the reference: of the other half, as `halves`, and
    of as many pieces of each set of music, drawn at random, whatever other sets there are; all of a smaller one. Means
    over the splits.

    Args:
        reference: how often each thing happens in each piece, float[pieces, things]. music: the same of other sets.
        families: of the pieces of the reference.

    Returns:
        In bits; nan where a side has no counts in any split.
    """
    generators = {name: np.random.default_rng(np.random.SeedSequence([seed, 1])) for name in music}
    found: dict[str, list[float]] = {name: [] for name in ("halves", *music)}
    for one, other in halves(families, seed):
        half = reference[one].sum(axis=0)
        found["halves"].append(float(jensen_shannon(half, reference[other].sum(axis=0))))
        for name, table in music.items():
            drawn = generators[name].permutation(len(table))[: len(other)]
            found[name].append(float(jensen_shannon(half, table[drawn].sum(axis=0))))
    defined = {name: np.array(row)[np.isfinite(row)] for name, row in found.items()}
    return {name: float(row.mean()) if len(row) else np.nan for name, row in defined.items()}

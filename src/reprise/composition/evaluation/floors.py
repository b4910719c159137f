"""What counting alone reaches: the floors of likelihood, in the same unit and on the same events as the models.

`unigram` counts each field's values in the training pieces. `bigram` counts them after each value of the same field in
the event before, mixed with the unigram (Jelinek & Mercer 1980), whose weight is chosen on the validation pieces.
Counts start at one (Laplace).
"""

from collections.abc import Sequence

import numpy as np

from reprise.composition.encoding.events import Encoding

WEIGHTS = np.linspace(0.0, 1.0, 21)  # of the bigram, tried on validation pieces


def floors(
    encoding: Encoding, train: Sequence[np.ndarray], validation: Sequence[np.ndarray], test: Sequence[np.ndarray]
) -> dict[str, list[np.ndarray]]:
    """Nats of each field of the test events under each floor, float[N, F] a piece, 0 where a field doesn't count."""
    unigrams, bigrams = _count(encoding, train)
    weights = [
        min(
            WEIGHTS,
            key=lambda weight: sum(
                _nats(encoding, events, f, unigrams, bigrams, weight).sum() for events in validation
            ),
        )
        for f in range(len(unigrams))
    ]

    def all_fields(events: np.ndarray, weights: Sequence[float]) -> np.ndarray:
        columns = [_nats(encoding, events, f, unigrams, bigrams, weight) for f, weight in enumerate(weights)]
        return np.stack(columns, axis=1)

    return {
        "unigram": [all_fields(events, [0.0] * len(weights)) for events in test],
        "bigram": [all_fields(events, weights) for events in test],
    }


def _count(encoding: Encoding, pieces: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each field: shares of its values, float[S], and after each value (S: the beginning), float[S + 1, S]."""
    unigrams, bigrams = [], []
    for field, size in enumerate(encoding.shape.sizes):
        counts = np.zeros((size + 1, size))
        for events in pieces:
            counts_here = encoding.mask(events)[:, field]
            np.add.at(counts, (_before(events, field, size)[counts_here], events[counts_here, field]), 1)
        unigrams.append((counts.sum(axis=0) + 1) / (counts.sum() + size))
        bigrams.append((counts + unigrams[-1]) / (counts.sum(axis=1, keepdims=True) + 1))
    return unigrams, bigrams


def _before(events: np.ndarray, field: int, size: int) -> np.ndarray:
    """The field's value in the event before each one; `size` before the first."""
    return np.concatenate([[size], events[:-1, field]])


def _nats(
    encoding: Encoding,
    events: np.ndarray,
    field: int,
    unigrams: list[np.ndarray],
    bigrams: list[np.ndarray],
    weight: float,
) -> np.ndarray:
    value, before = events[:, field], _before(events, field, len(unigrams[field]))
    probability = weight * bigrams[field][before, value] + (1 - weight) * unigrams[field][value]
    return -np.log(probability) * encoding.mask(events)[:, field]

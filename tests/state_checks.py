"""What the state of every encoding must keep to."""

import numpy as np

from reprise.composition.encoding.events import Encoding


def check_categories(encoding: Encoding, events: np.ndarray, metre: tuple[int, int] = (4, 4)) -> None:
    """Every category that a state tells of the events of a piece, int64[N, F], lies within its size."""
    shape, state = encoding.shape, encoding.start([metre])
    for event in events[:, None]:
        for field in range(len(shape.fields)):
            given = state.given(field, event)[0]
            assert given.shape == (len(shape.given[field]),) and ((given >= 0) & (given < shape.given[field])).all()
            assert state.references(field, event).shape == (1, shape.references[field])
        read = state.push(event)[0]
        assert read.shape == (len(shape.read),) and ((read >= 0) & (read < shape.read)).all()


def check_past_only(encoding: Encoding, events: np.ndarray, changed: np.ndarray, n: int, field: int) -> None:
    """Two pieces that differ from field `field` of event n on look the same up to there."""
    states = [encoding.start([(4, 4)]) for _ in range(2)]
    for past in events[:n]:
        reads = [state.push(past[None]).tolist() for state in states]
        assert reads[0] == reads[1]
    for known in range(field + 1):
        for ask in ("given", "references"):
            seen = [getattr(s, ask)(known, e[n : n + 1]) for s, e in zip(states, (events, changed))]
            assert np.array_equal(*seen)

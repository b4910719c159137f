"""What a piece did the last time that it was where it is now: its own repetition as a feature.

Chorales repeat their first lines, pieces come back to their themes. An `Echo` follows each sequence's own past: where
its last events have occurred before, it tells which event came next then. In the JSB chorales a tenth of all
sixteenths lie in such a repetition, which then goes on as before in 19 of 20 cases; neither a recurrent state nor a
short window of attention finds that by itself.
"""

import numpy as np

LENGTHS = 8  # categories of how long the repetition is already: 0 for none, then by powers of 2


class Echo:
    """Follows B sequences of events, int64[B, F]; `context` events alike make a repetition."""

    def __init__(self, sequences: int, fields: int, context: int) -> None:
        self.context = context
        self.numbers: dict[tuple[int, ...], int] = {}  # of different events: quicker to compare than themselves
        self.events: list[tuple[int, ...]] = []  # by number
        self.histories: list[list[int]] = [[] for _ in range(sequences)]
        self.places: list[dict[tuple, int]] = [{} for _ in range(sequences)]
        self.at = np.full(sequences, -1)  # in each history: the event that came next
        self.matched = np.zeros(sequences, np.int64)
        self.nothing = (-1,) * fields
        self.expected = np.full((sequences, fields), -1)

    def push(self, event: np.ndarray) -> None:
        """Take in the next event of each sequence."""
        at, matched = self.at.tolist(), self.matched.tolist()
        expected = []
        for row, now in enumerate(map(tuple, event.tolist())):
            history, places = self.histories[row], self.places[row]
            number = self.numbers.setdefault(now, len(self.numbers))
            if number == len(self.events):
                self.events.append(now)
            goes_on = at[row] >= 0 and history[at[row]] == number
            history.append(number)
            key = tuple(history[-self.context :])
            if goes_on:
                at[row] += 1
                matched[row] += 1
            else:
                at[row] = places.get(key, -1)
                matched[row] = self.context if at[row] >= 0 else 0
            if len(history) >= self.context:
                places[key] = len(history)
            expected.append(self.events[history[at[row]]] if at[row] >= 0 else self.nothing)
        self.at, self.matched, self.expected = np.array(at), np.array(matched), np.array(expected)

    def features(self, field: int, event: np.ndarray) -> np.ndarray:
        """int64[B, 2]: the expected value of a field plus one, 0 for none; and a category of how long the repetition
        is.

        Nothing is expected of an event whose earlier fields are already other ones.
        """
        alike = (event[:, :field] == self.expected[:, :field]).all(axis=1) & (self.at >= 0)
        length = np.minimum(np.log2(np.maximum(self.matched, 1)).astype(np.int64) + 1, LENGTHS - 1)
        return np.stack([np.where(alike, self.expected[:, field] + 1, 0), np.where(alike, length, 0)], axis=1)

    def select(self, rows: np.ndarray) -> "Echo":
        """An echo of its own for these sequences that can tell its features, but takes in no more events."""
        chosen = Echo(0, self.expected.shape[1], self.context)
        chosen.at, chosen.matched, chosen.expected = self.at[rows], self.matched[rows], self.expected[rows]
        return chosen

"""What an encoding hands to a model: how an event is laid out, and the state that reads one event after another.

An event is a tuple of categorical fields. A model reads past events and predicts the fields of the next one in order,
each given those before it. All that it may know is made by one state machine, in training and in sampling alike:

- `given(field, event)`: what is known when a field of the next event is predicted, as categories;
- `references(field, event)`: pitches that its logits are relative to (a field of pitches only);
- `recency(field)`: how lately each pitch class sounded, as categories (a field of pitches only);
- `push(event)`: takes the event in, and returns what the backbone reads of it, as categories.

Shapes: B sequences at once, F fields, K categories, R references. Everything is int64; a state is never shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

INTERVAL_SPAN = 24  # semitones; intervals beyond it count as this one
NO_PITCH = -1000  # a reference that isn't there


@dataclass(frozen=True)
class EventShape:
    """Sizes of everything that a model embeds or predicts.

    Attributes:
        fields: names of the fields, in the order of prediction. sizes: values of each field.
        read: sizes of the categories that the backbone reads of an event.
        given: for each field, sizes of the categories known when it is predicted.
        references: for each field, how many pitches its logits are relative to; 0 for a field of no pitches.
        tonics: for each field, how many of these, the last ones, are pitch classes: their octave doesn't count.
        pitches: for each field, the MIDI pitch of its value 0; values that are no pitch come after the pitches.
    """

    fields: tuple[str, ...]
    sizes: tuple[int, ...]
    read: tuple[int, ...]
    given: tuple[tuple[int, ...], ...]
    references: tuple[int, ...]
    tonics: tuple[int, ...]
    pitches: tuple[int, ...]


class State(Protocol):
    """Reads B sequences, event by event; `bar` is the bar in which each one's last event lies, int64[B]."""

    bar: np.ndarray

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        """Categories known before field `field` of the next event, int64[B, K]; `event` holds its earlier fields."""

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """MIDI pitches, int64[B, R]; NO_PITCH where there is none. R is 0 for a field of no pitches."""

    def recency(self, field: int) -> np.ndarray:
        """See `keys.KeyTracker.recency`, int64[B, 12]; int64[B, 0] for a field of no pitches."""

    def push(self, event: np.ndarray) -> np.ndarray:
        """Take in whole events, int64[B, F]; returns the categories that the backbone reads, int64[B, K]."""


def interval(pitch: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Semitones from the reference as a category: 0 without reference, else 1 + the interval clipped to the span."""
    clipped = np.clip(pitch - reference, -INTERVAL_SPAN, INTERVAL_SPAN) + INTERVAL_SPAN + 1
    return np.where((reference == NO_PITCH) | (pitch == NO_PITCH), 0, clipped)


INTERVALS = 2 * INTERVAL_SPAN + 2  # categories of `interval`


class Encoding(Protocol):
    """Pieces to events and back; see `notes`."""

    shape: EventShape

    def mask(self, events: np.ndarray) -> np.ndarray:
        """Which fields of the events of a piece count, bool[N, F]."""

    def room(self, events: np.ndarray) -> tuple[int, int]:
        """How many semitones a piece can go down and up without leaving the vocabulary, both 0 or more."""

    def transposed(self, events: np.ndarray, semitones: int) -> np.ndarray:
        """The events so many semitones higher."""

    def start(self, metres: Sequence[tuple[int, int]]) -> State:
        """The state before the first event of a sequence in each metre."""

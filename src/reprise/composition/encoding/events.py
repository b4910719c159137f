"""What an encoding hands to a model: how an event is laid out, and the state that reads one event after another.

An event is a tuple of categorical fields. A model reads past events and predicts the fields of the next one in order,
each given those before it. All that it may know is made by one state machine, in training and in sampling alike:

- `given(field, event)`: what is known when a field of the next event is predicted, as categories;
- `references(field, event)`: pitches that its logits are relative to (a field of pitches only);
- `classes(field, event)`: what each pitch class would be, in several categories: how lately it sounded, whether it
  would make a parallel, or carry on what the part did before (a field of pitches only);
- `push(event)`: takes the event in, and returns what the backbone reads of it, as categories.

Shapes: B sequences at once, F fields, K categories, R references, T tables of pitch classes. Everything is int64; a
state is never shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reprise.errors import RepriseError
from reprise.music.piece import Piece

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
        classes: for each field, sizes of the categories that are told of each pitch class.
        pitches: for each field, the MIDI pitch of its value 0; values that are no pitch come after the pitches.
    """

    fields: tuple[str, ...]
    sizes: tuple[int, ...]
    read: tuple[int, ...]
    given: tuple[tuple[int, ...], ...]
    references: tuple[int, ...]
    tonics: tuple[int, ...]
    classes: tuple[tuple[int, ...], ...]
    pitches: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in ("sizes", "given", "references", "tonics", "classes", "pitches"):
            if len(getattr(self, name)) != len(self.fields):
                raise RepriseError(f"an encoding's shape has {len(self.fields)} fields, but other {name}")

    @property
    def pitch(self) -> int:
        """The number of the field `pitch`, which every encoding has."""
        return self.fields.index("pitch")


@dataclass(frozen=True)
class Frame:
    """What a sequence is told beforehand of its piece as a whole; None where it isn't told.

    Attributes:
        tonic: of its home key, a pitch class, 0 (C) to 11 (B). mode: of that key, one of `keyfinding.MODES`.
        bars: so many it has, the last of which holds its last note. parts: so many it has, the first ones of a score.
        pitch: its mean pitch, MIDI's, each note counted by how long it sounds.
    """

    tonic: int | None = None
    mode: str | None = None
    bars: int | None = None
    parts: int | None = None
    pitch: int | None = None


UNTOLD = Frame()


class State(Protocol):
    """Reads B sequences, event by event.

    Attributes:
        bars: the length of a bar of each, twelfths of a beat, int64[B].
        bar, onset: the bar and the twelfth of a beat at which each one's last event begins, int64[B]; 0 before it.
        part, pitch: of the last event, int64[B]; below 0 before it. last: the last pitch of each part, int64[B, parts].
    """

    bars: np.ndarray
    onset: np.ndarray
    part: np.ndarray
    pitch: np.ndarray
    last: np.ndarray

    @property
    def bar(self) -> np.ndarray: ...

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        """Categories known before field `field` of the next event, int64[B, K]; `event` holds its earlier fields."""

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """MIDI pitches, int64[B, R]; NO_PITCH where there is none. R is 0 for a field of no pitches."""

    def classes(self, field: int, event: np.ndarray) -> np.ndarray:
        """What each pitch class would be, as categories, int64[B, T, 12]; T is 0 for a field of no pitches."""

    def push(self, event: np.ndarray) -> np.ndarray:
        """Take in whole events, int64[B, F]; returns the categories that the backbone reads, int64[B, K]."""

    def select(self, rows: np.ndarray) -> "State":
        """A state of its own for these sequences, one row each, that takes in no more events; one may come twice."""

    def allowed(self, field: int, event: np.ndarray, top: np.ndarray) -> np.ndarray:
        """bool[B, size]: values that keep events in order; `event` holds the earlier fields.

        Args:
            top: the highest MIDI pitch that a note together with the last one may have, int64[B].
        """

    def returning(self, field: int, event: np.ndarray) -> np.ndarray | None:
        """Which values of a field carry on something that comes again where it was in the bar, bool[B, size]; None for
        a field that none does. `event` holds the earlier fields.
        """

    def parallel(self, event: np.ndarray) -> np.ndarray:
        """Which values of the field of pitches would make a parallel fifth or octave, bool[B, size]."""

    def onsets(self, field: int) -> np.ndarray | None:
        """When the next event begins with each value of a field, int64[B, size]; None where the field doesn't say."""

    def onset_of(self, event: np.ndarray) -> np.ndarray:
        """When the next event begins, int64[B], from as many of its fields as say so."""

    def part_of(self, event: np.ndarray) -> np.ndarray:
        """The part of the next event, int64[B]."""


def interval(pitch: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Semitones from the reference as a category: 0 without reference, else 1 + the interval clipped to the span."""
    clipped = np.clip(pitch - reference, -INTERVAL_SPAN, INTERVAL_SPAN) + INTERVAL_SPAN + 1
    return np.where((reference == NO_PITCH) | (pitch == NO_PITCH), 0, clipped)


INTERVALS = 2 * INTERVAL_SPAN + 2  # categories of `interval`


class Encoding(Protocol):
    """Pieces to events and back; `notes.NotesEncoding` is one. Events of a piece come in order; the last one ends it.

    Attributes:
        kind: its name in `registry.ENCODINGS`. shape: how its events are laid out.
        end: the value of the first field that ends a piece; the other fields of that event don't count.
        parts: so many parts it knows. metres: that it knows. lowest, highest: MIDI pitches that it can write.
        trained_range: lowest and highest MIDI pitch of the training pieces.
        velocities_read: MIDI velocities that it tells apart; none where it leaves them out.
        framed: whether its states make use of frames.
    """

    @property
    def kind(self) -> str: ...

    @property
    def shape(self) -> EventShape: ...

    @property
    def end(self) -> int: ...

    @property
    def parts(self) -> int: ...

    @property
    def metres(self) -> tuple[tuple[int, int], ...]: ...

    @property
    def lowest(self) -> int: ...

    @property
    def highest(self) -> int: ...

    @property
    def trained_range(self) -> tuple[int, int]: ...

    @property
    def velocities_read(self) -> tuple[int, ...]: ...

    @property
    def framed(self) -> bool: ...

    @classmethod
    def of(cls, pieces: Sequence[Piece], framed: bool = False) -> "Encoding":
        """The encoding with the vocabulary of training pieces.

        Raises:
            BadInput: there are none.
        """

    def encode(self, piece: Piece) -> np.ndarray:
        """int64[N, F], the event that ends the piece included.

        Raises:
            BadInput: the vocabulary lacks something that the piece has.
        """

    def decode(
        self, events: np.ndarray, metre: tuple[int, int], tempo_bpm: float, programs: tuple[int, ...], source: str
    ) -> Piece:
        """The piece that events stand for, up to the first that ends it."""

    def last_onset(self, events: np.ndarray) -> int:
        """When the last of the events begins, in twelfths of a beat."""

    def mask(self, events: np.ndarray) -> np.ndarray:
        """Which fields of the events of a piece count, bool[N, F]."""

    def room(self, events: np.ndarray) -> tuple[int, int]:
        """How many semitones a piece can go down and up without leaving the vocabulary, both 0 or more."""

    def transposed(self, events: np.ndarray, semitones: int) -> np.ndarray:
        """The events so many semitones higher."""

    def start(self, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()) -> State:
        """The state before the first event of a sequence in each metre, and in its frame where there are any.

        Raises:
            BadInput: one of the metres is unknown.
        """

"""The `notes` encoding: an event a note, ordered by (onset, part, pitch), with the fields step, part, pitch, duration
and velocity.

Onsets are put on twelfths of a beat first, then on what the bins of the steps lead to: no error adds up, and notes
together stay together. The first step counts from the first bar line. The last value of `step` ends the piece; its
other fields don't count. Velocity is left out where the training pieces have one alone. Times are in twelfths of a
beat throughout.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from reprise.checked import checked
from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.events import Frame
from reprise.composition.encoding.notes_state import NotesState
from reprise.composition.encoding.notes_vocabulary import (
    DURATION,
    PART,
    PITCH,
    STEP,
    VELOCITY,
    NotesVocabulary,
    bar_length,
)
from reprise.errors import BadInput
from reprise.music.piece import Piece, note_table
from reprise.music.timegrid import TWELFTHS, to_twelfths

MARGIN = 6  # semitones beyond the training pieces' range, room for transposition
MOST_VELOCITIES = 16


@checked
class NotesEncoding(NotesVocabulary):
    """Pieces to events and back, in the vocabulary of the training pieces."""

    @classmethod
    def of(cls, pieces: Sequence[Piece], framed: bool = False) -> "NotesEncoding":
        """The vocabulary that `pieces` need, with a margin of pitches.

        Raises:
            BadInput: there are none.
        """
        if not pieces:
            raise BadInput("the corpus has no training piece: an encoding needs some")
        metres = tuple(sorted({piece.metre for piece in pieces}))
        bar = max(bar_length(metre) for metre in metres)
        onsets = [np.unique(to_twelfths(piece.notes["onset"])) for piece in pieces]
        steps = np.concatenate([np.diff(onset, prepend=0) for onset in onsets])
        pitches = np.concatenate([piece.notes["pitch"] for piece in pieces])
        velocities = np.unique(np.concatenate([piece.notes["velocity"] for piece in pieces]))
        if len(velocities) > MOST_VELOCITIES:
            velocities = np.unique(np.linspace(velocities[0], velocities[-1], MOST_VELOCITIES).round())
        lowest, highest = int(pitches.min()), int(pitches.max())
        margins = min(MARGIN, lowest), min(MARGIN, 127 - highest)
        return cls(
            lowest - margins[0],
            highest + margins[1],
            max(len(piece.programs) for piece in pieces),
            Binning.from_values(np.append(steps, 0), bar),
            Binning.from_values(np.concatenate([durations_of(piece.notes) for piece in pieces]), bar),
            tuple(velocities.astype(int).tolist()),
            metres,
            max(most_at_once(piece.notes) for piece in pieces),
            margins,
            framed=framed,
        )

    def encode(self, piece: Piece) -> np.ndarray:
        """int64[notes + 1, F]; the last event ends the piece. Of notes alike in onset, part and pitch the longest
        stays.

        Raises:
            BadInput: the piece has a pitch, part or metre that the vocabulary lacks.
        """
        self._check(piece)
        notes = np.zeros(
            len(piece.notes), [(name, "i8") for name in ("onset", "part", "pitch", "duration", "velocity")]
        )
        notes["onset"] = self._reached(to_twelfths(piece.notes["onset"]))
        notes["duration"] = durations_of(piece.notes)
        for name in ("part", "pitch", "velocity"):
            notes[name] = piece.notes[name]
        notes = np.sort(notes, order=["onset", "part", "pitch", "duration"])
        keys = notes[["onset", "part", "pitch"]]
        notes = notes[np.append(keys[1:] != keys[:-1], True)]
        events = np.zeros((len(notes) + 1, len(self.shape.fields)), np.int64)
        events[:-1, STEP] = self.steps.index(np.diff(notes["onset"], prepend=0))
        events[-1, STEP] = self.end
        events[:-1, PART], events[:-1, PITCH] = notes["part"], notes["pitch"] - self.lowest
        events[:-1, DURATION] = self.durations.index(notes["duration"])
        if not self.drops_velocity:
            centres = np.array(self.velocities)
            events[:-1, VELOCITY] = np.abs(notes["velocity"][:, None] - centres).argmin(axis=1)
        return events

    def _check(self, piece: Piece) -> None:
        pitches = piece.notes["pitch"]
        if not len(pitches):
            raise BadInput(f"{piece.source}: has no notes")
        if pitches.min() < self.lowest or pitches.max() > self.highest:
            raise BadInput(
                f"{piece.source}: has pitches {pitches.min()}-{pitches.max()}; "
                f"the model knows {self.lowest}-{self.highest}"
            )
        if len(piece.programs) > self.parts:
            raise BadInput(f"{piece.source}: has {len(piece.programs)} parts; the model knows {self.parts}")
        self._check_metre(piece.metre, piece.source)

    def _check_metre(self, metre: tuple[int, int], source: str) -> None:
        if metre not in self.metres:
            known = ", ".join(f"{beats}/{unit}" for beats, unit in self.metres)
            raise BadInput(f"{source}: is in {metre[0]}/{metre[1]}; the model knows {known}")

    def _reached(self, onsets: np.ndarray) -> np.ndarray:
        """Where the steps' bins lead to in place of each onset, int64[N]; what one step misses, the next makes up.

        None gets to the next one's place: else a long rest, rounded up, would put the notes after it on one onset.
        Onsets share a place only where no step is as short as they are close.
        """
        distinct, which = np.unique(onsets, return_inverse=True)
        reached, now, centres = np.zeros_like(distinct), 0, self.steps.centres
        for i, onset in enumerate(distinct):
            step = int(self.steps.value(self.steps.index(np.maximum(onset - now, 0))))
            step = max(step, centres[1]) if i and len(centres) > 1 else step
            if i + 1 < len(distinct) and now + step >= distinct[i + 1]:
                step = centres[bisect_left(centres, distinct[i + 1] - now) - 1]
            now += step
            reached[i] = now
        return reached[which]

    def decode(
        self, events: np.ndarray, metre: tuple[int, int], tempo_bpm: float, programs: tuple[int, ...], source: str
    ) -> Piece:
        """The piece that events stand for, up to the first that ends it.

        A note is cut where its part strikes its pitch again.
        """
        ends = np.flatnonzero(events[:, STEP] == self.end)
        events = events[: ends[0]] if len(ends) else events
        onsets = np.cumsum(self.steps.value(events[:, STEP])) if len(events) else np.zeros(0, np.int64)
        durations = self.durations.value(events[:, DURATION])
        velocities = np.array(self.velocities)[0 if self.drops_velocity else events[:, VELOCITY]]
        rows: list[tuple[float, float, int, int, int]] = []
        last: dict[tuple[int, int], int] = {}  # event of each part and pitch
        for i, (part, pitch) in enumerate(events[:, [PART, PITCH]].tolist()):
            before = last.get((part, pitch))
            if before is not None:
                durations[before] = min(durations[before], onsets[i] - onsets[before])
            last[part, pitch] = i
        velocities = np.broadcast_to(velocities, onsets.shape)
        for onset, duration, event, velocity in zip(onsets.tolist(), durations.tolist(), events, velocities.tolist()):
            if duration > 0:
                pitch = int(event[PITCH]) + self.lowest
                rows.append((onset / TWELFTHS, duration / TWELFTHS, pitch, velocity, int(event[PART])))
        return Piece(note_table(rows), tempo_bpm, programs, metre, source)

    def last_onset(self, events: np.ndarray) -> int:
        """See `events.Encoding`."""
        return int(self.steps.value(events[:, STEP]).sum())

    def mask(self, events: np.ndarray) -> np.ndarray:
        """All fields count, but for those of the event that ends the piece: see `events.Encoding`."""
        mask = np.ones(events.shape, bool)
        mask[events[:, STEP] == self.end, STEP + 1 :] = False
        return mask

    def room(self, events: np.ndarray) -> tuple[int, int]:
        """See `events.Encoding`."""
        pitches = events[events[:, STEP] != self.end, PITCH]
        return int(pitches.min()), self.highest - self.lowest - int(pitches.max())

    def transposed(self, events: np.ndarray, semitones: int) -> np.ndarray:
        """See `events.Encoding`."""
        moved = events.copy()
        moved[events[:, STEP] != self.end, PITCH] += semitones
        return moved

    def start(self, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()) -> "NotesState":
        """See `events.Encoding`.

        Raises:
            BadInput: the model doesn't know one of the metres.
        """
        for metre in metres:
            self._check_metre(metre, "metre")
        return NotesState(self, metres, frames)


def durations_of(notes: np.ndarray) -> np.ndarray:
    """Durations in twelfths of a beat, at least 1, between quantised onset and quantised end."""
    ends = to_twelfths(notes["onset"] + notes["duration"])
    return np.maximum(ends - to_twelfths(notes["onset"]), 1)


def most_at_once(notes: np.ndarray) -> int:
    """The most notes of different pitches that one part strikes at once."""
    struck = np.unique([to_twelfths(notes["onset"]), notes["part"], notes["pitch"]], axis=1)
    return int(np.unique(struck[:2], axis=1, return_counts=True)[1].max())

"""The `notes` encoding: an event a note, ordered by (onset, part, pitch), with the fields step, part, pitch, duration
and velocity.

Onsets are put on twelfths of a beat first, then on what the bins of the steps lead to: no error adds up, and notes
together stay together. The first step counts from the first bar line. The last value of `step` ends the piece; its
other fields don't count. Velocity is left out where the training pieces have one alone. Times are in twelfths of a
beat throughout.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reprise.composition.binning import TWELFTHS, Binning, to_twelfths
from reprise.composition.echo import LENGTHS, Echo
from reprise.composition.events import INTERVALS, NO_PITCH, EventShape, interval
from reprise.composition.keys import DEGREES, MEMORIES, MODES, KeyTracker
from reprise.errors import BadInput
from reprise.music.piece import MAX_PARTS, Piece, metre_problem, note_table
from reprise.params import require

STEP, PART, PITCH, DURATION, VELOCITY = range(5)
MARGIN = 6  # semitones beyond the training pieces' range, room for transposition
RECENT = 2  # notes before, whichever part, that a pitch is compared with
PARTS_COMPARED = 6  # of many parts, only the first ones are features
LONGEST_SOUNDING = 4 * TWELFTHS  # how much longer a part sounds; more counts as this
ECHO_NOTES = 8  # so many notes alike make a repetition
PHRASE_BARS = 4  # the number of a bar is seen modulo this
MOST_VELOCITIES = 16


@dataclass(frozen=True)
class NotesEncoding:
    """The vocabulary of the training pieces.

    Attributes:
        lowest, highest: MIDI pitches that can be encoded. parts: at most so many.
        steps, durations: bins in twelfths of a beat. velocities: centres of the bins; one means that the field is left
        out.
        metres: metres that the model knows. margins: semitones below and above the training pieces' own range.
    """

    lowest: int
    highest: int
    parts: int
    steps: Binning
    durations: Binning
    velocities: tuple[int, ...]
    metres: tuple[tuple[int, int], ...]
    margins: tuple[int, int]

    def __post_init__(self) -> None:
        require(0 <= self.lowest <= self.highest <= 127, "lowest", self.lowest, "a MIDI pitch, at most `highest`")
        require(1 <= self.parts <= MAX_PARTS, "parts", self.parts, f"from 1 to {MAX_PARTS}")
        require(self.steps.centres[:1] == (0,), "steps", self.steps.centres[:1], "bins from 0 on")
        require(bool(self.velocities), "velocities", self.velocities, "one or more")
        sound = bool(self.metres) and all(metre_problem(metre) is None for metre in self.metres)
        require(sound, "metres", self.metres, "one or more metres, such as [4, 4]")

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "NotesEncoding":
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
            margins,
        )

    @cached_property
    def shape(self) -> EventShape:
        compared, positions = min(self.parts, PARTS_COMPARED), max(map(bar_length, self.metres))
        steps, pitches = len(self.steps) + 1, self.highest - self.lowest + 1
        sizes = (steps, self.parts, pitches, len(self.durations), len(self.velocities))
        place = (positions, len(self.metres), *((LONGEST_SOUNDING + 1,) * compared), *((MODES,) * MEMORIES))
        given = (place, (*place, steps), (*place, steps, self.parts), (*place, steps, self.parts, pitches))
        given += ((*given[DURATION], len(self.durations)),)
        given = tuple((*known, size + 1, LENGTHS) for known, size in zip(given, sizes))
        used = VELOCITY if self.drops_velocity else VELOCITY + 1
        intervals = (INTERVALS,) * (compared + RECENT + 1)
        read = (*place, PHRASE_BARS, 12, *((DEGREES,) * MEMORIES), *intervals, *sizes[:used])
        names = ("step", "part", "pitch", "duration", "velocity")
        references, tonics = (0, 0, compared + RECENT + 1 + MEMORIES, 0, 0), (0, 0, MEMORIES, 0, 0)
        return EventShape(
            names[:used],
            sizes[:used],
            read,
            given[:used],
            references[:used],
            tonics[:used],
            (0, 0, self.lowest, 0, 0)[:used],
        )

    @property
    def trained_range(self) -> tuple[int, int]:
        """Lowest and highest MIDI pitch of the training pieces, before transposition."""
        return self.lowest + self.margins[0], self.highest - self.margins[1]

    @property
    def drops_velocity(self) -> bool:
        """The training pieces have one velocity: nothing to predict."""
        return len(self.velocities) == 1

    @property
    def end(self) -> int:
        """The value of `step` that ends a piece."""
        return len(self.steps)

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
        """Where the steps' bins lead to in place of each onset, int64[N]; what one step misses, the next makes up."""
        distinct, which = np.unique(onsets, return_inverse=True)
        reached, now = np.zeros_like(distinct), 0
        for i, onset in enumerate(distinct):
            now += int(self.steps.value(self.steps.index(np.maximum(onset - now, 0))))
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
        rows, last = [], {}
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

    def start(self, metres: Sequence[tuple[int, int]]) -> "NotesState":
        """The state before the first note of a sequence for each metre.

        Raises:
            BadInput: the model doesn't know one of the metres.
        """
        for metre in metres:
            self._check_metre(metre, "metre")
        return NotesState(self, metres)


class NotesState:
    """See `events.State`. Parts beyond `PARTS_COMPARED` are read, but no other note is compared with them."""

    def __init__(self, encoding: NotesEncoding, metres: Sequence[tuple[int, int]]) -> None:
        self.encoding = encoding
        sequences, parts = len(metres), encoding.parts
        self.bars = np.array([bar_length(metre) for metre in metres], np.int64)
        self.metres = np.array([encoding.metres.index(metre) for metre in metres], np.int64)
        self.rows, self.compared = np.arange(sequences), min(parts, PARTS_COMPARED)
        self.onset = np.zeros(sequences, np.int64)
        self.part, self.pitch = np.full(sequences, -1), np.full(sequences, -1)
        self.last = np.full((sequences, parts), NO_PITCH)
        self.recent = np.full((sequences, RECENT), NO_PITCH)
        self.ends = np.zeros((sequences, parts), np.int64)
        self.key = KeyTracker(sequences)
        self.echo = Echo(sequences, len(encoding.shape.fields), ECHO_NOTES)

    @property
    def bar(self) -> np.ndarray:
        """See `events.State`."""
        return self.onset // self.bars

    def _onset(self, event: np.ndarray) -> np.ndarray:
        steps = event[:, STEP]
        going_on = steps < self.encoding.end
        return self.onset + np.where(going_on, self.encoding.steps.value(np.where(going_on, steps, 0)), 0)

    def _place(self, onset: np.ndarray) -> np.ndarray:
        sounding = np.clip(self.ends[:, : self.compared] - onset[:, None], 0, LONGEST_SOUNDING)
        position = (onset % self.bars)[:, None]
        return np.concatenate([position, self.metres[:, None], sounding, self.key.modes], axis=1)

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        place = self._place(self.onset if field == STEP else self._onset(event))
        return np.concatenate([place, event[:, :field], self.echo.features(field, event)], axis=1)

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """Of a pitch: the last ones of its own part, of all parts and of the notes just before; and tonics."""
        if field != PITCH:
            return np.zeros((len(event), 0), np.int64)
        own = self.last[self.rows, event[:, PART]]
        return np.concatenate([own[:, None], self.last[:, : self.compared], self.recent, self.key.tonics], axis=1)

    def recency(self, field: int) -> np.ndarray:
        """See `events.State`."""
        return self.key.recency() if field == PITCH else np.zeros((len(self.rows), 0), np.int64)

    def push(self, event: np.ndarray) -> np.ndarray:
        onset, part = self._onset(event), event[:, PART]
        pitch = event[:, PITCH] + self.encoding.lowest
        intervals = interval(pitch[:, None], self.references(PITCH, event)[:, :-MEMORIES])
        duration = self.encoding.durations.value(event[:, DURATION])
        self.key.push(pitch[:, None], duration[:, None] / TWELFTHS)
        self.echo.push(event)
        self.onset, self.part, self.pitch = onset, part, pitch
        self.ends[self.rows, part] = np.maximum(self.ends[self.rows, part], onset + duration)
        self.last[self.rows, part] = pitch
        self.recent = np.concatenate([pitch[:, None], self.recent[:, :-1]], axis=1)
        bar = (self.bar % PHRASE_BARS)[:, None]
        pitch_class, degrees = (pitch % 12)[:, None], self.key.degrees(pitch[:, None])
        return np.concatenate([self._place(onset), bar, pitch_class, degrees, intervals, event], axis=1)

    def select(self, rows: np.ndarray) -> "NotesState":
        """A state of its own for these sequences, one row each, that takes in no more events; one may come twice."""
        chosen = copy.copy(self)
        chosen.rows, chosen.echo, chosen.key = np.arange(len(rows)), self.echo.select(rows), self.key.select(rows)
        for name in ("bars", "metres", "onset", "part", "pitch", "last", "recent", "ends"):
            setattr(chosen, name, getattr(self, name)[rows].copy())
        return chosen

    def allowed(self, field: int, event: np.ndarray, top: np.ndarray) -> np.ndarray:
        """bool[B, size]: values that keep the order (onset, part, pitch) and begin a piece with a note.

        Args:
            top: the highest MIDI pitch that a note together with the last one may have, int64[B]: a part that has got
            there makes way for the next one.
        """
        values = np.arange(self.encoding.shape.sizes[field])
        allowed = np.ones((len(event), len(values)), bool)
        together = self.encoding.steps.value(np.minimum(event[:, STEP], self.encoding.end - 1)) == 0
        together &= self.part >= 0
        at_top = self.pitch >= top
        if field == STEP:
            full = (self.part == self.encoding.parts - 1) & at_top
            allowed[full, self.encoding.steps.index(np.array(0))] = False
            allowed[self.part < 0, self.encoding.end] = False
        elif field == PART:
            lowest = self.part + at_top
            allowed[together] = values >= lowest[together, None]
        elif field == PITCH:
            same = together & (event[:, PART] == self.part)
            allowed[same] = values + self.encoding.lowest > self.pitch[same, None]
        return allowed


def encodable(encoding: NotesEncoding, pieces: list[Piece]) -> tuple[list[Piece], list[np.ndarray]]:
    """The pieces that the vocabulary of the training pieces can express, and their events, int64[N, F]."""
    kept, events = [], []
    for piece in pieces:
        try:
            events.append(encoding.encode(piece))
            kept.append(piece)
        except BadInput:  # counted by whoever asks for fewer pieces than it gave
            continue
    return kept, events


def bar_length(metre: tuple[int, int]) -> int:
    """Twelfths of a beat in a bar."""
    return metre[0] * 4 * TWELFTHS // metre[1]


def durations_of(notes: np.ndarray) -> np.ndarray:
    """Durations in twelfths of a beat, at least 1, between quantised onset and quantised end."""
    ends = to_twelfths(notes["onset"] + notes["duration"])
    return np.maximum(ends - to_twelfths(notes["onset"]), 1)

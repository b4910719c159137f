"""The `grid` encoding: an event a sixteenth note, a field a voice (soprano, alto, tenor, bass).

A voice's value is a pitch, or a rest (the last value). A note that goes on and one that is struck again look the same,
as in the JSB chorales benchmark; with `strikes` a field 0/1 a voice tells them apart, and the encoding is exact for
four monophonic parts on the sixteenth grid. Frames count from the first bar line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reprise.composition.encoding.events import INTERVALS, NO_PITCH, EventShape, Frame, interval
from reprise.composition.encoding.hearing.echo import LENGTHS, Echo
from reprise.composition.encoding.hearing.keys import DEGREES, MEMORIES, MODES, RECENCIES, KeyTracker
from reprise.errors import BadInput
from reprise.music.piece import Piece, note_table

VOICES = ("soprano", "alto", "tenor", "bass")
FRAMES_PER_BEAT = 4
FRAMES_PER_BAR = 16  # of the position that the model sees, whatever the metre
ECHO_FRAMES = 8  # so many frames alike make a repetition
LONGEST_RUN = 17  # frames since a voice last moved; more count as this


@dataclass(frozen=True)
class GridEncoding:
    """Pitches `lowest`..`highest` and a rest for each voice; with `strikes`, a further field a voice."""

    lowest: int
    highest: int
    strikes: bool = True

    @property
    def rest(self) -> int:
        """The value of a voice that is silent."""
        return self.highest - self.lowest + 1

    @cached_property
    def shape(self) -> EventShape:
        values, voices = self.rest + 1, len(VOICES)
        fields, sizes = VOICES, (values,) * voices
        keys = (MODES,) * MEMORIES
        alone = (FRAMES_PER_BAR, *keys, LONGEST_RUN + 1)
        given = tuple(alone + (values, INTERVALS) * voice for voice in range(voices))
        read = (FRAMES_PER_BAR, *keys) + (values, INTERVALS) * voices + (INTERVALS,) * (voices - 1)
        read += (DEGREES,) * (MEMORIES * voices)
        references, tonics, pitches = (voices + MEMORIES,) * voices, (MEMORIES,) * voices, (self.lowest,) * voices
        classes: tuple[tuple[int, ...], ...] = ((RECENCIES,),) * voices
        if self.strikes:
            fields += tuple(f"{voice}_strike" for voice in VOICES)
            sizes += (2,) * voices
            given += ((FRAMES_PER_BAR, *keys, *((INTERVALS,) * voices), *((2,) * voices)),) * voices
            read += (2,) * voices
            references += (0,) * voices
            tonics += (0,) * voices
            classes += ((),) * voices
            pitches += (0,) * voices
        given = tuple((*known, size + 1, LENGTHS) for known, size in zip(given, sizes))
        return EventShape(fields, sizes, read, given, references, tonics, classes, pitches)

    def encode(self, piece: Piece) -> np.ndarray:
        """int64[frames, F].

        Raises:
            BadInput: a part has two notes at once, lies off the grid or out of range, or there aren't four parts.
        """
        if len(piece.programs) != len(VOICES):
            raise BadInput(f"{piece.source}: has {len(piece.programs)} parts; the grid encoding needs {len(VOICES)}")
        notes = piece.notes
        if not len(notes):
            raise BadInput(f"{piece.source}: has no notes")
        starts = notes["onset"] * FRAMES_PER_BEAT
        ends = (notes["onset"] + notes["duration"]) * FRAMES_PER_BEAT
        if np.abs(starts - np.round(starts)).max() > 1e-6 or np.abs(ends - np.round(ends)).max() > 1e-6:
            raise BadInput(f"{piece.source}: has notes off the sixteenth grid")
        if notes["pitch"].min() < self.lowest or notes["pitch"].max() > self.highest:
            raise BadInput(f"{piece.source}: has pitches outside {self.lowest}-{self.highest}")
        frames = int(np.round(ends).max())
        grid = np.full((frames, len(VOICES)), self.rest, np.int64)
        strikes = np.zeros((frames, len(VOICES)), np.int64)
        for start, end, pitch, part in zip(np.rint(starts), np.rint(ends), notes["pitch"], notes["part"]):
            covered = slice(int(start), int(end))
            if (grid[covered, part] != self.rest).any():
                raise BadInput(f"{piece.source}: part {part} has two notes at once; a voice of the grid has one")
            grid[covered, part] = pitch - self.lowest
            strikes[int(start), part] = 1
        return np.concatenate([grid, strikes], axis=1) if self.strikes else grid

    def decode(self, events: np.ndarray, tempo_bpm: float, programs: tuple[int, ...], source: str) -> Piece:
        """The piece that a grid stands for; without strikes, equal neighbours are one note."""
        rows = []
        for voice in range(len(VOICES)):
            values = events[:, voice]
            changes = np.append(True, values[1:] != values[:-1])
            if self.strikes:
                changes |= events[:, len(VOICES) + voice] == 1
            starts = np.flatnonzero(changes)
            for start, end in zip(starts, np.append(starts[1:], len(values))):
                if values[start] != self.rest:
                    pitch = int(values[start]) + self.lowest
                    rows.append((start / FRAMES_PER_BEAT, (end - start) / FRAMES_PER_BEAT, pitch, 64, voice))
        return Piece(note_table(rows), tempo_bpm, programs, source=source)

    def mask(self, events: np.ndarray) -> np.ndarray:
        """Every field counts: see `events.Encoding`."""
        return np.ones(events.shape, bool)

    def room(self, events: np.ndarray) -> tuple[int, int]:
        """See `events.Encoding`."""
        voices = events[:, : len(VOICES)]
        pitches = voices[voices != self.rest]
        return (int(pitches.min()), self.rest - 1 - int(pitches.max())) if len(pitches) else (0, 0)

    def transposed(self, events: np.ndarray, semitones: int) -> np.ndarray:
        """See `events.Encoding`."""
        moved = events.copy()
        voices = moved[:, : len(VOICES)]
        voices[voices != self.rest] += semitones
        return moved

    def start(self, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()) -> "GridState":
        """The state before the first frame of as many sequences; the grid knows no metre, nor a piece's frame."""
        return GridState(self, len(metres))


class GridState:
    """See `events.State`."""

    def __init__(self, encoding: GridEncoding, sequences: int) -> None:
        self.encoding, self.frame = encoding, 0
        self.previous = np.full((sequences, len(VOICES)), NO_PITCH)
        self.run = np.zeros((sequences, len(VOICES)), np.int64)
        self.key = KeyTracker(sequences)
        self.echo = Echo(sequences, len(encoding.shape.fields), ECHO_FRAMES)

    @property
    def bar(self) -> np.ndarray:
        """See `events.State`; bars of 16 sixteenths."""
        return np.full(len(self.previous), max(self.frame - 1, 0) // FRAMES_PER_BAR)

    def _pitches(self, event: np.ndarray) -> np.ndarray:
        voices = event[:, : len(VOICES)]
        return np.where(voices == self.encoding.rest, NO_PITCH, voices + self.encoding.lowest)

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        position = np.concatenate([np.full((len(event), 1), self.frame % FRAMES_PER_BAR), self.key.modes], axis=1)
        motions = interval(self._pitches(event), self.previous)
        voices = len(VOICES)
        if field >= voices:
            struck = np.where(np.arange(voices) < field - voices, event[:, voices:], 0)
            return np.concatenate([position, motions, struck, self.echo.features(field, event)], axis=1)
        columns = [position, self.run[:, field : field + 1]]
        for voice in range(field):
            columns += [event[:, voice : voice + 1], motions[:, voice : voice + 1]]
        return np.concatenate([*columns, self.echo.features(field, event)], axis=1)

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """The voice's own last pitch, the other voices' (now where that is known, else before), and tonics."""
        if field >= len(VOICES):
            return np.zeros((len(event), 0), np.int64)
        now = self._pitches(event)
        others = [now[:, voice] if voice < field else self.previous[:, voice] for voice in range(len(VOICES))]
        pitches = [self.previous[:, field], *(others[v] for v in range(len(VOICES)) if v != field)]
        return np.concatenate([np.stack(pitches, axis=1), self.key.tonics], axis=1)

    def classes(self, field: int, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        return self.key.recency()[:, None] if field < len(VOICES) else np.zeros((len(self.run), 0, 12), np.int64)

    def push(self, event: np.ndarray) -> np.ndarray:
        pitches = self._pitches(event)
        motions = interval(pitches, self.previous)
        moved = (pitches != self.previous) if self.frame else np.ones(pitches.shape, bool)
        self.key.push(pitches, np.full(pitches.shape, 1 / FRAMES_PER_BEAT))
        columns = [np.full((len(event), 1), self.frame % FRAMES_PER_BAR), self.key.modes]
        for voice in range(len(VOICES)):
            columns += [event[:, voice : voice + 1], motions[:, voice : voice + 1]]
        columns += [interval(pitches[:, v], pitches[:, v + 1])[:, None] for v in range(len(VOICES) - 1)]
        columns += [self.key.degrees(pitches), event[:, len(VOICES) :]]
        self.echo.push(event)
        self.run = np.where(moved, 1, np.minimum(self.run + 1, LONGEST_RUN))
        self.previous, self.frame = pitches, self.frame + 1
        return np.concatenate(columns, axis=1)

"""What a model is told of a sequence of notes, and which values may come next: the state of the `notes` encoding."""

import copy
from collections.abc import Sequence

import numpy as np

from reprise.composition.encoding.events import NO_PITCH, UNTOLD, Frame, interval
from reprise.composition.encoding.hearing.echo import Echo
from reprise.composition.encoding.hearing.keys import KeyTracker
from reprise.composition.encoding.hearing.leading import VoiceLeading
from reprise.composition.encoding.hearing.motifs import Motifs
from reprise.composition.encoding.hearing.sonority import ROLES, roles_of
from reprise.composition.encoding.notes_vocabulary import (
    BARS_LEFT,
    DURATION,
    LONGEST_SOUNDING,
    PART,
    PARTS_COMPARED,
    PHRASE_BARS,
    PITCH,
    RECENT,
    STEP,
    STILL,
    NotesVocabulary,
    bar_length,
)
from reprise.music.analysis.keyfinding import MODES
from reprise.music.timegrid import TWELFTHS

ECHO_NOTES = 8  # so many notes alike make a repetition


class NotesState:
    """See `events.State`. Parts beyond `PARTS_COMPARED` are read, but no other note is compared with them."""

    def __init__(
        self, encoding: NotesVocabulary, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()
    ) -> None:
        self.encoding = encoding
        sequences, parts = len(metres), encoding.parts
        self.bars = np.array([bar_length(metre) for metre in metres], np.int64)
        self.metres = np.array([encoding.metres.index(metre) for metre in metres], np.int64)
        self.rows, self.compared = np.arange(sequences), min(parts, PARTS_COMPARED)
        self.onset = np.zeros(sequences, np.int64)
        self.part, self.pitch = np.full(sequences, -1), np.full(sequences, -1)
        self.struck = np.zeros(sequences, np.int64)  # notes that the last one's part has struck together with it
        self.leading = VoiceLeading(sequences, parts, self.compared)
        self.last: np.ndarray = self.leading.last
        self.recent = np.full((sequences, RECENT), NO_PITCH)
        self.ends = np.zeros((sequences, parts), np.int64)
        frames = frames or [UNTOLD] * sequences
        self.key = KeyTracker(sequences, self._homes(frames))
        self.all_bars = np.array([frame.bars or 0 for frame in frames], np.int64)  # 0: untold
        self.all_parts = np.array([frame.parts or 0 for frame in frames], np.int64)  # likewise
        told = [NO_PITCH if frame.pitch is None else frame.pitch for frame in frames]
        self.mean_pitch = np.array(told, np.int64)[:, None]
        self.echo = Echo(sequences, len(encoding.shape.fields), ECHO_NOTES)
        self.motifs = [Motifs(sequences, parts, exact) for exact in (True, False)]
        self.rested = np.full(sequences, -1)  # the last onset before which nothing had begun for longer than a beat

    def _homes(self, frames: Sequence[Frame]) -> list[tuple[int, int]]:
        """Tonic and mode of each home key as `KeyTracker` takes them; of no use where the vocabulary isn't framed."""
        if not self.encoding.framed:
            return []
        return [
            (NO_PITCH if frame.tonic is None else frame.tonic, 0 if frame.mode is None else MODES.index(frame.mode) + 1)
            for frame in frames
        ]

    @property
    def bar(self) -> np.ndarray:
        """See `events.State`."""
        return self.onset // self.bars

    def onset_of(self, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        steps = event[:, STEP]
        going_on = steps < self.encoding.end
        return self.onset + np.where(going_on, self.encoding.steps.value(np.where(going_on, steps, 0)), 0)

    def _place(self, onset: np.ndarray) -> np.ndarray:
        sounding = np.clip(self.ends[:, : self.compared] - onset[:, None], 0, LONGEST_SOUNDING)
        position = (onset % self.bars)[:, None]
        still = np.where(self.rested < 0, 0, np.minimum((onset - self.rested) // TWELFTHS + 1, STILL))
        place = [position, self.metres[:, None], still[:, None], sounding, self.key.modes]
        if self.encoding.framed:
            left = np.clip(self.all_bars - onset // self.bars, 1, BARS_LEFT - 1)
            place += [np.where(self.all_bars > 0, left, 0)[:, None], self.all_parts[:, None]]
        return np.concatenate(place, axis=1)

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        place = self._place(self.onset if field == STEP else self.onset_of(event))
        known = [place, event[:, :field], self.echo.features(field, event)]
        part = event[:, PART]
        if field == PITCH:
            known.append(self.leading.features(part, self.onset_of(event)))
            known += [motifs.length(part)[:, None] for motifs in self.motifs]
        if field == DURATION:
            known += [motifs.of_duration(part, event[:, PITCH] + self.encoding.lowest) for motifs in self.motifs]
        return np.concatenate(known, axis=1)

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """Of a pitch: the last ones of its own part, of all parts and of the notes just before; the mean pitch of a
        framed piece; and tonics.
        """
        if field != PITCH:
            return np.zeros((len(event), 0), np.int64)
        own = self.last[self.rows, event[:, PART]]
        near = [own[:, None], self.last[:, : self.compared], self.recent]
        near += [self.mean_pitch] * self.encoding.framed
        return np.concatenate([*near, self.key.tonics], axis=1)

    def classes(self, field: int, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        if field != PITCH:
            return np.zeros((len(event), 0, 12), np.int64)
        part, onset, last = event[:, PART], self.onset_of(event), self.last[:, : self.compared]
        sounding = (self.ends[:, : self.compared] > onset[:, None]) & (last != NO_PITCH)
        sounding &= np.arange(self.compared) != part[:, None]
        parallels = self.leading.parallels(part, onset)  # that a class makes one outweighs whatever else it would be
        tables = [self.key.recency(), np.where(parallels, ROLES - 1 + parallels, roles_of(last, sounding))]
        return np.stack([*tables, *(motifs.classes(part) for motifs in self.motifs)], axis=1)

    def push(self, event: np.ndarray) -> np.ndarray:
        onset, part = self.onset_of(event), event[:, PART]
        pitch = event[:, PITCH] + self.encoding.lowest
        intervals = interval(pitch[:, None], self.references(PITCH, event)[:, : -self.encoding.keys])
        duration = self.encoding.durations.value(event[:, DURATION])
        self.key.push(pitch[:, None], duration[:, None] / TWELFTHS)
        self.echo.push(event)
        for motifs in self.motifs:
            motifs.push(part, pitch, event[:, DURATION], onset, self.bars)
        self.rested = np.where(onset - self.onset > TWELFTHS, onset, self.rested)
        self.struck = np.where((onset == self.onset) & (part == self.part), self.struck, 0) + 1
        self.onset, self.part, self.pitch = onset, part, pitch
        self.ends[self.rows, part] = np.maximum(self.ends[self.rows, part], onset + duration)
        self.leading.push(part, pitch, onset)
        self.recent = np.concatenate([pitch[:, None], self.recent[:, :-1]], axis=1)
        bar = (self.bar % PHRASE_BARS)[:, None]
        pitch_class, degrees = (pitch % 12)[:, None], self.key.degrees(pitch[:, None])
        return np.concatenate([self._place(onset), bar, pitch_class, degrees, intervals, event], axis=1)

    def returning(self, field: int, event: np.ndarray) -> np.ndarray | None:
        """See `events.State`."""
        if field not in (PITCH, DURATION):
            return None
        expected = np.stack([motifs.expects(event[:, PART]) for motifs in self.motifs])  # [motifs, B, 2]
        pitches, values = expected[..., 0] - self.encoding.lowest, np.arange(self.encoding.shape.sizes[field])
        if field == PITCH:
            return (pitches[..., None] == values).any(axis=0)
        alike = (pitches == event[:, PITCH])[..., None]
        return (alike & (expected[..., 1, None] == values)).any(axis=0)

    def parallel(self, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        pitches = np.arange(self.encoding.lowest, self.encoding.highest + 1)
        return self.leading.parallels(event[:, PART], self.onset_of(event))[:, pitches % 12] > 0

    def onsets(self, field: int) -> np.ndarray | None:
        """See `events.State`; the value that ends a piece leads nowhere."""
        if field != STEP:
            return None
        return self.onset[:, None] + np.append(self.encoding.steps.value(np.arange(self.encoding.end)), 0)

    def part_of(self, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        return event[:, PART]

    def select(self, rows: np.ndarray) -> "NotesState":
        """A state of its own for these sequences, one row each, that takes in no more events; one may come twice."""
        chosen = copy.copy(self)
        chosen.rows, chosen.echo, chosen.key = np.arange(len(rows)), self.echo.select(rows), self.key.select(rows)
        chosen.leading, chosen.motifs = self.leading.select(rows), [motifs.select(rows) for motifs in self.motifs]
        chosen.last = chosen.leading.last
        for name in (
            "bars",
            "all_bars",
            "all_parts",
            "mean_pitch",
            "metres",
            "onset",
            "part",
            "pitch",
            "struck",
            "recent",
            "ends",
            "rested",
        ):
            setattr(chosen, name, getattr(self, name)[rows].copy())
        return chosen

    def allowed(self, field: int, event: np.ndarray, top: np.ndarray) -> np.ndarray:
        """bool[B, size]: values that keep the order (onset, part, pitch), begin a piece with a note, and let no part
        strike more notes at once than in training. A framed piece gets no more parts than it was told, and from its
        second bar on those first that haven't sounded yet.

        Args:
            top: the highest MIDI pitch that a note together with the last one may have, int64[B]: a part that has got
            there makes way for the next one.
        """
        values = np.arange(self.encoding.shape.sizes[field])
        allowed = np.ones((len(event), len(values)), bool)
        together = self.encoding.steps.value(np.minimum(event[:, STEP], self.encoding.end - 1)) == 0
        together &= self.part >= 0
        parts = np.where(self.all_parts > 0, self.all_parts, self.encoding.parts)
        complete = (self.pitch >= top) | (self.struck >= self.encoding.chord) | (self.part >= parts)
        if field == STEP:
            full = (self.part >= parts - 1) & complete
            allowed[full, self.encoding.steps.index(np.array(0))] = False
            allowed[self.part < 0, self.encoding.end] = False
        elif field == PART:
            lowest = np.where(together, self.part + complete, 0)
            allowed = (values >= lowest[:, None]) & (values < parts[:, None])
            missing = allowed & (self.last == NO_PITCH) & (self.all_parts > 0)[:, None] & (self.bar > 0)[:, None]
            allowed = np.where(missing.any(axis=1, keepdims=True), missing, allowed)
        elif field == PITCH:
            same = together & (event[:, PART] == self.part)
            allowed[same] = values + self.encoding.lowest > self.pitch[same, None]
        return allowed

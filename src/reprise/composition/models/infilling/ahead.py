"""The `notes` encoding with the given notes ahead: what a model is told of them, and which values keep them as they
stand.

Beside what every model is told, one that fills in sees of each part whether it stands now and which pitch, how long
until it strikes again and which pitch then, and which given note comes next in the order of events. The last category
of everything, which `shape` doesn't count, is a place: the row of `given.note_categories` that a model which hears the
given notes is to look at. B sequences, C parts that are compared, P parts, S values of a field.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property

import numpy as np

from reprise.checked import checked
from reprise.composition.encoding.events import INTERVALS, NO_PITCH, EventShape, Frame
from reprise.composition.encoding.hearing.keys import DEGREES
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_state import NotesState
from reprise.composition.encoding.notes_vocabulary import (
    DURATION,
    LONGEST_SOUNDING,
    PART,
    PARTS_COMPARED,
    PITCH,
    STEP,
)
from reprise.composition.models.infilling.given import FAR, LASTING, OF_PART, OF_PITCH, ONSET, Gap, Given, Setting
from reprise.composition.models.infilling.lookout import Lookout

WAITS = LONGEST_SOUNDING + 2  # categories of how long until a part strikes again; more count alike, the last is never


@checked
class AheadEncoding(NotesEncoding):
    """An encoding whose states see the given notes of their frames, see `given.Setting`."""

    @classmethod
    def over(cls, encoding: NotesEncoding) -> "AheadEncoding":
        """The same vocabulary, seen ahead."""
        return cls(**{field.name: getattr(encoding, field.name) for field in fields(encoding)})

    @cached_property
    def shape(self) -> EventShape:
        own, compared = super().shape, min(self.parts, PARTS_COMPARED)
        used = len(own.fields)
        further = (3, WAITS, DEGREES, DEGREES) * compared + (len(self.steps) + 1, self.parts + 1)
        references = list(own.references)
        references[PITCH] += 2 * compared
        return EventShape(
            own.fields,
            own.sizes,
            (*own.read[:-used], *(INTERVALS,) * (2 * compared), *own.read[-used:]),
            tuple((*known, *further) for known in own.given),
            tuple(references),
            own.tonics,
            own.classes,
            own.pitches,
        )

    def start(self, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()) -> "AheadState":
        """See `events.Encoding`."""
        for metre in metres:
            self._check_metre(metre, "metre")
        return AheadState(self, metres, frames)


class AheadState(NotesState):
    """The state of the `notes` encoding that knows what is given. A step that comes nearest to the next given note
    leads to it exactly, however far it is.
    """

    def __init__(
        self, encoding: AheadEncoding, metres: Sequence[tuple[int, int]], frames: Sequence[Frame] = ()
    ) -> None:
        super().__init__(encoding, metres, frames)
        nothing = Given(np.zeros((0, 4), np.int64), Gap((True,) * encoding.parts))
        settings = [frame if isinstance(frame, Setting) else Setting() for frame in frames or [Setting()] * len(metres)]
        self.stands = [setting.given or nothing for setting in settings]
        self.bound = np.array([setting.given is not None for setting in settings])
        self.shown = np.array([setting.shown and len(own.notes) > 0 for setting, own in zip(settings, self.stands)])
        told = [setting.tonic for setting in settings]
        self.tonic = np.array([NO_PITCH if tonic is None else tonic for tonic in told], np.int64)[:, None]
        self.seen = Lookout([own if shown else nothing for own, shown in zip(self.stands, self.shown)], self.compared)
        self.next = np.zeros(len(metres), np.int64)  # of the given notes
        most = max((len(own.notes) for own in self.stands), default=0)
        self.notes = np.full((len(metres), most + 1, 4), -1)
        self.notes[..., ONSET] = FAR
        for row, own in zip(self.notes, self.stands):
            row[: len(own.notes)] = own.notes
        self.came = np.zeros(len(metres), bool)  # was the last event a given note?
        self._aim()

    def _aim(self) -> None:
        """Look for the next given note: `goal`, int64[B, 4], and the step that leads to it, -1 where there is none."""
        self.goal = self.notes[self.rows, self.next]
        self.waits = self.goal[:, ONSET] < FAR
        steps = self.encoding.steps.index(np.maximum(self.goal[:, ONSET] - self.onset, 0))
        self.step = np.where(self.waits, steps, -1)

    def onset_of(self, event: np.ndarray) -> np.ndarray:
        """See `events.State`."""
        return np.where(event[:, STEP] == self.step, self.goal[:, ONSET], super().onset_of(event))

    def onsets(self, field: int) -> np.ndarray | None:
        """See `events.State`."""
        found = super().onsets(field)
        if found is not None:
            found[self.waits, self.step[self.waits]] = self.goal[self.waits, ONSET]
        return found

    def given_at(self, times: np.ndarray) -> np.ndarray:
        """What is told of the given notes at a time of each sequence, int64[B, K]."""
        at, now, then = (self.seen.moment(name, times) for name in ("at", "now", "then"))
        waiting = np.where(at == FAR, WAITS - 1, np.clip(at - times[:, None], 0, LONGEST_SOUNDING))
        each = [self.seen.moment("does", times), waiting, self._degree(now), self._degree(then)]
        seen = self.shown & self.waits
        ahead = self.encoding.steps.index(np.maximum(self.goal[:, ONSET] - times, 0)) + 1
        order = [np.where(seen, ahead, 0), np.where(seen, self.goal[:, OF_PART] + 1, 0)]
        return np.concatenate([np.stack(each, axis=2).reshape(len(times), -1), np.stack(order, axis=1)], axis=1)

    def _degree(self, pitches: np.ndarray) -> np.ndarray:
        """Semitones above the tonic of the given notes as a category, int64[B, C]; 0 for none."""
        unknown = (pitches == NO_PITCH) | (self.tonic == NO_PITCH)
        return np.where(unknown, 0, (pitches - self.tonic) % 12 + 1)

    def given(self, field: int, event: np.ndarray) -> np.ndarray:
        """See `events.State`; then what is told of the given notes, and the place."""
        times = self.onset if field == STEP else self.onset_of(event)
        place = self._place_in_order() if field == STEP else np.where(self.shown, self.seen.moment("places", times), 0)
        return np.concatenate([super().given(field, event), self.given_at(times), place[:, None]], axis=1)

    def _place_in_order(self) -> np.ndarray:
        return np.where(self.shown, self.next, 0)

    def references(self, field: int, event: np.ndarray) -> np.ndarray:
        """See `NotesState.references`; before the tonics what stands in each part and what comes next."""
        own = super().references(field, event)
        if field != PITCH:
            return own
        times = self.onset_of(event)
        given = (self.seen.moment("now", times), self.seen.moment("then", times))
        return np.concatenate([own[:, : -self.encoding.keys], *given, own[:, -self.encoding.keys :]], axis=1)

    def push(self, event: np.ndarray) -> np.ndarray:
        """See `events.State`; then the place."""
        ends = self.ends.copy()
        read = super().push(event)
        came = (self.onset == self.goal[:, ONSET]) & (self.part == self.goal[:, OF_PART])
        came &= self.pitch == self.goal[:, OF_PITCH]
        rows, parts = np.flatnonzero(came), self.part[came]
        self.ends[rows, parts] = np.maximum(ends[rows, parts], self.onset[came] + self.goal[came, LASTING])
        self.came, self.next = came, self.next + came
        self._aim()
        return np.concatenate([read, self._place_in_order()[:, None]], axis=1)

    def select(self, rows: np.ndarray) -> "AheadState":
        """See `events.State`."""
        chosen = super().select(rows)
        assert isinstance(chosen, AheadState)
        for name in ("bound", "shown", "tonic", "next", "notes", "came"):
            setattr(chosen, name, getattr(self, name)[rows])
        chosen.stands, chosen.seen = [self.stands[row] for row in rows], self.seen.select(rows)
        chosen._aim()
        return chosen

    def allowed(self, field: int, event: np.ndarray, top: np.ndarray) -> np.ndarray:
        """See `NotesState.allowed`: and nothing that leaps over the next given note, begins outside the gap, or sounds
        together with another note of its part. Where the next note is the given one, it alone is left. A sequence
        without a setting is as free as any.
        """
        allowed = super().allowed(field, event, top)
        return np.where(self.bound[:, None], self._keeping(field, event, allowed.copy()), allowed)

    def _keeping(self, field: int, event: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        if field == STEP:
            return self._steps(allowed)
        times, values = self.onset_of(event), np.arange(allowed.shape[1])
        here = self.waits & (times == self.goal[:, ONSET])
        if field == PART:
            ends = event[:, STEP] == self.encoding.end  # whose part doesn't count
            allowed &= self._may_begin(times[:, None])[:, 0] | ends[:, None]
            allowed &= ~here[:, None] | (values < self.goal[:, OF_PART, None])
            allowed |= here[:, None] & (values == self.goal[:, OF_PART, None])
            return allowed
        comes = here & (event[:, PART] == self.goal[:, OF_PART])
        if field == PITCH:
            given, pitches = self.goal[:, OF_PITCH] - self.encoding.lowest, values + self.encoding.lowest
            ranges = np.array([
                own.ranges[part] if own.ranges else (0, 127) for own, part in zip(self.stands, event[:, PART].tolist())
            ])  # fmt: skip
            allowed &= (pitches >= ranges[:, :1]) & (pitches <= ranges[:, 1:])
        elif field == DURATION:
            given, lengths = self.encoding.durations.index(self.goal[:, LASTING]), self.encoding.durations.value(values)
            allowed &= lengths <= np.maximum(self._room(times, event[:, PART]), lengths[0])[:, None]
        else:
            return allowed
        return np.where(comes[:, None], values == given[:, None], allowed)

    def _steps(self, allowed: np.ndarray) -> np.ndarray:
        """Steps to where a part may begin a note, bool[B, S], and to the given note; else to the end."""
        onsets = self.onsets(STEP)
        assert onsets is not None
        order, goal = np.arange(self.encoding.parts), self.goal[:, ONSET, None]
        later = (onsets > self.onset[:, None])[..., None] | (order > self.part[:, None])[:, None]
        before = (onsets == goal)[..., None] & (order < self.goal[:, OF_PART, None])[:, None]
        before |= (onsets < goal)[..., None]
        possible = allowed & (self._may_begin(onsets) & later & before).any(axis=2)
        possible[:, self.encoding.end] = allowed[:, self.encoding.end] & ~self.waits
        possible[self.waits, self.step[self.waits]] = True
        possible[~possible.any(axis=1), self.encoding.end] = True
        return possible

    def _may_begin(self, onsets: np.ndarray) -> np.ndarray:
        """Parts that may begin a new note at each time, int64[B, S] to bool[B, S, P]: it lies in the gap, and what
        the part plays has ended.
        """
        free = np.array([own.gap.parts for own in self.stands])[:, None, :]
        spans = np.array([(own.gap.start, min(own.gap.stop, own.end)) for own in self.stands])
        inside = (onsets >= spans[:, :1]) & (onsets < spans[:, 1:])
        return free & inside[..., None] & (self.ends[:, None, :] <= onsets[..., None])

    def _room(self, onsets: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """How long a new note of a part may last from its onset on, int64[B]."""
        limits = []
        for onset, part, own in zip(onsets.tolist(), parts.tolist(), self.stands):
            later = own.notes[(own.notes[:, OF_PART] == part) & (own.notes[:, ONSET] > onset), ONSET]
            until = own.until[part] if own.until else own.end
            limits.append(min(int(later.min(initial=FAR)), until) - onset)
        return np.array(limits, np.int64)

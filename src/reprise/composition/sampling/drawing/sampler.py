"""New music from a model: event by event, field by field, several sequences at once.

Every sequence draws from a random generator of its own, by rules of its own. What a field may be is first cut by hard
masks (order, notes that a part strikes at once, range, chords), then by guards (against copies and repeats; one that
would leave nothing is not applied), then the logits are divided by the temperature, then the unlikely tail is cut off:
by rank (top_k), by cumulated probability (top_p, Holtzman et al. 2020) and by probability relative to the likeliest
value (min_p, Nguyen et al. 2024). Temperature 0 takes the likeliest value.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from reprise.checked import require, require_seed
from reprise.composition.encoding.events import NO_PITCH, UNTOLD, Encoding, Frame
from reprise.composition.sampling.chords.holding import HeldBatch
from reprise.composition.sampling.chords.progression import Progression
from reprise.composition.sampling.drawing.distribution import (
    last_possible,
    pitch_mask,
    restrict,
    shape_distribution,
)
from reprise.composition.sampling.drawing.reading import Drawable, ModelReading
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.errors import RepriseError
from reprise.music.analysis.copies import CopyIndex
from reprise.music.timegrid import TWELFTHS

MOST_NOTES = 20_000
EIGHTH = TWELFTHS // 2
REFUSED = -np.inf


@dataclass(frozen=True)
class Job:
    """One sequence to make: what it starts from, how it is drawn, when it ends.

    Attributes:
        metre: its metre. seed: what its random generator starts from. rules: how its values are drawn.
        start: events that it continues, int64[N, F], without one that ends it; none for music from nothing.
        notes: end after so many notes, those of `start` included; or bars: end with this bar, counted from the start.
        conditions: of the first phrases, float[P, C]; the model draws those of later ones, by `latent_seed`, or `seed`
        where that is empty: what starts with the same events under the same `latent_seed` reads them alike.
        begins: what it adds to a start begins then, in twelfths of a beat, or within a bar of it, on an eighth note.
        shifts: what is drawn sounds so many semitones lower, by part; empty for none. Key and range of the rules are
        those of what sounds.
        closing_conditions: in place of `conditions` where the last bars are written again; empty where they stay.
        frame: what is told of the piece; only an encoding that is framed makes use of it.
        may_end: an event may end it wherever the state allows that; else in the last bar of which it was told alone.
        chords: that what is drawn keeps to; None for none.
        guidance: how far conditions and frame are followed: logits are free + guidance * (told - free), where the free
        ones know neither (Ho & Salimans 2022); 1 is as the model learnt it, 0 as if nothing were told.
    """

    metre: tuple[int, int]
    seed: tuple[int, ...]
    start: np.ndarray
    notes: int | None = None
    bars: int | None = None
    conditions: Sequence[np.ndarray] | np.ndarray = ()
    rules: SamplingRules = USUAL
    begins: int = 0
    shifts: tuple[int, ...] = ()
    closing_conditions: Sequence[np.ndarray] = ()
    frame: Frame = UNTOLD
    guidance: float = 1.0
    latent_seed: tuple[int, ...] = ()
    may_end: bool = False
    chords: Progression | None = None

    @property
    def guided(self) -> bool:
        """Does it need logits that know nothing of what is told?"""
        return self.guidance != 1 and (self.frame != UNTOLD or bool(np.any(self.conditions)))

    def __post_init__(self) -> None:
        require((self.notes is None) != (self.bars is None), "notes", self.notes, "given, or bars, but not both")
        name, longest = ("notes", self.notes) if self.bars is None else ("bars", self.bars)
        require(longest is not None and 1 <= longest <= MOST_NOTES, name, longest, f"from 1 to {MOST_NOTES:,}")
        for number in self.seed:
            require_seed(number)


@torch.inference_mode()
def sample(
    model: Drawable,
    encoding: Encoding,
    jobs: Sequence[Job],
    index: CopyIndex | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[np.ndarray]:
    """The events of each job, int64[N, F], those that it started from first.

    Args:
        index: training pieces that the music must not copy at length. advance: called after each event.

    Raises:
        BadInput: the rules of a job name a field that the encoding lacks, or leave no pitch.
    """
    model.eval()
    run = _Run(model, encoding, jobs, index)
    while not run.done.all():
        run.next_event()
        advance()
    return [np.array(events, np.int64).reshape(-1, len(encoding.shape.fields)) for events in run.events]


class _Run:
    """The sequences on their way: the state of the encoding, the cache of the model, what is drawn so far."""

    def __init__(
        self,
        model: Drawable,
        encoding: Encoding,
        jobs: Sequence[Job],
        index: CopyIndex | None,
    ) -> None:
        self.model, self.encoding, self.jobs, self.index = model, encoding, list(jobs), index
        self.generators = [np.random.default_rng(np.random.SeedSequence(job.seed)) for job in jobs]
        latents = [np.random.SeedSequence(job.latent_seed or job.seed, spawn_key=(0,)) for job in jobs]
        self.latent_generators = list(map(np.random.default_rng, latents))
        metres, frames = [job.metre for job in jobs], [job.frame for job in jobs]
        self.told = ModelReading(model, encoding, metres, frames)
        self.free = ModelReading(model, encoding, metres) if any(job.guided for job in jobs) else None
        self.state = self.told.state
        self.guidance = np.array([job.guidance if job.guided else 1.0 for job in jobs])[:, None]
        self.last_bars = np.array([frame.bars or 0 for frame in frames]) - 1
        self.told_parts = np.array([frame.parts or 0 for frame in frames])
        self.may_end = np.array([job.may_end for job in jobs])
        self.events: list[list[list[int]]] = [[] for _ in jobs]
        self.done = np.zeros(len(jobs), bool)
        self.phrase, self.conditions = np.full(len(jobs), -1), np.zeros((len(jobs), model.condition_size))
        self.moves: list[list[tuple[int, int]]] = [[] for _ in jobs]
        bars = np.array([job.bars or 0 for job in jobs])
        self.limits = np.where(bars > 0, bars * self.state.bars, np.iinfo(np.int64).max)
        rules, names = [job.rules for job in jobs], encoding.shape.fields
        masks = [[pitch_mask(encoding, job.rules, s) for s in job.shifts or (0,) * encoding.parts] for job in jobs]
        self.pitches = encoding.shape.sizes[encoding.shape.pitch]
        self.pitch_mask = np.reshape(masks, (len(jobs), encoding.parts, self.pitches))
        self.held = HeldBatch(encoding, jobs, self.pitch_mask)
        self.begins = np.array([job.begins for job in jobs])
        self.repeats = np.zeros((len(jobs), encoding.parts), np.int64)
        self.repeat_limits = np.array([own.repeat_limit for own in rules])
        self.temperatures = np.array([list(own.temperatures(names).values()) for own in rules])  # [sequences, fields]
        self.avoids_parallels = np.array([own.avoid_parallels == 1 for own in rules])
        self.returns = np.array([own.returns for own in rules])
        self.cuts = {name: np.array([getattr(own, name) for own in rules]) for name in ("top_k", "top_p", "min_p")}

    def next_event(self) -> None:
        """Draw, or take from the start, the next event of every sequence that isn't done; the others idle."""
        conditions = self._conditions()
        self.told.step(conditions)
        if self.free is not None:
            self.free.step(np.zeros_like(conditions))
        event = np.zeros((len(self.jobs), len(self.encoding.shape.fields)), np.int64)
        given = np.array([len(events) < len(job.start) for events, job in zip(self.events, self.jobs)])
        for row in np.flatnonzero(given):
            event[row] = self.jobs[row].start[len(self.events[row])]
        drawn = np.flatnonzero(~(given | self.done))
        if len(drawn):
            self.copies = {row: self._continuations(row) for row in drawn.tolist()}
            for f in range(event.shape[1]):
                event[drawn, f] = self._draw(f, event, drawn)
        self._take(event)

    def _logits(self, f: int, event: np.ndarray) -> np.ndarray:
        """float64[B, size] of field `f`, guided where that was asked for."""
        told = self.told.logits(f, event)
        if self.free is None:
            return told
        free = self.free.logits(f, event)
        return np.where(self.guidance == 1, told, free + self.guidance * (told - free))

    def _conditions(self) -> np.ndarray:
        """The condition of each sequence's phrase, float[B, C]: its job's, or one drawn where a phrase begins."""
        phrases = self.state.bar // self.model.phrase_bars
        for row in np.flatnonzero(phrases != self.phrase):
            draw = self.model.draw_condition(self.latent_generators[row])  # also where it isn't used: later draws stay
            known = self.jobs[row].conditions
            self.conditions[row] = known[phrases[row]] if phrases[row] < len(known) else draw
        self.phrase = phrases
        return self.conditions

    def _draw(self, f: int, event: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """A value of field `f` for the sequences `rows`, int64[rows]."""
        logits = self._logits(f, event)
        allowed = self._allowed(f, event)[rows]
        if not allowed.any(axis=1).all():
            field, kind = self.encoding.shape.fields[f], self.encoding.kind
            raise RepriseError(f"encoding {kind}: its state allows no value of the field {field} for the next event")
        masked = np.where(allowed, logits[rows] + self._favoured(f, event)[rows], REFUSED)
        cuts = {name: values[rows] for name, values in self.cuts.items()}
        probabilities = shape_distribution(masked, self.temperatures[rows, f], **cuts)
        uniform = np.array([self.generators[row].random() for row in rows])
        below = np.cumsum(probabilities, axis=1) <= uniform[:, None]
        return np.minimum(below.sum(axis=1), last_possible(probabilities))

    def _favoured(self, f: int, event: np.ndarray) -> np.ndarray:
        """What is added to the logits of values that carry on a return of the melody, float[B, size] or what stands for
        it; at any temperature they get as much likelier. The other parts go with it as they would.
        """
        returning = self.state.returning(f, event)
        if returning is None:
            return np.zeros((len(event), 1))
        of_melody = self.state.part_of(event)[:, None] == 0
        return np.where(returning & of_melody, (self.returns * self.temperatures[:, f])[:, None], 0.0)

    def _allowed(self, f: int, event: np.ndarray) -> np.ndarray:
        """Masks and guards, bool[B, size]. An event may end a sequence in the last bar of which it was told; others
        are done when they are as long as asked.
        """
        rows = np.arange(len(event))
        fresh = self.pitch_mask[rows, self.state.part] & self._not_copied(0)  # of a note together with the last one
        fresh = self.held.fresh(fresh, self.state)
        pitches = np.arange(self.encoding.lowest, self.encoding.highest + 1)
        allowed = self.state.allowed(f, event, np.where(fresh, pitches, NO_PITCH).max(axis=1))
        if f == 0:
            missing = (self.state.last == NO_PITCH) & (np.arange(self.encoding.parts) < self.told_parts[:, None])
            may_end = (self.state.bar == self.last_bars) & ~missing.any(axis=1)
            allowed[~(may_end | self.may_end), self.encoding.end] = False
        if f == self.encoding.shape.pitch:
            allowed &= self.pitch_mask[rows, self.state.part_of(event)]
        allowed = self.held.narrow(f, allowed, self.state, event, self._notes_left() == 1)
        onsets = self.state.onsets(f)
        if onsets is not None:
            for further in self._begins(onsets):
                allowed = restrict(allowed, further)
            allowed = restrict(allowed, self._within(onsets))
        if f == self.encoding.shape.pitch:
            allowed = restrict(allowed, self._not_copied(self.state.onset_of(event) - self.state.onset))
            allowed = restrict(allowed, self._not_repeated(event))
            if self.avoids_parallels.any():
                allowed = restrict(allowed, ~(self.avoids_parallels[:, None] & self.state.parallel(event)))
        return allowed

    def _begins(self, onsets: np.ndarray) -> Iterator[np.ndarray]:
        """When the first note of its own may begin, bool[B, S]: not before what a sequence adds begins, then not past
        its last bar; with a start, not a bar after it begins, and on an eighth note. Where a start ends with a long
        note or off the beat, the model may find none of the times that are left likely, and so one in a far bar, or
        where no bar line is met any more, as good as any.
        """
        bare = np.array([len(events) == len(job.start) for events, job in zip(self.events, self.jobs)])
        early, too_long = onsets < self.begins[:, None], onsets >= self.limits[:, None]
        continues = np.array([len(job.start) > 0 for job in self.jobs])[:, None]
        late, off = onsets >= (self.begins + self.state.bars)[:, None], onsets % EIGHTH != 0
        for refused in (early, too_long, continues & late, continues & off):
            yield ~(bare[:, None] & refused)

    def _within(self, onsets: np.ndarray) -> np.ndarray:
        """When the next note may begin, bool[B, S]: no step leaps over the last bar of which a sequence was told."""
        beyond = onsets >= ((self.last_bars + 1) * self.state.bars)[:, None]
        return ~(beyond & (self.state.bar < self.last_bars)[:, None])

    def _not_repeated(self, event: np.ndarray) -> np.ndarray:
        rows, parts = np.arange(len(event)), self.state.part_of(event)
        worn_out = self.repeats[rows, parts] >= self.repeat_limits
        last = self.state.last[rows, parts] - self.encoding.lowest
        return ~(worn_out[:, None] & (np.arange(self.pitches) == last[:, None]))

    def _continuations(self, row: int) -> list[tuple[int, int]]:
        """How training pieces go on where the sequence has just copied as much as it may: semitones and twelfths."""
        most = self.jobs[row].rules.copy_limit - 1
        last = self.moves[row][-most:]
        return self.index.continuations(last) if self.index and len(last) == most else []

    def _not_copied(self, steps: np.ndarray | int) -> np.ndarray:
        """Pitches after a step, twelfths [B], that don't go on as a training piece does, bool[B, pitches]."""
        fresh = np.ones((len(self.jobs), self.pitches), bool)
        steps = np.broadcast_to(steps, len(self.jobs))
        for row, continuations in self.copies.items():
            for semitones, twelfths in continuations:
                pitch = int(self.state.pitch[row]) + semitones - self.encoding.lowest
                if twelfths == steps[row] and 0 <= pitch < fresh.shape[1]:
                    fresh[row, pitch] = False
        return fresh

    def _take(self, event: np.ndarray) -> None:
        """Take the event in; a sequence is done with the event that ends it, its last note or its last bar."""
        rows, parts = np.arange(len(event)), self.state.part_of(event)
        before = self.state.last[rows, parts]
        last_onset, last_pitch = self.state.onset, self.state.pitch
        self.told.push(event)
        if self.free is not None:
            self.free.push(event)
        self.repeats[rows, parts] = np.where(self.state.pitch == before, self.repeats[rows, parts] + 1, 1)
        ended = (event[:, 0] == self.encoding.end) | (self.state.onset >= self.limits)
        for row in np.flatnonzero(~self.done & ~ended):
            if self.events[row]:
                move = (int(self.state.pitch[row] - last_pitch[row]), int(self.state.onset[row] - last_onset[row]))
                self.moves[row].append(move)
            given = len(self.events[row]) < len(self.jobs[row].start)
            self.held.push(int(row), int(self.state.onset[row]), event[row], given)
            self.events[row].append(event[row].tolist())
        self.done |= ended | (self._notes_left() <= 0)

    def _notes_left(self) -> np.ndarray:
        """How many notes each sequence is still to have, int64[B]; very many where nobody says."""
        pairs = zip(self.jobs, self.events)
        return np.array([MOST_NOTES if job.notes is None else job.notes - len(events) for job, events in pairs])

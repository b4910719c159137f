"""Sequences kept to their chords while they are drawn: what may come next, given what sounds.

The masks of a field come one after the other, and one that would leave nothing isn't applied: so chords give way
before the range and the order of events do. With chords and lengths that `ChordLimits` lets through they never have to,
unless what music continues ends at a time from which no steps of the model lead to the first chord.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from reprise.composition.encoding.events import Encoding, State
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP, bar_length
from reprise.composition.sampling.chords.limits import ChordLimits
from reprise.composition.sampling.drawing.distribution import restrict
from reprise.errors import BadInput

if TYPE_CHECKING:
    from reprise.composition.sampling.drawing.sampler import Job

SILENCE = 1 << 16  # above any pitch


class Held:
    """What the chords allow a sequence next."""

    def __init__(self, limits: ChordLimits, parts: int, ends: int | None) -> None:
        """Args:
        parts: of the encoding. ends: when the sequence does, in twelfths; None where that isn't known.
        """
        self.limits, self.chords, self.parts, self.ends = limits, limits.chords, parts, ends
        self.onset = -1  # of the last note; before it, -1
        self.sounding: dict[tuple[int, int], int] = {}  # when it ends, by MIDI pitch as it sounds, and part

    def onsets(self, onsets: np.ndarray) -> Iterator[np.ndarray]:
        """When the next event may begin, of int64[S], bool[S]: only where steps lead on to the next chord; not past
        where that begins; and not before the chord that begins now has its bass.
        """
        over = np.zeros(len(onsets), bool) if self.ends is None else onsets >= self.ends
        yield self.limits.leads_on(onsets) | over | (onsets == self.onset)
        chord = self.chords.next_chord(self.onset)
        if self.ends is None or chord < self.ends:
            yield onsets <= chord
        if not self._grounded(self.onset):
            yield onsets == self.onset

    def may_end(self) -> bool:
        """Whether all chords until the end have come, each with its bass."""
        chord = self.chords.next_chord(self.onset)
        return self._grounded(self.onset) and self.ends is not None and chord >= self.ends

    def last_parts(self, part: int) -> Iterator[np.ndarray]:
        """Which part may strike the last note of all, after a note of some part, bool[parts of the encoding]: one that
        can still go below it, where the bass hasn't come.
        """
        if not self._grounded(self.onset):
            yield np.arange(self.parts) > part

    def pitches(self, onset: int, part: int, last: bool) -> Iterator[np.ndarray]:
        """What a part may strike at a time, bool[S]: notes of the chord, where that counts; where it begins, nothing
        below which its bass can't come any more; and its third, in the last part but one of three or more, if that
        hasn't come.

        Args:
            last: no other note follows.
        """
        limits, (number, since) = self.limits, self.chords.place(onset)
        part = min(part, limits.last_part)
        tones = limits.tones(onset, part)
        yield tones
        if since or number < 0:
            return
        heard = limits.heard[part]
        if limits.has_bass:
            lowest = np.minimum(heard, self._lowest(onset))
            grounded = lowest % 12 == self.chords.chords[number].bass
            later = part < limits.last_part and not last
            yield grounded | (later & (lowest > limits.lowest_bass[number]))
        third = self.chords.chords[number].third
        wanted = limits.parts > 2 and part == limits.last_part - 1 and third != self.chords.chords[number].bass
        if wanted and third is not None and all(pitch % 12 != third for pitch in self._sounding(onset)):
            yield heard % 12 == third

    def durations(self, onset: int, part: int, pitch: int) -> np.ndarray:
        """How long a note may last, as a value of the field, bool[D]."""
        return self.limits.durations <= self.limits.until(onset, min(part, self.limits.last_part))[pitch]

    def push(self, onset: int, event: np.ndarray, given: bool) -> None:
        """Take a note in, int64[F], that comes at a time.

        Args:
            given: it is of a start; what the model reads of it may be longer than it is.
        """
        part, end = min(event[PART], self.limits.last_part), onset + int(self.limits.durations[event[DURATION]])
        if given and onset < self.chords.begins:
            end = min(end, self.chords.begins)
        self.sounding = {note: until for note, until in self.sounding.items() if until > onset}
        self.sounding[int(self.limits.heard[part][event[PITCH]]), int(part)] = end  # one alike ends where it begins
        self.onset = onset

    def _sounding(self, onset: int) -> list[int]:
        """The pitches that sound at a time."""
        return [pitch for (pitch, _), end in self.sounding.items() if end > onset]

    def _lowest(self, onset: int) -> int:
        """The lowest of them, `SILENCE` where there is none."""
        return min(self._sounding(onset), default=SILENCE)

    def _grounded(self, onset: int) -> bool:
        """Whether no chord begins at a time, or its bass is the lowest note."""
        number, since = self.chords.place(onset) if onset >= 0 else (-1, 0)
        if number < 0 or since or not self.limits.has_bass:
            return True
        return self._lowest(onset) % 12 == self.chords.chords[number].bass


class HeldBatch:
    """The sequences of a batch that keep to chords, by their rows."""

    def __init__(self, encoding: Encoding, jobs: "Sequence[Job]", within: np.ndarray) -> None:
        """Args:
            within: the pitches that the range allows, bool[jobs, parts, pitches].

        Raises:
            BadInput: see `ChordLimits`, or the encoding has no notes with lengths of their own.
        """
        self.rows: dict[int, Held] = {}
        shared: dict[tuple, ChordLimits] = {}
        for row, job in enumerate(jobs):
            if job.chords is None:
                continue
            if not isinstance(encoding, NotesEncoding):
                raise BadInput(f"chords: the encoding {encoding.kind} can't keep to any; only that of notes can")
            parts, bars = job.frame.parts or encoding.parts, job.bars or job.frame.bars
            key = (job.chords, job.shifts, parts, within[row].tobytes())
            if key not in shared:
                shared[key] = ChordLimits(encoding, job.chords, within[row], job.shifts, parts)
            self.rows[row] = Held(shared[key], encoding.parts, bars * bar_length(job.metre) if bars else None)

    def fresh(self, fresh: np.ndarray, state: State) -> np.ndarray:
        """Of pitches that a note together with the last one may have, bool[B, pitches], those of the chords."""
        for row, held in self.rows.items():
            if state.part[row] >= 0:
                fresh[row] &= held.limits.tones(int(state.onset[row]), min(state.part[row], held.limits.last_part))
        return fresh

    def narrow(self, f: int, allowed: np.ndarray, state: State, event: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Values of field `f` of the next event that its mask allows, bool[B, size], and the chords too.

        Args:
            last: no other note follows, bool[B].
        """
        onsets = state.onsets(f)
        for row, held in self.rows.items():
            masks: Iterator[np.ndarray] = iter(())
            if f == STEP and onsets is not None:
                allowed[row, -1] &= held.may_end()
                masks = held.onsets(onsets[row])
            elif f == PART and last[row]:
                masks = held.last_parts(int(state.part[row]))
            elif f in (PITCH, DURATION):
                onset, part = int(state.onset_of(event)[row]), int(state.part_of(event)[row])
                pitches = held.pitches(onset, part, bool(last[row]))
                masks = pitches if f == PITCH else iter([held.durations(onset, part, event[row, PITCH])])
            for mask in masks:
                allowed[row : row + 1] = restrict(allowed[row : row + 1], mask[None])
        return allowed

    def push(self, row: int, onset: int, event: np.ndarray, given: bool) -> None:
        """Take in an event of a sequence; one without chords has no use for it."""
        if row in self.rows:
            self.rows[row].push(onset, event, given)

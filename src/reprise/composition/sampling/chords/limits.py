"""What a progression allows at each time, whatever was written before: pitches, how long they may sound, onsets.

A chord counts where it begins and on each beat: whatever sounds there belongs to it. What is struck between beats is
free, but ends by the next beat unless it belongs to the chord there. Where a chord begins something is struck, and its
bass is the lowest note that sounds. So a note may be held into a chord only where a lower bass can still come, and in
the last part, of which one note sounds at a time, only as the bass.

Music of one line has no bass: there any note of the chord will do.
"""

from collections.abc import Sequence

import numpy as np

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.sampling.chords.progression import Progression
from reprise.errors import BadInput

FAR = 1 << 30  # twelfths; a note may sound as long as it likes


class ChordLimits:
    """What one progression allows in one range; shared by all music that has both.

    Attributes:
        heard: the MIDI pitch at which each pitch of the encoding sounds, by part, int64[parts, S].
        durations: of each value of that field, int64[D]. last_part: the lowest one that may strike.
        has_bass: whether the music is more than one line.
    """

    def __init__(
        self, encoding: NotesEncoding, chords: Progression, within: np.ndarray, shifts: Sequence[int], parts: int
    ) -> None:
        """Args:
            within: the pitches that the range allows, bool[parts of the encoding, S]. shifts: semitones that each part
            sounds lower by, empty for none. parts: so many of them strike, the first ones.

        Raises:
            BadInput: a chord has no note in the range, or the model no lengths of notes that lead from it to the next.
        """
        self.chords, self.parts, self.last_part = chords, parts, parts - 1
        self.durations = encoding.durations.value(np.arange(len(encoding.durations)))
        self.steps = np.array(encoding.steps.centres[1:], np.int64)
        lower = np.array(shifts or (0,) * encoding.parts, np.int64)[:parts, None]
        self.heard = np.arange(encoding.lowest, encoding.highest + 1) - lower
        self.within, self.one_at_a_time = within[:parts], encoding.chord == 1
        self.has_bass = parts > 1 or not self.one_at_a_time
        classes = self.heard % 12
        self.inside = [np.isin(classes, list(chord.classes)) for chord in chords.chords]  # bool[parts, S] each
        self.is_bass = [classes == chord.bass for chord in chords.chords]
        self.lowest_bass = [self._lowest_bass(number) for number in range(len(chords.chords))]
        self._until: dict[tuple[int, int, int, int], np.ndarray] = {}
        self._ways: dict[tuple[int, int], np.ndarray] = {}
        far = max(chords.begins - chords.bar, 0)  # so far before the first chord any way will do
        self._leading, self._known_to = np.ones(far, bool), far
        self._check_ways()

    def _lowest_bass(self, number: int) -> int:
        """The lowest pitch at which the last part can sound a chord's bass; 0 where there is no bass to sound.

        Raises:
            BadInput: there is none, or a part has no note of the chord.
        """
        last = self.last_part
        bass = self.heard[last][self.within[last] & self.is_bass[number][last]]
        if not (self.within & self.inside[number]).any(axis=1).all() or (self.has_bass and not len(bass)):
            raise BadInput(
                f"lowest, highest: leave no pitch for {self._name(number)}, or for its bass; they must be an octave "
                "apart or more"
            )
        return int(bass.min()) if self.has_bass else 0

    def _name(self, number: int) -> str:
        return f"chord {number + 1} ('{self.chords.chords[number].symbol}')"

    def _check_ways(self) -> None:
        """Refuse chords that can't be met: on as many repetitions as it takes until they lie on beats alike."""
        onset, phases = self.chords.begins, set[int]()
        while onset % self.chords.beat not in phases:
            phases.add(onset % self.chords.beat)
            for number, length in enumerate(self.chords.lengths):
                if not self._ways_from(onset)[0]:
                    raise BadInput(
                        f"chords: {self._name(number)} lasts {length / self.chords.beat:.4g} beats; the model knows no "
                        "notes that fill them; give it whole beats, or more of them"
                    )
                onset += length

    def until(self, onset: int, part: int) -> np.ndarray:
        """How long each pitch may sound that a part strikes at a time, in twelfths, int64[S]."""
        number, since = self.chords.place(onset)
        if number < 0:
            return np.full(self.heard.shape[1], -since)  # what comes before the first chord ends before it
        key = (number, since, onset % self.chords.beat, part)
        if key not in self._until:
            self._until[key] = self._found_until(onset, number, part)
        return self._until[key]

    def _found_until(self, onset: int, number: int, part: int) -> np.ndarray:
        until = np.where(self.inside[number][part], FAR, self.chords.next_firm(onset) - onset)
        chord, free = self.chords.next_chord(onset), self.chords.next_firm(onset) == self.chords.next_chord(onset)
        until = np.full_like(until, FAR) if free else until  # a note between the last beat and a chord may be of that
        while chord - onset < self.durations[-1] and (until == FAR).any():
            stays = self._may_be_held_into(self.chords.place(chord)[0], part)
            until = np.where((until == FAR) & ~stays, chord - onset, until)
            chord = self.chords.next_chord(chord)
        return until

    def _may_be_held_into(self, number: int, part: int) -> np.ndarray:
        """Which pitches of a part may still sound where a chord begins, bool[S]."""
        stays = self.inside[number][part]
        if not self.has_bass:
            return stays
        under = (self.heard[part] > self.lowest_bass[number]) & (part != self.last_part or not self.one_at_a_time)
        return stays & (under | self.is_bass[number][part])

    def tones(self, onset: int, part: int) -> np.ndarray:
        """Which pitches a part may strike at a time, as far as chord and length go, bool[S]."""
        long_enough = self.within[part] & (self.until(onset, part) >= self.durations[0])
        number = self.chords.place(onset)[0]
        return long_enough & self.inside[number][part] if self.chords.firm(onset) else long_enough

    def leads_on(self, onsets: np.ndarray) -> np.ndarray:
        """Whether something can be struck at each time, and from there steps lead to the next chord, bool[...]."""
        found = [self._leading]
        while self._known_to <= onsets.max(initial=0):
            found.append(self._ways_from(self._known_to))
            self._known_to += len(found[-1])
        self._leading = np.concatenate(found) if found[1:] else self._leading
        return self._leading[onsets]

    def _ways_from(self, begins: int) -> np.ndarray:
        """`leads_on` from where a chord begins, or the bar before the first one, to the next, bool[length]."""
        key = (self.chords.place(begins)[0], begins % self.chords.beat)
        if key not in self._ways:
            length = self.chords.next_chord(begins) - begins
            ways = np.append(np.zeros(length, bool), True)
            for since in reversed(range(length)):
                if ways[since + self.steps[self.steps <= length - since]].any():
                    ways[since] = all(self.tones(begins + since, part).any() for part in range(self.parts))
            self._ways[key] = ways[:-1]
        return self._ways[key]

"""What a part can do in a clip: six roles, each a function from a phrase to notes.

A role returns (onset, duration, pitch) in beats on the 1/12 grid, inside the phrase's span and register. Any instrument
may get any role.
"""

from dataclasses import dataclass

import numpy as np

from reprise.music.theory import pitches_in

SHORTEST_NOTE_S = 0.09


@dataclass(frozen=True)
class Phrase:
    """The frame a role fills: scale, chords as (start, pitch classes), register, span in beats, metre, tempo."""

    scale: tuple[int, ...]
    chords: list[tuple[float, tuple[int, ...]]]
    lowest: int
    highest: int
    start: float
    end: float
    beats_a_bar: int
    tempo_bpm: float

    def chord_pitches(self, beat: float) -> list[int]:
        """Pitches of the chord that sounds at `beat`, in the register."""
        sounding = [classes for start, classes in self.chords if start <= beat + 1e-9]
        return pitches_in(sounding[-1] if sounding else self.chords[0][1], self.lowest, self.highest)

    def changes(self) -> list[tuple[float, float]]:
        """(start, end) of each chord within the span."""
        starts = [max(start, self.start) for start, _ in self.chords if start < self.end - 0.25]
        starts = sorted({start for start in starts if start >= self.start})
        ends = [*starts[1:], self.end]
        return [(start, end) for start, end in zip(starts, ends) if end - start >= 0.25]


def _subdivision(rng: np.random.Generator, phrase: Phrase) -> float:
    """A note value that can be played at the tempo: a quarter to a sixteenth, triplets among them."""
    shortest = SHORTEST_NOTE_S * phrase.tempo_bpm / 60
    return float(rng.choice([value for value in (1.0, 0.5, 0.5, 1 / 3, 0.25) if value >= shortest]))


def _grid(phrase: Phrase, step: float) -> list[float]:
    """Onsets every `step` beats that leave room for a note before the span ends."""
    count = max(int((phrase.end - phrase.start) / step + 1e-6), 1)
    return [phrase.start + index * step for index in range(count)]


def melody(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """Mostly steps of the scale, leaps to chord notes, rhythm of mixed values."""
    ladder = pitches_in(phrase.scale, phrase.lowest, phrase.highest)
    unit = _subdivision(rng, phrase)
    place, beat = int(rng.integers(len(ladder))), phrase.start
    notes: list[tuple[float, float, int]] = []
    while beat < phrase.end - 1 / 12:
        duration = min(unit * float(rng.choice([1, 1, 2, 2, 3, 4])), phrase.end - beat)
        if rng.random() < 0.9 or not notes:
            if rng.random() < 0.25:
                place = ladder.index(int(rng.choice(phrase.chord_pitches(beat))))
            notes.append((beat, duration, ladder[place]))
        place = int(np.clip(place + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 0, len(ladder) - 1))
        beat += duration
    return notes


def chords(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """Two or three notes of each chord struck together, in a repeated rhythm."""
    size, step = int(rng.integers(2, 4)), max(_subdivision(rng, phrase) * int(rng.choice([1, 2, 4])), 0.5)
    notes = []
    for start, end in phrase.changes():
        tones = phrase.chord_pitches(start)
        first = int(rng.integers(max(len(tones) - size, 0) + 1))
        for onset in np.arange(start, end - 1 / 12, step):
            notes += [(float(onset), min(step, end - float(onset)), pitch) for pitch in tones[first : first + size]]
    return notes


def arpeggio(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """The chord's notes one after another, up, down or to and fro."""
    step, notes = _subdivision(rng, phrase), []
    shape = rng.integers(3)
    for index, onset in enumerate(_grid(phrase, step)):
        tones = phrase.chord_pitches(onset)
        cycle = (tones, tones[::-1], tones + tones[-2:0:-1])[shape]
        notes.append((onset, step, cycle[index % len(cycle)]))
    return notes


def line(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """Lowest note of each chord in the register, with another chord note now and then."""
    notes = []
    for start, end in phrase.changes():
        tones = phrase.chord_pitches(start)
        halves = [start, (start + end) / 2] if rng.random() < 0.5 and end - start >= 1 else [start]
        for onset, until in zip(halves, [*halves[1:], end]):
            onset = round(onset * 12) / 12
            notes.append((onset, until - onset, tones[0] if onset == start else int(rng.choice(tones))))
    return notes


def sustained(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """One or two chord notes held until the chord changes."""
    size, notes = int(rng.integers(1, 3)), []
    for start, end in phrase.changes():
        tones = phrase.chord_pitches(start)
        for pitch in sorted(set(rng.choice(tones, size).tolist())):
            notes.append((start, end - start, pitch))
    return notes


def ostinato(rng: np.random.Generator, phrase: Phrase) -> list[tuple[float, float, int]]:
    """A short rhythm of one or two chord notes, repeated."""
    step = _subdivision(rng, phrase)
    pattern = [True, *(rng.random(3) < 0.6).tolist()]
    notes, pair = [], rng.integers(0, 99, 2)
    for index, onset in enumerate(_grid(phrase, step)):
        if pattern[index % 4]:
            tones = phrase.chord_pitches(onset)
            notes.append((onset, step, tones[pair[(index // 4) % 2] % len(tones)]))
    return notes


ROLES = {
    "melody": melody,
    "chords": chords,
    "arpeggio": arpeggio,
    "line": line,
    "sustained": sustained,
    "ostinato": ostinato,
}

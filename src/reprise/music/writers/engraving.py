"""From notes to what is printed: bars, voices, tied note values and tuplets.

Conventions: times are whole steps of 1/24 beat from the start of bar 0. They lie on multiples of 3 steps, a 32nd
note, or of 2, the 1/12 beat of our own music. A `Symbol` is one printed chord or rest.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reprise.music.piece import Piece

STEPS_A_BEAT = 24
# Notation programs have four voices a staff: what the first three can't take goes to the fourth, cut up and tied.
WHOLE_VOICES = 3
# Steps of what one note head with at most one dot can last, without (32nd to breve) and within tuplets (64th to half).
_PLAIN = (192, 144, 96, 72, 48, 36, 24, 18, 12, 9, 6, 3)
_IN_TUPLET = (16, 12, 8, 6, 4, 3, 2, 1)


@dataclass(frozen=True, order=True)
class GridNote:
    """A note of one part on the grid."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Symbol:
    """One printed chord, or a rest where `notes` is empty.

    A note that starts before the symbol is tied to the one before, one that ends after it to the one after.

    Attributes:
        start, end: in steps of 1/24 beat.
        notes: what sounds in it.
        tuplet: how many equal values its tuplet puts in the time of two thirds as many; 0 outside of tuplets.
        tuplet_start, tuplet_end: from where to where its tuplet lasts.
    """

    start: int
    end: int
    notes: tuple[GridNote, ...] = ()
    tuplet: int = 0
    tuplet_start: int = 0
    tuplet_end: int = 0


@dataclass(frozen=True)
class Engraving:
    """A piece as it is printed.

    Attributes:
        measures: (start, end) of each measure in steps; the first is shorter for a piece with a pickup.
        parts: `parts[part][measure][voice]` is a list of symbols that fills the measure, or an empty one.
    """

    measures: list[tuple[int, int]]
    parts: list[list[list[list[Symbol]]]]


def engrave(piece: Piece) -> Engraving:
    """Bars, voices and note values for the notes of a piece, whose times go to the nearest 1/8 or 1/12 beat."""
    bar = piece.metre[0] * 4 * STEPS_A_BEAT // piece.metre[1]
    cell = min(STEPS_A_BEAT, 4 * STEPS_A_BEAT // piece.metre[1])
    parts: list[list[GridNote]] = [[] for _ in piece.programs]
    for onset, duration, pitch, _, part in piece.notes.tolist():
        start, end = _on_grid(onset), _on_grid(onset + duration)
        shortest = 2 if start % 2 == 0 else 3
        parts[part].append(GridNote(start, end if end > start else start + shortest, pitch))
    measures = _measures([note for notes in parts for note in notes], bar, cell)
    return Engraving(measures, [_part(notes, measures, cell) for notes in parts])


def _on_grid(beats: float) -> int:
    """The nearest step that is a multiple of 2 or 3; of two as near, that of a 16th."""
    step = round(beats * STEPS_A_BEAT)
    return step + {1: -1, 5: 1}.get(step % 6, 0)


def _measures(notes: list[GridNote], bar: int, cell: int) -> list[tuple[int, int]]:
    """Bars until the last note ends. Music that begins in the second half of bar 0 begins with a pickup."""
    first, last = min(note.start for note in notes), max(note.end for note in notes)
    beginning = first // cell * cell if bar <= 2 * first < 2 * bar else 0
    edges = [beginning, *range(bar, last + bar, bar)]
    return list(itertools.pairwise(edges))


def _part(notes: list[GridNote], measures: list[tuple[int, int]], cell: int) -> list[list[list[Symbol]]]:
    voices = [_in_measures(voice, measures) for voice in _voices(notes)] or [[[] for _ in measures]]
    printed = []
    for (start, end), *of_measure in zip(measures, *voices):
        filled = [
            _filled(symbols, start, end) if symbols or not voice else [] for voice, symbols in enumerate(of_measure)
        ]
        printed.append([_printable(symbols, start, end, cell) for symbols in filled])
    return printed


def _voices(notes: list[GridNote]) -> list[list[Symbol]]:
    """Chords in voices within which nothing overlaps; of what starts together, the first voice takes the highest."""
    voices: list[list[Symbol]] = []
    rest: list[GridNote] = []
    for chord in sorted(_chords(notes), key=lambda chord: (chord.start, -chord.notes[-1].pitch, chord.end)):
        free = next((voice for voice in voices if voice[-1].end <= chord.start), None)
        if free is not None:
            free.append(chord)
        elif len(voices) < WHOLE_VOICES:
            voices.append([chord])
        else:
            rest += chord.notes
    return voices + [list(_slices(layer)) for layer in _layers(rest)]


def _chords(notes: list[GridNote]) -> Iterable[Symbol]:
    """Notes that start and end together; the same note twice makes two chords."""
    chords: dict[tuple[int, int, int], list[GridNote]] = defaultdict(list)
    copies: Counter[GridNote] = Counter()
    for note in sorted(notes):
        chords[note.start, note.end, copies[note]].append(note)
        copies[note] += 1
    return (Symbol(start, end, tuple(members)) for (start, end, _), members in chords.items())


def _layers(notes: list[GridNote]) -> list[list[GridNote]]:
    """As few layers as hold the notes so that no pitch overlaps itself in one."""
    layers: list[list[GridNote]] = []
    ends: list[dict[int, int]] = []  # of each pitch in a layer
    for note in sorted(notes):
        place = next((i for i, until in enumerate(ends) if until.get(note.pitch, 0) <= note.start), len(layers))
        if place == len(layers):
            layers.append([])
            ends.append({})
        layers[place].append(note)
        ends[place][note.pitch] = note.end
    return layers


def _slices(notes: list[GridNote]) -> Iterator[Symbol]:
    """Overlapping notes as chords that follow each other, cut wherever a note starts or ends."""
    waiting = iter(sorted(notes))
    sounding: list[GridNote] = []
    following = next(waiting, None)
    for start, end in itertools.pairwise(sorted({time for note in notes for time in (note.start, note.end)})):
        sounding = [note for note in sounding if note.end > start]
        while following is not None and following.start == start:
            sounding.append(following)
            following = next(waiting, None)
        if sounding:
            yield Symbol(start, end, tuple(sounding))


def _in_measures(voice: list[Symbol], measures: list[tuple[int, int]]) -> list[list[Symbol]]:
    """The chords of a voice in each measure, cut at the bar lines."""
    found: list[list[Symbol]] = [[] for _ in measures]
    place = 0
    for chord in voice:
        while measures[place][1] <= chord.start:
            place += 1
        for measure in itertools.count(place):
            start, end = measures[measure]
            found[measure].append(replace(chord, start=max(chord.start, start), end=min(chord.end, end)))
            if chord.end <= end:
                break
    return found


def _filled(symbols: list[Symbol], start: int, end: int) -> list[Symbol]:
    """The symbols of a voice in a measure with rests between them."""
    filled, now = [], start
    for symbol in symbols:
        if symbol.start > now:
            filled.append(Symbol(now, symbol.start))
        filled.append(symbol)
        now = symbol.end
    return [*filled, Symbol(now, end)] if now < end else filled


def _printable(symbols: list[Symbol], start: int, end: int, cell: int) -> list[Symbol]:
    """Symbols cut into what single note heads can last. A cell that 32nds can't divide becomes a tuplet."""
    edges = {symbol.start for symbol in symbols}
    units = {
        place: _tuplet_unit([e - place for e in edges if place < e < place + cell], cell)
        for place in range(start, end, cell)
    }
    printable = []
    for symbol in symbols:
        now = symbol.start
        while now < symbol.end:
            place = now // cell * cell
            stop, unit = place + cell, units[place]
            while not unit and stop < symbol.end and not units[stop]:
                stop += cell
            stop = min(stop, symbol.end)
            tuplet = (cell // unit, place, place + cell) if unit else (0, 0, 0)
            pieces = _cut(now, stop, _IN_TUPLET if unit else _PLAIN)
            printable += [Symbol(first, last, symbol.notes, *tuplet) for first, last in pieces]
            now = stop
    return printable


def _tuplet_unit(edges: list[int], cell: int) -> int:
    """The largest part of a cell that a tuplet can have, such that every edge falls on it; 0 if none is needed."""
    if all(edge % 3 == 0 for edge in edges):
        return 0
    return next(cell // parts for parts in (3, 6, 12, 24) if all(edge * parts % cell == 0 for edge in edges))


def _cut(start: int, end: int, lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    """start..end in pieces of the given lengths; one that begins off the beat is first cut at the next beat."""
    if end - start in lengths:
        return [(start, end)]
    beat = (start // STEPS_A_BEAT + 1) * STEPS_A_BEAT
    if start % STEPS_A_BEAT and beat < end:
        return _cut(start, beat, lengths) + _cut(beat, end, lengths)
    first = start + next(length for length in lengths if length < end - start)
    return [(start, first), *_cut(first, end, lengths)]

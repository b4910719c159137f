"""Anybody's Standard MIDI files to pieces: times in ticks become quarter-note beats.

Read without a library: mido gives up on a file for a bad key signature and both mido and symusic lose notes after a
system exclusive message. What is built is held against a count of the file's note-ons that is taken another way.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import mido
import numpy as np

from reprise.errors import MidiError
from reprise.music.piece import (
    DRUMS,
    ENDLESS,
    KEYS,
    MAX_FILE_BYTES,
    MAX_NOTES,
    MAX_PARTS,
    METRES,
    NO_LENGTH,
    NOTE,
    TEMPOS,
    Piece,
    longest_lasting,
    metre_problem,
    problem_of,
    spans,
)
from reprise.music.readers.smf import (
    KEY,
    METRE,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM_CHANGE,
    TEMPO,
    count_notes,
    read_events,
    read_tracks,
)
from reprise.music.writers.midi import DRUM_CHANNEL

DEFAULT_US_PER_BEAT = 500_000  # 120 BPM where nothing is said
MAX_CHANGES = 100_000  # of one kind
MODES = {b"\0": "major", b"\1": "minor"}


class Note(NamedTuple):
    """A note of a file: where it is (`place` counts the events of its track), and when and what it sounds, in ticks."""

    track: int
    channel: int
    place: int
    start: int
    end: int
    pitch: int
    velocity: int


class Change(NamedTuple):
    """A change of the program of a channel, in one byte, or of what a kind of meta event says."""

    tick: int
    track: int
    place: int
    value: bytes


def read_midi(content: bytes, source: str) -> Piece:
    """A MIDI file as a piece.

    Each (track, channel, program) with notes is a part, in this order. A note belongs to the program that its channel
    has when it starts, whichever track says so; of the same notes sounding, a note off ends the first. Percussion
    (channel 10), notes of no length and notes that never end are left out. The tempo is the mean over the music's time:
    its beats over its minutes. The metre is the one that lasts longest, and onsets count from its bar lines: after a
    shorter bar at the start, music begins late in bar 0. The key signature is the first that can be one, with its mode.
    Changes of tempo, metre and key are lost. What is left out or lost is counted in `left_out`.

    Raises:
        MidiError: it isn't a MIDI file, is damaged, too large, or has no music that a piece can hold.
    """
    if len(content) > MAX_FILE_BYTES:
        raise MidiError(f"{source}: has {len(content):,} bytes; at most {MAX_FILE_BYTES:,} are read")
    tracks, per_beat = read_tracks(content, source)
    count = sum(map(count_notes, tracks))
    if count > MAX_NOTES:
        raise MidiError(f"{source}: has {count:,} notes; at most {MAX_NOTES:,} are read")
    rows, changes, left_out = _read_notes(tracks, source)
    if len(rows) + sum(left_out.values()) != count:
        raise MidiError(
            f"{source}: has {count} notes, but {len(rows)} were read and {sum(left_out.values())} left out; "
            "what else the file says can't be trusted either"
        )
    if not rows:
        but = ", ".join(f"{kind}: {number}" for kind, number in left_out.items() if number)
        raise MidiError(f"{source}: has no notes{f' that can be used ({but})' if but else ''}")
    notes, programs = _in_parts(rows, changes)
    if len(programs) > MAX_PARTS:
        raise MidiError(f"{source}: has {len(programs)} parts; at most {MAX_PARTS} are read")
    end = max(row.end for row in rows)
    tempo, left_out[TEMPOS] = _mean_tempo(changes[TEMPO], end, source)
    metre, bar_line, left_out[METRES] = _longest_metre(changes[METRE], per_beat, end)
    (fifths, mode), left_out[KEYS] = _first_key(changes[KEY], end)
    if problem := metre_problem(metre):
        raise MidiError(f"{source}: {problem}")
    notes["onset"] = notes["onset"] / per_beat + -bar_line / per_beat % (metre[0] * 4 / metre[1])
    notes["duration"] /= per_beat
    left_out = {kind: number for kind, number in left_out.items() if number}
    piece = Piece(notes, tempo, programs, metre, source, fifths, mode, left_out)
    if problem := problem_of(piece):
        raise MidiError(f"{source}: {problem}")
    return piece


def _read_notes(tracks: Sequence[bytes], source: str) -> tuple[list[Note], Mapping[int, list[Change]], dict[str, int]]:
    """Notes; changes, by the type of their meta event or the status of their program change; how many notes are out."""
    notes: list[Note] = []
    changes: dict[int, list[Change]] = defaultdict(list)
    left_out = {DRUMS: 0, NO_LENGTH: 0, ENDLESS: 0}
    for number, track in enumerate(tracks):
        sounding: dict[tuple[int, int], deque[tuple[int, int, int]]] = defaultdict(deque)
        for place, (tick, status, first, second) in enumerate(read_events(track, source)):
            kind, channel = status & 0xF0, status & 0x0F
            said = None
            if isinstance(second, bytes):  # a meta event
                said = (first, second) if first in (TEMPO, METRE, KEY) else None
            elif kind == PROGRAM_CHANGE:
                said = status, bytes([first])
            elif kind == NOTE_ON and second and channel == DRUM_CHANNEL:
                left_out[DRUMS] += 1
            elif kind == NOTE_ON and second:
                sounding[channel, first].append((place, tick, second))
            elif kind in (NOTE_ON, NOTE_OFF) and sounding[channel, first]:
                begun, start, velocity = sounding[channel, first].popleft()
                if start < tick:
                    notes.append(Note(number, channel, begun, start, tick, first, velocity))
                else:
                    left_out[NO_LENGTH] += 1
            if said:
                changes[said[0]].append(Change(tick, number, place, said[1]))
                if len(changes[said[0]]) > MAX_CHANGES:
                    raise MidiError(f"{source}: changes tempo, metre, key or a program over {MAX_CHANGES:,} times")
        left_out[ENDLESS] += sum(map(len, sounding.values()))
    return notes, changes, left_out


def _in_parts(rows: Sequence[Note], changes: Mapping[int, list[Change]]) -> tuple[np.ndarray, tuple[int, ...]]:
    """A note table, times still in ticks, and the program of each part."""
    by_channel = {channel: sorted(changes[PROGRAM_CHANGE | channel]) for channel in {row.channel for row in rows}}
    keys = [(row.track, row.channel, _program(row, by_channel[row.channel])) for row in rows]
    parts = {key: part for part, key in enumerate(sorted(set(keys)))}
    notes = np.empty(len(rows), NOTE)
    _, _, _, start, end, notes["pitch"], notes["velocity"] = np.array(rows).T
    notes["onset"], notes["duration"] = start, end - start
    notes["part"] = [parts[key] for key in keys]
    return notes, tuple(program for _, _, program in parts)


def _program(note: Note, changes: Sequence[Change]) -> int:
    """The program of a note's channel when it starts; what another track says at that moment counts."""
    last = bisect_right(changes, note.start, key=lambda change: change.tick) - 1
    while last >= 0 and changes[last][:2] == (note.start, note.track) and changes[last].place > note.place:
        last -= 1
    return changes[last].value[0] if last >= 0 else 0


def _mean_tempo(changes: Sequence[Change], end: int, source: str) -> tuple[float, int]:
    """Beats over minutes until `end`, and how often the tempo changes; a change says microseconds a quarter note."""
    held = {change.tick: int.from_bytes(change.value, "big") for change in sorted(changes) if len(change.value) == 3}
    lengths = [(length, value) for value, _, length in spans({0: DEFAULT_US_PER_BEAT} | held, end) if length]
    if not all(value for _, value in lengths):
        raise MidiError(f"{source}: has a tempo of 0 microseconds a beat; it must be above 0")
    number = _changes([value for _, value in lengths])
    if not number:
        return mido.tempo2bpm(lengths[0][1]), 0
    return mido.tempo2bpm(sum(length * value for length, value in lengths) / end), number


def _longest_metre(changes: Sequence[Change], per_beat: int, end: int) -> tuple[tuple[int, int], int, int]:
    """The metre that lasts longest, the tick of its first bar line, and how often the metre changes after an upbeat."""
    held = {0: (4, 4)} | {
        change.tick: (change.value[0], 1 << change.value[1]) for change in sorted(changes) if len(change.value) >= 2
    }
    metre, bar_line = longest_lasting(held, end)
    metres = [(value, length) for value, _, length in spans(held, end) if length]
    is_upbeat = metres[0][0] != metre and metres[0][1] * metre[1] < metre[0] * 4 * per_beat
    return metre, bar_line, _changes([value for value, _ in metres[is_upbeat:]])


def _first_key(changes: Sequence[Change], end: int) -> tuple[tuple[int | None, str | None], int]:
    """The first key, as sharps above 0 or flats below and mode, and how often it changes; bad ones count as none."""
    keys = [
        (int.from_bytes(change.value[:1], "big", signed=True), MODES.get(change.value[1:2]))
        for change in sorted(changes)
        if change.tick < end and change.value
    ]
    good = [key for key in keys if -7 <= key[0] <= 7]
    return good[0] if good else (None, None), _changes(good)


def _changes(values: Sequence[object]) -> int:
    return sum(one != other for one, other in pairwise(values))

"""Standard MIDI files as bytes: their tracks, the events in a track, and how many notes a track begins.

Conventions: ticks count from the start of the track; channels and programs count from 0. An event is
(tick, status, first, second): a channel message with its status byte and its two data bytes (0 where it has one), or
(tick, `META`, type, data as bytes). As the standard says, a header is as long as it says, and chunks of unknown types
are passed over. Running status goes on after meta events and system exclusive messages; the standard ends it there, but
what such a file means is plain.
"""

import re
from collections.abc import Iterator

from reprise.errors import MidiError

NOTE_OFF, NOTE_ON, PROGRAM_CHANGE = 0x80, 0x90, 0xC0
META, END_OF_TRACK, TEMPO, METRE, KEY = 0xFF, 0x2F, 0x51, 0x58, 0x59
MAX_TRACKS = 200
_SYSTEM_EXCLUSIVE = (0xF0, 0xF7)
_LONGEST_NUMBER = 4  # bytes

# A track by the shapes of its bytes: waits are numbers of 1-4 bytes, of which only the last is below 128.
# Nothing is matched twice over (the + after a repetition), so a long run takes no memory.
_WAIT, _DATA = rb"[\x80-\xff]{0,3}+[\0-\x7f]", rb"[\0-\x7f]"
_END = re.compile(_WAIT + rb"\xff\x2f")
_LONG = re.compile(_WAIT + rb"(?:\xff[\0-\xff]|[\xf0\xf7])(" + _WAIT + rb")")
_STATUS = re.compile(_WAIT + rb"([\x80-\xef]?)")
_SINGLES = re.compile(_DATA + rb"(?:" + _WAIT + _DATA + rb")*+")
_PAIRS = re.compile(_DATA + rb"{2}(?:" + _WAIT + _DATA + rb"{2})*+")
_VELOCITIES = re.compile(_DATA + rb"(" + _DATA + rb")(?:" + _WAIT + rb")?")  # of a run of pairs


def read_tracks(content: bytes, source: str) -> tuple[list[bytes], int]:
    """What the track chunks of a file hold, and its ticks a quarter note.

    Raises:
        MidiError: it is no MIDI file, one of type 2 or in SMPTE time, or its chunks aren't what its header says.
    """
    length = int.from_bytes(content[4:8], "big")
    if not content.startswith(b"MThd") or length < 6 or len(content) < 8 + length:
        raise MidiError(f"{source}: not a readable MIDI file (it must begin with MThd, a header of 14 bytes or more)")
    kind, declared, division = (int.from_bytes(content[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 1:
        raise MidiError(f"{source}: is MIDI of type {kind}; only 0 and 1 are read")
    if division >= 0x8000:
        raise MidiError(
            f"{source}: is in SMPTE time ({0x100 - (division >> 8)} frames a second of {division & 0xFF} ticks), which "
            "has no beats; it must count ticks a quarter note"
        )
    if not division:
        raise MidiError(f"{source}: counts 0 ticks a quarter note; it must be 1 to 32,767")
    if declared > MAX_TRACKS:
        raise MidiError(f"{source}: has {declared} tracks; at most {MAX_TRACKS} are read")
    return _track_chunks(content, 8 + length, declared, source), division


def _track_chunks(content: bytes, place: int, declared: int, source: str) -> list[bytes]:
    tracks: list[bytes] = []
    while place + 8 <= len(content) and (len(tracks) < declared or content[place : place + 4] == b"MTrk"):
        end = place + 8 + int.from_bytes(content[place + 4 : place + 8], "big")
        if end > len(content):
            raise MidiError(f"{source}: not a readable MIDI file (cut short in track {len(tracks) + 1} of {declared})")
        if content[place : place + 4] == b"MTrk":
            tracks.append(content[place + 8 : end])
        place = end
    if len(tracks) != declared:
        raise MidiError(f"{source}: not a readable MIDI file (says {declared} tracks and has {len(tracks)})")
    return tracks


def read_events(track: bytes, source: str) -> Iterator[tuple[int, int, int, int | bytes]]:
    """The channel messages and meta events of a track up to its end.

    Raises:
        MidiError: it breaks off in an event, or holds what no event can be.
    """
    tick = at = status = 0
    try:
        while at < len(track):
            wait, at = _number(track, at, source)
            tick += wait
            if track[at] >= 0xF0:
                kind, at = track[at], at + 1
                if kind == META:
                    first, at = track[at], at + 1
                elif kind not in _SYSTEM_EXCLUSIVE:
                    raise _damaged(source, f"a byte {kind:#x} in the place of an event")
                length, at = _number(track, at, source)
                if at + length > len(track):
                    raise IndexError
                if kind == META:
                    yield tick, META, first, track[at : at + length]
                    if first == END_OF_TRACK:
                        return
                at += length
                continue
            if track[at] >= 0x80:
                status, at = track[at], at + 1
            first, second, at = track[at], 0, at + 1
            if not 0xC0 <= status < 0xE0:
                second, at = track[at], at + 1
            if not status or first > 127 or second > 127:
                raise _damaged(source, "data that belongs to no event" if not status else "data above 127")
            yield tick, status, first, second
    except IndexError:
        raise _damaged(source, "the middle of an event at the end of a track") from None


def _number(track: bytes, at: int, source: str) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place after it."""
    number = 0
    for place in range(at, at + _LONGEST_NUMBER):
        number = number << 7 | track[place] & 0x7F
        if track[place] < 0x80:
            return number, place + 1
    raise _damaged(source, f"a number of more than {_LONGEST_NUMBER} bytes")


def _damaged(source: str, what: str) -> MidiError:
    return MidiError(f"{source}: not a readable MIDI file (has {what})")


def count_notes(track: bytes) -> int:
    """Note-ons with a velocity above 0 up to the end of a track, percussion included.

    They are counted by the shapes of the bytes, runs of one status at a time, and so apart from `read_events`: where
    the two differ, one of them is wrong. In a damaged track those before the damage are counted.
    """
    count, at, status = 0, 0, b""
    while not _END.match(track, at):
        if found := _LONG.match(track, at):
            at = found.end() + _number(found[1], 0, "")[0]
            continue
        found = _STATUS.match(track, at)
        status = (found and found[1]) or status
        run = found and (_SINGLES if b"\xc0" <= status < b"\xe0" else _PAIRS).match(track, found.end())
        if not run:
            break
        if b"\x90" <= status < b"\xa0":
            count += sum(found[1] != b"\0" for found in _VELOCITIES.finditer(run[0]))
        at = run.end()
    return count

"""Standard MIDI files to pieces and back: files of ours with one tempo and one metre, and anybody else's.

Written: one track a part, 480 ticks a quarter note. 480 is divisible by 12, so every note on the 1/12-beat grid
survives a round trip exactly. Read: times in ticks become quarter-note beats.
"""

import io
import struct

import mido
import numpy as np
import symusic

from reprise.errors import MidiError
from reprise.music.piece import MAX_PARTS, NOTE, Piece, longest_lasting, metre_problem, problem_of, spans

TICKS_PER_BEAT = 480
DRUM_CHANNEL = 9
MAX_FILE_BYTES = 20_000_000
MAX_TRACKS = 200
KEY_NAMES = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")  # from 7 flats up
DEFAULT_US_PER_BEAT = 500_000  # 120 BPM where nothing is said

# Four empty texts, each after the longest wait that four bytes of 7 bits can say, then a note off for every key of
# every channel: appended to a track, it ends what the track doesn't end itself, far behind any end that music has.
_END_OF_TRACK, _EMPTY_TEXT = b"\xff\x2f\0", b"\xff\x01\0"
_LATE_TICKS = 4 * ((1 << 28) - 1)
_LATE_ENDS = 4 * (b"\xff\xff\xff\x7f" + _EMPTY_TEXT) + b"".join(
    bytes((0, 0x80 | channel, pitch, 0)) for channel in range(16) for pitch in range(128)
)


def midi_bytes(piece: Piece) -> bytes:
    """The piece as a type 1 MIDI file whose bytes depend on the piece alone.

    Raises:
        MidiError: it has more than the 15 parts that MIDI's melodic channels can hold.
    """
    if len(piece.programs) > 15:
        raise MidiError(f"piece has {len(piece.programs)} parts; MIDI has 15 melodic channels")
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(piece.tempo_bpm)))
    head.append(mido.MetaMessage("time_signature", numerator=piece.metre[0], denominator=piece.metre[1]))
    if piece.key_fifths is not None:
        head.append(mido.MetaMessage("key_signature", key=KEY_NAMES[piece.key_fifths + 7]))
    file.tracks.append(head)
    for part, program in enumerate(piece.programs):
        file.tracks.append(_track(piece, part, program))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track(piece: Piece, part: int, program: int) -> mido.MidiTrack:
    channel = part if part < DRUM_CHANNEL else part + 1
    events = []
    for note in piece.notes[piece.notes["part"] == part]:
        start = round(float(note["onset"]) * TICKS_PER_BEAT)
        end = max(start + 1, round(float(note["onset"] + note["duration"]) * TICKS_PER_BEAT))
        events.append((start, 1, int(note["pitch"]), int(note["velocity"])))
        events.append((end, 0, int(note["pitch"]), 0))
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
    now = 0
    for tick, is_on, pitch, velocity in sorted(events):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    return track


def read_midi(content: bytes, source: str) -> Piece:
    """A MIDI file as a piece.

    Each (track, channel, program) with notes is a part, in this order; percussion (channel 10) is left out. A note
    belongs to the program that its channel has when it starts. The tempo is the mean over the music's time: its beats
    over its minutes. The metre is the one that lasts longest, and onsets count from its bar lines: after a shorter bar
    at the start, music begins late in bar 0. Other metres are lost. The key signature is the first.

    Raises:
        MidiError: it isn't a MIDI file, is damaged, too large, or has no music that a piece can hold.
    """
    score = _parse(_ended_late(content, source), source)
    tracks = [(track.program, track.notes.numpy()) for track in score.tracks if len(track.notes) and not track.is_drum]
    if not tracks:
        raise MidiError(f"{source}: has no notes{' but percussion' if score.note_num() else ''}")
    if len(tracks) > MAX_PARTS:
        raise MidiError(f"{source}: has {len(tracks)} parts; at most {MAX_PARTS} are read")
    notes, per_beat = _joined([notes for _, notes in tracks]), score.ticks_per_quarter
    if notes["duration"].max() >= _LATE_TICKS:
        raise MidiError(f"{source}: has a note that never ends")
    if notes["duration"].min() <= 0 or notes["onset"].min() < 0:
        raise MidiError(f"{source}: has a note that lasts no time, or comes too late to be counted")
    end = int((notes["onset"] + notes["duration"]).max())
    metre, bar_line = longest_lasting(
        {0: (4, 4)} | {change.time: (change.numerator, change.denominator) for change in score.time_signatures}, end
    )
    if problem := metre_problem(metre):
        raise MidiError(f"{source}: {problem}")
    notes["onset"] = notes["onset"] / per_beat + -bar_line / per_beat % (metre[0] * 4 / metre[1])
    notes["duration"] /= per_beat
    piece = Piece(
        notes,
        _mean_tempo({0: DEFAULT_US_PER_BEAT} | {change.time: change.mspq for change in score.tempos}, end, source),
        tuple(program for program, _ in tracks),
        metre,
        source,
        score.key_signatures[0].key if len(score.key_signatures) else None,
    )
    if problem := problem_of(piece):
        raise MidiError(f"{source}: {problem}")
    return piece


def _ended_late(content: bytes, source: str) -> bytes:
    """The file's header and tracks, each track followed by `_LATE_ENDS`.

    symusic drops a note that never ends without a word, and so would read half a file as a whole one. Here such a
    note gets an end that gives it away.
    """
    if len(content) > MAX_FILE_BYTES:
        raise MidiError(f"{source}: has {len(content):,} bytes; at most {MAX_FILE_BYTES:,} are read")
    if len(content) < 14 or not content.startswith(b"MThd"):
        raise MidiError(f"{source}: not a readable MIDI file (it must begin with MThd, a header of 14 bytes)")
    kind, declared, division = struct.unpack(">HHH", content[8:14])
    if kind > 1:
        raise MidiError(f"{source}: is MIDI of type {kind}; only 0 and 1 are read")
    if not 0 < division < 0x8000:
        raise MidiError(f"{source}: counts {division} ticks a beat; it must be a positive number below 32,768")
    if declared > MAX_TRACKS:
        raise MidiError(f"{source}: has {declared} tracks; at most {MAX_TRACKS} are read")
    ended = [
        # Its last wait comes before the mark that goes, and needs an event.
        (track[:-3] + _EMPTY_TEXT if track.endswith(_END_OF_TRACK) else track) + _LATE_ENDS + b"\0" + _END_OF_TRACK
        for track in _tracks(content, declared, source)
    ]
    return content[:14] + b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in ended)


def _tracks(content: bytes, declared: int, source: str) -> list[bytes]:
    """What the track chunks hold; other chunks are passed over."""
    place, tracks = 14, []
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


def _parse(content: bytes, source: str) -> symusic.Score:
    try:
        return symusic.Score.from_midi(content)
    except Exception as error:  # what its C++ throws comes as whatever class is nearest
        raise MidiError(f"{source}: not a readable MIDI file ({error})") from error


def _joined(tracks: list[dict[str, np.ndarray]]) -> np.ndarray:
    """symusic's notes of each part as one note table, times still in ticks."""
    notes = np.empty(sum(len(track["time"]) for track in tracks), NOTE)
    notes["part"] = np.repeat(np.arange(len(tracks)), [len(track["time"]) for track in tracks])
    for field, theirs in (("onset", "time"), ("duration", "duration"), ("pitch", "pitch"), ("velocity", "velocity")):
        notes[field] = np.concatenate([track[theirs] for track in tracks])
    return notes


def _mean_tempo(changes: dict[int, int], end: int, source: str) -> float:
    """Beats over minutes until `end`, from microseconds a beat by the tick from which they hold."""
    if 0 in changes.values():
        raise MidiError(f"{source}: has a tempo of 0 microseconds a beat; it must be above 0")
    lengths = [(length, value) for value, _, length in spans(changes, end) if length]
    if len({value for _, value in lengths}) == 1:
        return mido.tempo2bpm(lengths[0][1])
    return mido.tempo2bpm(sum(length * value for length, value in lengths) / sum(length for length, _ in lengths))

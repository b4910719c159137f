"""Standard MIDI files to pieces and back: one tempo, one metre, one track a part, 480 ticks a quarter note.

480 is divisible by 12, so every note on the 1/12-beat grid survives a round trip exactly.
"""

import io

import mido
from mido.midifiles.meta import KeySignatureError

from reprise.errors import MidiError
from reprise.music.piece import Piece, note_table

TICKS_PER_BEAT = 480
DRUM_CHANNEL = 9
LONGEST_DELTA = (1 << 28) - 1  # four bytes of 7 bits, Standard MIDI Files 1.0


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
    """A MIDI file with one tempo as a piece; each (track, channel) with notes is a part.

    Raises:
        MidiError: it isn't MIDI, changes tempo, has no notes or a note that never ends.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(content))
    except (OSError, EOFError, ValueError, KeyError, IndexError, KeySignatureError) as error:
        raise MidiError(f"{source}: not a readable MIDI file ({error or type(error).__name__})") from error
    if any(message.time > LONGEST_DELTA for track in file.tracks for message in track):
        raise MidiError(f"{source}: not a readable MIDI file (a time of more than 28 bits)")
    if file.ticks_per_beat <= 0:
        raise MidiError(f"{source}: counts {file.ticks_per_beat} ticks a beat; it must be a positive number")
    tempos, metre, parts, rows = {0: 500_000}, (4, 4), {}, []  # 120 BPM where nothing is said
    for number, track in enumerate(file.tracks):
        now, sounding, programs = 0, {}, {}
        for message in track:
            now += message.time
            if message.type == "set_tempo":
                tempos[now] = message.tempo
            elif message.type == "time_signature":
                metre = (message.numerator, message.denominator)
            elif message.type == "program_change":
                programs[message.channel] = message.program
            elif message.type == "note_on" and message.velocity:
                key = (number, message.channel, programs.get(message.channel, 0))
                part = parts.setdefault(key, len(parts))
                sounding.setdefault((message.channel, message.note), []).append((now, message.velocity, part))
            elif message.type in ("note_on", "note_off"):
                started = sounding.get((message.channel, message.note))
                if started:
                    start, velocity, part = started.pop(0)
                    rows.append((start, now - start, message.note, velocity, part))
        if any(sounding.values()):
            raise MidiError(f"{source}: track {number} has a note that never ends")
    if not rows:
        raise MidiError(f"{source}: has no notes")
    if 0 in tempos.values():
        raise MidiError(f"{source}: has a tempo of 0 microseconds a beat; it must be above 0")
    if len(set(tempos.values())) > 1:
        raise MidiError(f"{source}: changes tempo; only files with one tempo are read")
    beats = [
        (s / file.ticks_per_beat, d / file.ticks_per_beat, pitch, velocity, part)
        for s, d, pitch, velocity, part in rows
    ]
    tempo = mido.tempo2bpm(tempos[0])
    return Piece(note_table(beats), tempo, tuple(program for _, _, program in parts), metre, source)

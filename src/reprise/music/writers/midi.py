"""Pieces to Standard MIDI files: one tempo, one metre, a track and a channel for each part.

A quarter note has 480 ticks. 480 is divisible by 12, so every note on the 1/12-beat grid survives a round trip exactly.
"""

import io

import mido

from reprise.errors import MidiError
from reprise.music.piece import MELODIC_CHANNELS, Piece

TICKS_PER_BEAT = 480
DRUM_CHANNEL = 9
# Tonics by fifths, of the major keys from 7 flats on; those of the minor keys lie 3 further.
TONICS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


def midi_bytes(piece: Piece) -> bytes:
    """The piece as a type 1 MIDI file whose bytes depend on the piece alone.

    Raises:
        MidiError: it has more parts than MIDI has melodic channels.
    """
    if len(piece.programs) > MELODIC_CHANNELS:
        raise MidiError(f"piece has {len(piece.programs)} parts; MIDI has {MELODIC_CHANNELS} melodic channels")
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(piece.tempo_bpm)))
    head.append(mido.MetaMessage("time_signature", numerator=piece.metre[0], denominator=piece.metre[1]))
    if piece.key_fifths is not None:
        head.append(mido.MetaMessage("key_signature", key=_key_name(piece.key_fifths, piece.key_mode)))
    file.tracks.append(head)
    for part, program in enumerate(piece.programs):
        file.tracks.append(_track(piece, part, program))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _key_name(fifths: int, mode: str | None) -> str:
    """The key as mido calls it. MIDI knows major and minor alone: any other mode, or none, is written as major."""
    if mode in ("minor", "aeolian"):
        return f"{TONICS[fifths + 10]}m"
    return TONICS[fifths + 7]


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

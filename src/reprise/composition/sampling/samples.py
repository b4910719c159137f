"""Pieces laid open beside the shards, for people to hear and see."""

from pathlib import Path

from reprise.audio.files import encode
from reprise.audio.play import LEVEL_DB, play_piece
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes
from reprise.music.writers.musicxml import musicxml_bytes
from reprise.music.writers.svg import svg_bytes

SAMPLE_RATE = 44100


def lay_open(piece: Piece, path: Path, font: Path, level_db: float = LEVEL_DB) -> None:
    """A piece as MIDI, MusicXML, a picture of its score and, as the MIDI file sounds, WAV beside each other.

    Args:
        path: of all of them, without an extension. level_db: see `play.play_piece`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    midi = midi_bytes(piece)
    sound = encode(play_piece(read_midi(midi, path.name), font, SAMPLE_RATE, level_db), SAMPLE_RATE, "WAV")
    written = {"mid": midi, "musicxml": musicxml_bytes(piece), "svg": svg_bytes(piece), "wav": sound}
    for kind, content in written.items():
        path.with_name(f"{path.name}.{kind}").write_bytes(content)

"""Small scores for tests: pieces with tunes of their own, and a database like the Weimar Jazz Database."""

import sqlite3
from pathlib import Path

import numpy as np

from reprise.music.piece import Piece, note_table
from reprise.music.writers.midi import midi_bytes

# The columns of the database's own tables that matter here, and one more of each.
SCHEMA = """
CREATE TABLE solo_info (melid INTEGER PRIMARY KEY, trackid INTEGER, performer TEXT, title TEXT, instrument TEXT,
                        avgtempo REAL, key TEXT, signature TEXT);
CREATE TABLE melody (eventid INTEGER PRIMARY KEY, melid INTEGER, onset REAL, pitch REAL, duration REAL, period INTEGER,
                     division INTEGER, bar INTEGER, beat INTEGER, tatum INTEGER, beatdur REAL);
"""
SOLO = {"performer": "Miles Davis", "title": "So What", "instrument": "tp", "key": "D-dor", "signature": "4/4"}
SOLO["avgtempo"] = 120.0


def make_tune(seed: int, notes: int) -> list[int]:
    """MIDI pitches of a tune of its own: a walk by steps and leaps."""
    rng = np.random.default_rng(seed)
    return (60 + np.cumsum(rng.choice([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7], notes)) % 24).tolist()


def make_piece(seed: int, parts: int = 1, bars: int = 6, metre: tuple[int, int] = (4, 4), shift: int = 0) -> Piece:
    """A tune of its own in crotchets; each further part plays it an octave lower than the one before."""
    tune = make_tune(seed, bars * metre[0])
    rows = [
        (float(i), 1.0, pitch + shift - 12 * part, 64, part) for part in range(parts) for i, pitch in enumerate(tune)
    ]
    return Piece(note_table(rows), 100.0, (0,) * parts, metre)


def put(path: Path, piece: Piece) -> None:
    """Write a piece as a MIDI file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(midi_bytes(piece))


def solo_note(bar: int, beat: int, tatum: int, division: int, pitch: float, duration: float = 0.25, **other) -> dict:
    """A row of `melody`; at 120 beats a minute a beat lasts half a second."""
    row = {"bar": bar, "beat": beat, "tatum": tatum, "division": division, "pitch": pitch, "duration": duration}
    return row | {"period": 4, "beatdur": 0.5} | other


def make_database(path: Path, *solos: tuple[dict, list[dict]], schema: str = SCHEMA) -> Path:
    """A database at `path` with solos, each its changes of SOLO and its notes."""
    connection = sqlite3.connect(path)
    with connection:
        connection.executescript(schema)
        for melid, (changes, notes) in enumerate(solos, start=1):
            for table, row in [("solo_info", SOLO | changes), *(("melody", row) for row in notes)]:
                row = row | {"melid": melid}
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    connection.close()
    return path

"""The Weimar Jazz Database: monophonic jazz solos, transcribed from recordings, in one SQLite file.

Conventions of the database (https://jazzomat.hfm-weimar.de/dbformat/dbformat.html): `melody` has a row a note with its
`bar`, the `beat` in it (of `period` beats, from 1) and the `tatum` in that (of `division` tatums, from 1), and a
`duration` in seconds beside the length of its beat, `beatdur`, in seconds. `solo_info` has a row a solo. Here onsets
are those metrical positions in quarter notes, so swing and rubato are left out; durations are as played, cut at the
next onset. Bars may start below 1 (an upbeat): the first one a solo uses becomes bar 0.

The file is untrusted: it is opened read-only, only plain tables are read, and every value is checked.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from reprise.errors import ScoreError
from reprise.music.piece import Piece, note_table, problem_of
from reprise.music.readers.modes import MODES, mode_of

SOLO_COLUMNS = ("melid", "performer", "title", "instrument", "avgtempo", "key", "signature")
NOTE_COLUMNS = ("pitch", "duration", "period", "division", "bar", "beat", "tatum", "beatdur")
MOST_NOTES = 50_000  # of a solo; the longest one of the database has about 2,000
MOST_SOLOS = 100_000
LONGEST_VALUE = 1_000_000  # bytes of a text in the file
MOST_STEPS = 200_000_000  # of SQLite's virtual machine for one query
VELOCITY = 64  # as scores without velocities get; loudness isn't annotated for all solos
SHORTEST = 1 / 12  # beats
PROGRAMS = {  # General MIDI, zero-based, of the database's abbreviations; anything else is a trumpet
    "tp": 56, "cor": 56, "tb": 57, "ss": 64, "as": 65, "ts": 66, "ts-c": 66, "bs": 67, "cl": 71, "bcl": 71,
    "g": 26, "p": 0, "vib": 11,
}  # fmt: skip
TONICS = {letter: fifths for fifths, letter in enumerate("FCGDAEB", start=-1)}  # fifths above C


def read_solos(path: Path, performer: str = "") -> Iterator[tuple[str, Piece | ScoreError]]:
    """The solos of `performer`, or all of them where it is empty: a name each, with the piece or what is wrong with it.

    Raises:
        ScoreError: the file isn't such a database, or nobody of that name plays in it.
    """
    try:
        with closing(_open(path)) as database:
            _check_tables(database, path)
            solos = _rows(database, "solo_info", SOLO_COLUMNS, f"ORDER BY melid LIMIT {MOST_SOLOS}")
            known = sorted({str(solo["performer"]) for solo in solos})
            chosen = [solo for solo in solos if performer in ("", solo["performer"])]
            if not chosen:
                named = ", ".join(known[:5]) or "nobody"
                raise ScoreError(
                    f"{path}: has no solo by {performer!r}; it has solos by {named} and {len(known[5:])} more"
                )
            for solo in chosen:
                name = f"{path.name}#{solo['melid']} {solo['performer']}: {solo['title']}"
                try:
                    notes = _rows(
                        database, "melody", NOTE_COLUMNS, f"WHERE melid = ? LIMIT {MOST_NOTES + 1}", solo["melid"]
                    )
                    yield name, _piece(solo, notes, name)
                except ScoreError as error:
                    yield name, error
    except sqlite3.Error as error:
        raise ScoreError(f"{path}: not a readable Weimar Jazz Database ({error})") from error


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise ScoreError(f"{path}: no such file; it must be the Weimar Jazz Database, wjazzd.db")
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    database.execute("PRAGMA trusted_schema = OFF")
    database.row_factory = sqlite3.Row
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    return database


def _check_tables(database: sqlite3.Connection, path: Path) -> None:
    """Refuse what isn't a plain table with the columns needed: a view or virtual table could run for ever."""
    for table, columns in (("solo_info", SOLO_COLUMNS), ("melody", ("melid", *NOTE_COLUMNS))):
        kind = database.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        if kind is None or kind["type"] != "table" or "VIRTUAL" in str(kind["sql"]).upper().split("(")[0]:
            raise ScoreError(f"{path}: has no table '{table}'; it must be the Weimar Jazz Database, wjazzd.db")
        found = {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}
        missing = [column for column in columns if column not in found]
        if missing:
            raise ScoreError(f"{path}: table '{table}' lacks the column '{missing[0]}' of the Weimar Jazz Database")


def _rows(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...], clause: str, *values: object
) -> list[sqlite3.Row]:
    """Rows of one table; the columns' names are ours, never the file's."""
    database.set_progress_handler(lambda: 1, MOST_STEPS)
    return database.execute(f"SELECT {', '.join(columns)} FROM {table} {clause}", values).fetchall()


def _piece(solo: sqlite3.Row, rows: list[sqlite3.Row], name: str) -> Piece:
    """One solo as a piece of one part.

    Raises:
        ScoreError: it is too long, changes its metre, or a value of it is out of range.
    """
    if not 0 < len(rows) <= MOST_NOTES:
        raise ScoreError(f"{name}: has {len(rows)} notes; it must have 1 to {MOST_NOTES}")
    metre = _metre(str(solo["signature"]), name)
    period = _number(rows[0]["period"], "period", name, 1, 32)
    beat = metre[0] * 4 / metre[1] / period  # in quarter notes
    first_bar = min(int(_number(row["bar"], "bar", name, -1000, 100_000)) for row in rows)
    notes = sorted(_note(row, period, beat, first_bar, name) for row in rows)
    ends = [later[0] for later in notes[1:]] + [math.inf]
    table = [
        (onset, min(duration, end - onset) if end > onset else duration, pitch, VELOCITY, 0)
        for (onset, duration, pitch), end in zip(notes, ends)
    ]
    tempo = _number(solo["avgtempo"], "avgtempo", name, 10, 1000) * beat
    program = PROGRAMS.get(str(solo["instrument"]), PROGRAMS["tp"])
    piece = Piece(note_table(table), tempo, (program,), metre, name, *_key(str(solo["key"])))
    if problem := problem_of(piece):
        raise ScoreError(f"{name}: {problem}")
    return piece


def _note(row: sqlite3.Row, period: float, beat: float, first_bar: int, name: str) -> tuple[float, float, int]:
    """Onset and duration in quarter notes and pitch; `beat` is a beat's length in quarter notes."""
    if row["period"] != period:
        raise ScoreError(f"{name}: changes its metre in bar {row['bar']}; only solos in one metre are read")
    division = _number(row["division"], "division", name, 1, 64)
    place = _number(row["beat"], "beat", name, 1, period) - 1
    place += (_number(row["tatum"], "tatum", name, 1, division) - 1) / division
    beats = _number(row["duration"], "duration", name, 0, 1000) / _number(row["beatdur"], "beatdur", name, 0.01, 100)
    pitch = int(_number(row["pitch"], "pitch", name, 0, 127))
    return ((int(row["bar"]) - first_bar) * period + place) * beat, max(beats * beat, SHORTEST), pitch


def _number(value: object, column: str, name: str, low: float, high: float) -> float:
    if not isinstance(value, (int, float)) or not low <= value <= high:
        raise ScoreError(f"{name}: {column} is {value!r}; it must be a number from {low:g} to {high:g}")
    return value


def _metre(signature: str, name: str) -> tuple[int, int]:
    parts = signature.split("/")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 3 and int(part) for part in parts):
        raise ScoreError(f"{name}: its signature is {signature!r}; only solos in one metre such as 4/4 are read")
    return int(parts[0]), int(parts[1])


def _key(key: str) -> tuple[int | None, str | None]:
    """Signature and mode of a key such as 'Bb-maj'; of a blues those of major, without the mode. None for others."""
    tonic, _, named = key.partition("-")
    mode = mode_of(named)
    is_named = mode is not None or named.startswith("blues")
    if not is_named or tonic[:1] not in TONICS or tonic[1:] not in ("", "b", "#"):
        return None, None
    return TONICS[tonic[0]] + {"": 0, "b": -7, "#": 7}[tonic[1:]] + (MODES[mode] if mode else 0), mode

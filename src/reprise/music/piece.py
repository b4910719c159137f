"""Piece: the one symbolic value of Reprise.

Conventions: onsets and durations in quarter-note beats from the start of the first bar (floats; a piece with an
upbeat begins late in that bar, so bar lines lie at multiples of the bar's length), pitches as MIDI numbers 0-127,
velocities 1-127, parts counted from 0. Notes are ordered by (onset, part, pitch).
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Time = TypeVar("Time", int, float, Fraction)

MAX_FILE_BYTES = 20_000_000  # of a score
MAX_PARTS = 200
MELODIC_CHANNELS = 15  # of MIDI, so the most parts that are written
MAX_NOTES = 1_000_000
MAX_BEATS = 100_000  # 14 hours at 120 BPM
NOTE_VALUES = (1, 2, 4, 8, 16, 32)
SLOWEST_BPM, FASTEST_BPM = 4, 6000  # MIDI can't say a slower one

# What a file may hold that a piece has no place for, as it is counted in `Piece.left_out`.
DRUMS, NO_LENGTH, ENDLESS, GRACE, CUES = (
    "drum notes",
    "notes of no length",
    "notes that never end",
    "grace notes",
    "cue notes",
)
TEMPOS, METRES, KEYS, UNPITCHED = "tempo changes", "metre changes", "key changes", "unpitched notes"
LEFT_OUT = (DRUMS, NO_LENGTH, ENDLESS, GRACE, CUES, UNPITCHED, TEMPOS, METRES, KEYS)

NOTE_FIELDS = {"onset": "f8", "duration": "f8", "pitch": "i2", "velocity": "i2", "part": "i2"}
NOTE = np.dtype(list(NOTE_FIELDS.items()))


@dataclass(frozen=True, eq=False)
class Piece:
    """A note table with its tempo, instruments and metre.

    Attributes:
        notes: structured array of `NOTE`, ordered by (onset, part, pitch).
        tempo_bpm: quarter notes a minute, one for the whole piece.
        programs: General MIDI program (0-127) of each part.
        metre: beats a bar and the note value of a beat, such as (3, 4).
        source: where the piece came from, for people. title, subtitle: what is printed above it; empty for none.
        key_fifths: the key signature, sharps above 0 and flats below; None where none is known.
        key_mode: the mode that goes with it, such as minor or dorian, as MusicXML calls it; None where none is known.
        left_out: what of its file isn't in it, by kind (`LEFT_OUT`), with counts above 0.
    """

    notes: np.ndarray
    tempo_bpm: float
    programs: tuple[int, ...]
    metre: tuple[int, int] = (4, 4)
    source: str = ""
    key_fifths: int | None = None
    key_mode: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    title: str = ""
    subtitle: str = ""

    def __post_init__(self) -> None:
        keys = [
            self.notes[field] for field in ("velocity", "duration", "pitch", "part", "onset")
        ]  # the last counts most
        object.__setattr__(self, "notes", self.notes[np.lexsort(keys)])
        if len(self.notes) and not (self.notes["part"].min() >= 0 and self.notes["part"].max() < len(self.programs)):
            raise ValueError(f"notes name parts outside 0-{len(self.programs) - 1}")

    @property
    def bar_beats(self) -> float:
        """Length of a bar in quarter-note beats."""
        return self.metre[0] * 4 / self.metre[1]

    @property
    def seconds_per_beat(self) -> float:
        return 60.0 / self.tempo_bpm

    @property
    def duration_s(self) -> float:
        """Seconds until the last note ends; 0 without notes."""
        if not len(self.notes):
            return 0.0
        return float((self.notes["onset"] + self.notes["duration"]).max()) * self.seconds_per_beat


def note_table(rows: list[tuple[float, float, int, int, int]]) -> np.ndarray:
    """Rows of (onset, duration, pitch, velocity, part) as a note table."""
    return np.array(rows, dtype=NOTE)


def problem_of(piece: Piece) -> str | None:
    """What keeps a piece that was read from being used, in words; None for a good one."""
    notes, ends = piece.notes, piece.notes["onset"] + piece.notes["duration"]
    checks = {
        "has no notes": len(notes) > 0,
        f"has {len(notes):,} notes; at most {MAX_NOTES:,} are read": len(notes) <= MAX_NOTES,
        f"has {len(piece.programs)} parts; at most {MAX_PARTS} are read": len(piece.programs) <= MAX_PARTS,
        "has a note before the beginning": np.all(notes["onset"] >= 0),
        "has a note that lasts no time": np.all(notes["duration"] > 0),
        f"is longer than {MAX_BEATS:,} beats": np.all(ends <= MAX_BEATS),
        "has a pitch outside 0-127": np.all((notes["pitch"] >= 0) & (notes["pitch"] < 128)),
        f"has a tempo of {piece.tempo_bpm:.6g} BPM; it must be {SLOWEST_BPM} to {FASTEST_BPM}": (
            SLOWEST_BPM <= piece.tempo_bpm <= FASTEST_BPM
        ),
        f"has a key signature of {piece.key_fifths} sharps; it must be -7 (flats) to 7": (
            piece.key_fifths is None or -7 <= piece.key_fifths <= 7
        ),
    }
    return metre_problem(piece.metre) or next((problem for problem, is_fine in checks.items() if not is_fine), None)


def metre_problem(metre: tuple[int, int]) -> str | None:
    """What is wrong with a metre, in words; None for a good one."""
    if 1 <= metre[0] <= 99 and metre[1] in NOTE_VALUES:
        return None
    return f"has the metre {metre[0]}/{metre[1]}; it must be 1 to 99 notes of value {', '.join(map(str, NOTE_VALUES))}"


def spans(changes: Mapping[Time, T], end: Time) -> list[tuple[T, Time, Time]]:
    """Values that hold from their time until the next one's, as (value, start, length until `end`)."""
    starts: list[Time] = sorted(changes)
    stops = itertools.chain(starts[1:], (end,))
    return [(changes[start], start, max(min(stop, end), start) - start) for start, stop in zip(starts, stops)]


def longest_lasting(changes: Mapping[Time, T], end: Time) -> tuple[T, Time]:
    """The value that holds longest until `end`, in all, and when it first holds."""
    held: dict[T, Time] = {}
    first: dict[T, Time] = {}
    for value, start, length in spans(changes, end):
        held[value] = held.get(value, 0) + length
        first.setdefault(value, start)
    longest = max(held, key=held.__getitem__)
    return longest, first[longest]

"""Piece: the one symbolic value of Reprise.

Conventions: onsets and durations in quarter-note beats from the start of the piece (floats), pitches as MIDI
numbers 0-127, velocities 1-127, parts counted from 0. Notes are ordered by (onset, part, pitch).
"""

from dataclasses import dataclass

import numpy as np

NOTE = np.dtype([("onset", "f8"), ("duration", "f8"), ("pitch", "i2"), ("velocity", "i2"), ("part", "i2")])


@dataclass(frozen=True, eq=False)
class Piece:
    """A note table with its tempo, instruments and metre.

    Attributes:
        notes: structured array of `NOTE`, ordered by (onset, part, pitch).
        tempo_bpm: quarter notes a minute, one for the whole piece.
        programs: General MIDI program (0-127) of each part.
        metre: beats a bar and the note value of a beat, such as (3, 4).
        source: where the piece came from, for people.
    """

    notes: np.ndarray
    tempo_bpm: float
    programs: tuple[int, ...]
    metre: tuple[int, int] = (4, 4)
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", np.sort(self.notes, order=["onset", "part", "pitch"]))
        if len(self.notes) and not (self.notes["part"].min() >= 0 and self.notes["part"].max() < len(self.programs)):
            raise ValueError(f"notes name parts outside 0-{len(self.programs) - 1}")

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

"""Small pieces to encode, on the grid of twelfths of a beat."""

import numpy as np

from reprise.music.piece import Piece, note_table


def piece_of(*rows: tuple, metre: tuple[int, int] = (4, 4), parts: int = 0, source: str = "test") -> Piece:
    """Rows of (onset, duration, pitch, part) in twelfths of a beat, or with a velocity as a fifth, as a piece."""
    table = [(row[0] / 12, row[1] / 12, row[2], *(row[4:] or (64,)), row[3]) for row in rows]
    return Piece(note_table(table), 100.0, (0,) * max(parts, 1 + max(row[3] for row in rows)), metre, source)


def line(pitches, duration: float = 1.0, metre: tuple[int, int] = (4, 4), start: float = 0.0) -> Piece:
    """One part, note after note, of so many beats each."""
    rows = [(start + i * duration, duration, pitch, 64, 0) for i, pitch in enumerate(pitches)]
    return Piece(note_table(rows), 120.0, (0,), metre, "a line")


def cut_at_next_strike(rows: list[tuple]) -> list[tuple]:
    """The rows in order, without a second note of the same onset, part and pitch, and each note at most as long as
    until its part strikes its pitch again: what a sequence of events can say."""
    kept = {}
    for row in sorted(rows, key=lambda row: (row[0], row[3], row[2], -row[1])):
        kept.setdefault((row[0], row[3], row[2]), row)
    rows = list(kept.values())
    for i, (onset, duration, *rest) in enumerate(rows):
        again = (row[0] for row in rows[i + 1 :] if row[2:4] == rows[i][2:4])
        rows[i] = (onset, min(duration, next(again, onset + duration) - onset), *rest)
    return rows


def random_piece(seed: int, notes: int = 24, parts: int = 3, metre: tuple[int, int] = (4, 4), **other) -> Piece:
    """Rests, chords within a part, unisons of two parts, notes held over others, steps and durations up to a beat."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.choice([0, 0, 3, 4, 6, 12], notes))
    rows = [
        (int(onset), int(rng.choice([3, 4, 6, 12])), int(rng.integers(60, 66)), int(rng.integers(parts)))
        for onset in onsets
    ]
    return piece_of(*cut_at_next_strike(rows), metre=metre, parts=parts, source=f"random {seed}", **other)

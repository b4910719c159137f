"""The opening of somebody's piece: what stays of it in new music, and what a model reads of it.

The opening itself stays note for note. The model reads it in its own vocabulary: brought into the range of its
training pieces as a whole, by the smallest transposition that does it, or, where its parts together are too wide for
that, part by part by octaves; on the times that it knows; without the velocities that it doesn't know. What it writes
is moved back by as much as the opening was moved, so that the music goes on in the opening's own key and register.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.encoding.events import Encoding
from reprise.errors import BadInput
from reprise.music.excerpts import cut_at_bar, first_parts
from reprise.music.piece import Piece

ALIKE = 1e-6  # beats


@dataclass(frozen=True)
class Reading:
    """An opening and how a model reads it.

    Attributes:
        piece: the opening as it stays; without the parts that the model has none for.
        events: what the model reads, int64[N, F], without one that ends a piece.
        shifts: semitones that each part of the model is read higher by.
        parts_left_out: so many parts, the last ones, aren't there. retimed: notes of the opening that the model
        reads at another time or length, or not at all. unread_velocities: notes whose velocity it doesn't read.
    """

    piece: Piece
    events: np.ndarray
    shifts: tuple[int, ...]
    parts_left_out: int
    retimed: int
    unread_velocities: int


def opening(piece: Piece, bars: int) -> Piece:
    """The first bars of a piece, to continue.

    Raises:
        BadInput: the piece is shorter than one bar, or these bars hold no note.
    """
    length = float((piece.notes["onset"] + piece.notes["duration"]).max(initial=0.0)) / piece.bar_beats
    if length < 1 - 1e-6:
        raise BadInput(f"{piece.source}: is {length:.2f} bars long; an opening must be at least one bar long")
    cut = cut_at_bar(piece, bars)
    if not len(cut.notes):
        raise BadInput(f"{piece.source}: has no note in its first {bars} bars")
    return cut


def read_opening(start: Piece, encoding: Encoding) -> Reading:
    """An opening as a model with this encoding reads it.

    Raises:
        BadInput: its metre is unknown, no note is in the parts that the model has, or a part is wider than the whole
        range.
    """
    piece = first_parts(start, encoding.parts)
    if not len(piece.notes):
        raise BadInput(f"{start.source}: has no note in its first {encoding.parts} parts, all that the model has")
    shifts = shifts_into_range(piece, encoding)
    moved = transposed(piece, shifts)
    events = encoding.encode(moved)[:-1]
    read = encoding.decode(events, piece.metre, piece.tempo_bpm, piece.programs, piece.source)
    return Reading(
        piece,
        events,
        shifts,
        len(start.programs) - len(piece.programs),
        sum((_places(moved) - _places(read)).values()),
        int((~np.isin(piece.notes["velocity"], encoding.velocities_read)).sum()),
    )


def _places(piece: Piece) -> Counter:
    """How often each onset, duration, pitch and part comes; times in `ALIKE`."""
    notes = piece.notes
    times = (np.round(notes[name] / ALIKE).astype(np.int64).tolist() for name in ("onset", "duration"))
    return Counter(zip(*times, notes["pitch"].tolist(), notes["part"].tolist()))


def shifts_into_range(piece: Piece, encoding: Encoding) -> tuple[int, ...]:
    """Semitones that bring each part into the range of the training pieces, of as many parts as the encoding has.

    Raises:
        BadInput: a part is wider than the whole range.
    """
    pitches, low_high = piece.notes["pitch"].astype(int), encoding.trained_range
    together = _smallest_shift(pitches, low_high, 1)
    if together is not None:
        return (together,) * encoding.parts
    shifts = [0] * encoding.parts
    for part in np.unique(piece.notes["part"]).tolist():
        own = pitches[piece.notes["part"] == part]
        octaves = _smallest_shift(own, low_high, 12)
        if octaves is None:
            raise BadInput(
                f"{piece.source}: part {part + 1} spans MIDI {own.min()}-{own.max()}; "
                f"no octave of it fits the model's {low_high[0]}-{low_high[1]}"
            )
        shifts[part] = octaves
    return tuple(shifts)


def _smallest_shift(pitches: np.ndarray, low_high: tuple[int, int], step: int) -> int | None:
    """The smallest multiple of `step` semitones that brings all pitches within the two; None if none does."""
    shifts = sorted(range(-10 * 12, 10 * 12 + 1, step), key=lambda shift: (abs(shift), shift))
    low, high = pitches.min(), pitches.max()
    return next((shift for shift in shifts if low_high[0] <= low + shift and high + shift <= low_high[1]), None)


def transposed(piece: Piece, shifts: tuple[int, ...]) -> Piece:
    """The piece with each part so many semitones higher; its key goes unless nothing moves."""
    notes = piece.notes.copy()
    notes["pitch"] += np.array(shifts, notes["pitch"].dtype)[notes["part"]]
    moved = replace(piece, notes=notes)
    return replace(moved, key_fifths=None, key_mode=None) if any(shifts) else moved


def what_moved(reading: Reading) -> dict:
    """What the model reads otherwise than it stays, by the names that JSON gets; only what there is."""
    sounding = np.unique(reading.piece.notes["part"]).tolist()
    moved = [reading.shifts[part] for part in sounding]
    facts = {
        "read_higher_by_semitones": moved[0] if len(set(moved)) == 1 else dict(zip((p + 1 for p in sounding), moved)),
        "notes_read_at_other_times": reading.retimed,
        "velocities_not_read": reading.unread_velocities,
        "parts_left_out": reading.parts_left_out,
        "left_out_of_the_file": dict(reading.piece.left_out),
    }
    return {name: value for name, value in facts.items() if value}

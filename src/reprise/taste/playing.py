"""How a composed piece is played: instruments and their ranges, tempo, articulation, loudness."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reprise.music.instruments import BY_PROGRAM, INSTRUMENTS
from reprise.music.piece import Piece

# Sounding pitches that players can reach, after Adler, The Study of Orchestration (4th ed., 2016), appendix of ranges,
# by General MIDI program; those of the twelve instruments of the clips are in `music.instruments`.
RANGES: dict[int, tuple[int, int]] = {
    6: (29, 89),
    9: (79, 108),
    10: (60, 108),
    11: (53, 89),
    12: (45, 96),
    13: (65, 108),
    14: (60, 77),
    19: (36, 96),
    21: (41, 93),
    22: (60, 96),
    25: (40, 88),
    27: (40, 88),
    33: (28, 67),
    41: (48, 91),
    42: (36, 76),
    45: (28, 100),
    46: (24, 103),
    47: (40, 55),
    52: (40, 84),
    57: (40, 72),
    58: (28, 58),
    59: (55, 82),
    60: (34, 77),
    61: (36, 82),
    65: (49, 80),
    66: (44, 75),
    67: (36, 69),
    68: (58, 91),
    69: (52, 81),
    70: (34, 75),
    71: (50, 91),
    73: (60, 96),
    74: (60, 86),
    75: (60, 96),
    79: (60, 84),
}
ANY_RANGE = (36, 96)
OCTAVE = 12
DOWNBEAT, OFFBEAT = 6, -4  # velocity that a note gains at the start of a bar, or loses between beats
SOON = 1e-6  # beats
FILLED_REST = 1.0  # beats; a legato note lasts over a rest no longer than this


def range_of(program: int) -> tuple[int, int]:
    """Lowest and highest MIDI pitch of a General MIDI program."""
    if program in BY_PROGRAM:
        instrument = INSTRUMENTS[BY_PROGRAM[program]]
        return instrument.lowest, instrument.highest
    return RANGES.get(program, ANY_RANGE)


def play(
    piece: Piece,
    programs: Sequence[int],
    tempo_bpm: float,
    register: float | None,
    articulation: float | None,
    velocity: int,
) -> Piece:
    """The piece as it is played.

    Args:
        programs: General MIDI programs that play, at most one a part. register: the mean pitch that was asked for; the
        piece is moved by whole octaves until it is nearest to it. articulation: share of the time to its part's next
        onset that a note sounds, but for the last chord; None leaves notes as they are. velocity: MIDI's, of notes on
        beats.
    """
    notes = piece.notes.copy()
    if register is not None and len(notes):
        apart = register - float(np.average(notes["pitch"], weights=notes["duration"]))
        notes["pitch"] += _within(notes["pitch"], OCTAVE * round(apart / OCTAVE))
    by_part = [notes["part"] == part for part in range(len(piece.programs))]
    end = (notes["onset"] + notes["duration"]).max(initial=0.0)
    sounding = np.array([own.any() for own in by_part])
    heights = np.array([notes["pitch"][own].mean() if own.any() else 0.0 for own in by_part])
    players = _players(programs, heights, sounding)
    for own, program in zip(by_part, players):
        notes["pitch"][own] += _into_range(notes["pitch"][own], *range_of(program))
        if articulation is not None:
            notes["duration"][own] = _articulated(notes[own], articulation, end)
    notes["velocity"] = _velocities(notes["onset"], piece.metre, velocity)
    return replace(piece, notes=notes, programs=players, tempo_bpm=tempo_bpm)


def spread(programs: Sequence[int], heights: np.ndarray) -> tuple[int, ...]:
    """A program for each part: high instruments go to high parts, low ones to low parts, and each plays at least once.

    Args:
        programs: General MIDI programs, as many as parts or fewer. heights: mean pitch of each part, float[P].
    """
    ordered = sorted(programs, key=lambda program: -sum(range_of(program)))
    place = np.argsort(np.argsort(-heights, kind="stable"), kind="stable")  # 0 is the highest part
    return tuple(ordered[int(rank) * len(ordered) // len(heights)] for rank in place)


def _players(programs: Sequence[int], heights: np.ndarray, sounding: np.ndarray) -> tuple[int, ...]:
    """A program for each part: `spread` over those that sound, and any for those that don't."""
    if sounding.sum() < len(programs):
        return spread(programs, heights)
    among = iter(spread(programs, heights[sounding]))
    return tuple(next(among) if sounds else programs[0] for sounds in sounding)


def _within(pitches: np.ndarray, shift: int) -> int:
    """The shift, or as many of its octaves as keep pitches MIDI's."""
    low, high = int(pitches.min()), int(pitches.max())
    while low + shift < 0:
        shift += OCTAVE
    while high + shift > 127:
        shift -= OCTAVE
    return shift


def _into_range(pitches: np.ndarray, low: int, high: int) -> int:
    """By how many semitones, in octaves, a part moves so that fewest of its notes lie out of range; 0 if none gains."""
    if not len(pitches):
        return 0
    possible = {_within(pitches, OCTAVE * octaves) for octaves in range(-5, 6)}
    shifts = sorted(possible, key=lambda shift: (abs(shift), shift))
    return min(shifts, key=lambda shift: int(((pitches + shift < low) | (pitches + shift > high)).sum()))


def _articulated(notes: np.ndarray, share: float, end: float) -> np.ndarray:
    """Durations in beats of a part's notes, float[N]: of the time to its next onset they sound for `share`; the last
    ones, and what sounds at the end of the piece, as long as written.
    """
    onsets = np.unique(notes["onset"])
    gaps = np.append(np.diff(onsets), np.inf)[np.searchsorted(onsets, notes["onset"])]
    last = np.isinf(gaps) | (notes["onset"] + notes["duration"] > end - SOON)
    rests = np.where(last, 0.0, gaps - notes["duration"])
    whole = np.where(rests <= FILLED_REST, gaps, notes["duration"])
    return np.where(last, notes["duration"], np.minimum(whole * share, gaps))


def _velocities(onsets: np.ndarray, metre: tuple[int, int], velocity: int) -> np.ndarray:
    """MIDI velocities, int[N]: a bar's first notes are stressed, those between beats lighter.

    In 6/8, 9/8 and 12/8 three eighths are a beat.
    """
    beats, value = metre
    compound = value >= 8 and beats > 3 and beats % 3 == 0
    beat = (3 if compound else 1) * 4 / value
    place = np.round(onsets % (beats * 4 / value), 6)
    on_bar = np.isclose(place, 0) | np.isclose(place, beats * 4 / value)
    on_beat = np.isclose(place % beat, 0, atol=1e-5) | np.isclose(place % beat, beat, atol=1e-5)
    stress = np.where(on_bar, DOWNBEAT, np.where(on_beat, 0, OFFBEAT))
    return np.clip(velocity + stress, 1, 127)

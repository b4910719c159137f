"""A whole piece as sound, to listen to: one font as it is, dry, any number of parts.

Conventions: float32 mono in -1..1. Unlike `render`, which makes short stems, this renders in chunks that follow one
another in one synth, so that memory hardly grows with the piece beyond the samples themselves.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from reprise.audio.fluidsynth import BLOCK, open_synth
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.render import FADE_S, SILENCE
from reprise.errors import BadInput
from reprise.music.piece import Piece

TAIL_S = 2.0  # for what still rings after the last note
LEVEL_DB = -20.0  # active RMS in dBFS
PEAK = 0.98
LONGEST_S = 3600
CHANNELS = 16  # of one synth; more parts take another one
CHUNK = BLOCK * 2048  # frames; 3 s at 44,100 Hz

Event = tuple[int, int, int, int]  # frame, channel, pitch, velocity


def play_piece(piece: Piece, font: Path, sample_rate: int = 44100, level_db: float = LEVEL_DB) -> np.ndarray:
    """The piece on one font: float32[round((piece.duration_s + TAIL_S) * sample_rate)].

    Args:
        level_db: its active RMS in dBFS; less where the peak would pass `PEAK`.

    Raises:
        BadInput: the piece lasts more than an hour.
        FontError: the font is unreadable or lacks a program.
    """
    if piece.duration_s > LONGEST_S:
        raise BadInput(f"{piece.source}: lasts {piece.duration_s:,.0f} s; at most {LONGEST_S:,} s are played")
    mix = np.zeros(round((piece.duration_s + TAIL_S) * sample_rate), np.float32)
    for first in range(0, len(piece.programs), CHANNELS):
        _add_parts(mix, piece, first, font, sample_rate)
    fade = round(FADE_S * sample_rate)
    mix[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    loudest = max(float(np.abs(mix).max()), SILENCE)
    mix *= np.float32(min(10 ** (level_db / 20) / max(_level(mix, sample_rate), SILENCE), PEAK / loudest))
    return mix


def _add_parts(mix: np.ndarray, piece: Piece, first: int, font: Path, sample_rate: int) -> None:
    """Add the parts from number `first` on that one synth can play."""
    with open_synth({font}, 1, sample_rate, reverb=False) as synth:  # one stem, which all channels share
        for channel, program in enumerate(piece.programs[first : first + CHANNELS]):
            synth.select(channel, font, program)
        starts = range(0, len(mix), CHUNK)
        for start, events in zip(starts, _events_by_chunk(piece, first, sample_rate, len(starts))):
            mix[start : start + CHUNK] += synth.play(events, min(CHUNK, len(mix) - start))[0]


def _events_by_chunk(piece: Piece, first: int, sample_rate: int, chunks: int) -> Iterator[list[Event]]:
    """What happens in each chunk, frames counted from its start; at the same frame notes end before others begin."""
    notes = piece.notes[(piece.notes["part"] >= first) & (piece.notes["part"] < first + CHANNELS)]
    frames_per_beat = piece.seconds_per_beat * sample_rate
    starts = np.rint(notes["onset"] * frames_per_beat).astype(np.int64)
    ends = np.rint((notes["onset"] + notes["duration"]) * frames_per_beat).astype(np.int64)
    channels, pitches, velocities = notes["part"] - first, notes["pitch"], notes["velocity"]
    both = np.concatenate([
        np.stack([ends, np.zeros_like(ends), channels, pitches, np.zeros_like(ends)], axis=1),
        np.stack([starts, np.ones_like(starts), channels, pitches, velocities], axis=1),
    ])  # fmt: skip
    both = both[np.lexsort(both.T[::-1])]
    bounds = np.searchsorted(both[:, 0], CHUNK * np.arange(chunks + 1))
    for chunk, (low, high) in enumerate(pairwise(bounds)):
        yield [(frame - chunk * CHUNK, *event) for frame, _, *event in both[low:high].tolist()]


def _level(mix: np.ndarray, sample_rate: int) -> float:
    """Active RMS, from stretches of a minute: window_rms takes 8 bytes a sample."""
    minute = 60 * sample_rate
    windows = [window_rms(mix[None, at : at + minute], sample_rate) for at in range(0, len(mix), minute)]
    return float(active_rms(np.concatenate(windows, axis=1))[0])

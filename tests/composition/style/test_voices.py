"""Voices, and what sounds when, by hand."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.composition.style.voices import (
    bar_of,
    beat_of,
    has_voices,
    is_monophonic,
    line_of,
    lowest,
    melody_of,
    pitch_time,
    sounding,
    voices,
)

DUET = piece_of((0, 12, 60, 0), (12, 12, 62, 0), (0, 24, 72, 1))


def test_voices_are_ordered_from_high_to_low_whatever_their_part():
    upper, lower = voices(DUET)
    assert upper.pitches.tolist() == [72] and lower.pitches.tolist() == [60, 62]
    assert melody_of(DUET).pitches.tolist() == [72]
    assert lower.steps.tolist() == [12, 12] and upper.steps.tolist() == [24]


def test_a_line_has_the_highest_of_a_chord_and_ends_where_the_next_note_begins():
    line = line_of(piece_of((0, 24, 60, 0), (0, 24, 64, 0), (12, 6, 62, 0)).notes)
    assert line.onsets.tolist() == [0, 12] and line.ends.tolist() == [12, 18] and line.pitches.tolist() == [64, 62]


def test_a_rest_is_none_of_a_line_s_notes():
    (line,) = voices(piece_of((0, 6, 60, 0), (12, 6, 62, 0)))
    assert sounding([line], np.array([0, 5, 6, 12, 18])).tolist() == [[0, 0, -1, 1, -1]]


@pytest.mark.parametrize(
    ("rows", "of_voices", "of_one_line"),
    [
        ([(0, 12, 60, 0), (12, 12, 62, 0)], False, True),
        ([(0, 12, 60, 0), (0, 12, 72, 1)], True, False),
        ([(0, 12, 60, 0), (12, 12, 72, 1)], True, True),  # in turn
        ([(0, 12, 60, 0), (0, 12, 64, 0), (0, 12, 72, 1)], False, False),  # a piano
    ],
)
def test_what_has_voices_and_what_one_line(rows, of_voices, of_one_line):
    piece = piece_of(*rows)
    assert (has_voices(piece), is_monophonic(piece)) == (of_voices, of_one_line)


def test_a_stop_now_and_then_makes_no_chords_of_a_part():
    stop = [(0, 12, 60, 0), (0, 12, 67, 0)]
    line = [(12 * n, 12, 60 + n, 0) for n in range(1, 12)]
    assert is_monophonic(piece_of(*stop, *line)) and not is_monophonic(piece_of(*stop, *line[:3]))


def test_how_long_pitch_classes_sound_in_a_window():
    (time,) = pitch_time(DUET, np.array([6]), np.array([18]))
    assert time[0] == 6 + 12 and time[2] == 6 and time.sum() == 24
    assert lowest(DUET, np.array([0, 6, 12, 24]), np.array([1, 18, 18, 30])).tolist() == [60, 60, 62, -1]


@pytest.mark.parametrize(
    ("metre", "beat", "bar"), [((4, 4), 12, 48), ((3, 4), 12, 36), ((6, 8), 18, 36), ((3, 8), 6, 18), ((2, 2), 24, 48)]
)
def test_beats_and_bars(metre, beat, bar):
    piece = piece_of((0, 12, 60, 0), metre=metre)
    assert (beat_of(piece), bar_of(piece)) == (beat, bar)

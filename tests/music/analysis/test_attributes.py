"""Attributes of pieces: by hand on small ones, and undefined where there is nothing to measure."""

from dataclasses import replace

import numpy as np
import pytest

from reprise.music.analysis.attributes import ATTRIBUTES, attributes_of
from reprise.music.piece import Piece, note_table


def piece(*rows: tuple, tempo: float = 60.0) -> Piece:
    """A piece for two pianos of (onset, duration, pitch, part)."""
    return Piece(note_table([(onset, length, pitch, 80, part) for onset, length, pitch, part in rows]), tempo, (0, 0))


def test_onsets_a_second_follow_the_tempo_and_count_a_chord_once():
    notes = piece((0, 1, 60, 0), (0, 1, 64, 0), (1, 1, 60, 0), (2, 2, 60, 1))
    assert attributes_of(notes)["onset_rate"] == pytest.approx(3 / 4)
    assert attributes_of(replace(notes, tempo_bpm=120.0))["onset_rate"] == pytest.approx(3 / 2)


def test_a_long_note_counts_more_for_the_mean_pitch():
    assert attributes_of(piece((0, 3, 60, 0), (3, 1, 64, 0)))["mean_pitch"] == 61


@pytest.mark.parametrize(("length", "share"), [(0.25, 0.25), (1, 1.0), (3, 1.0)])
def test_articulation_is_the_sounding_share_of_the_time_between_onsets(length, share):
    notes = [(onset, length, 60 + onset, 0) for onset in range(4)]
    assert attributes_of(piece(*notes))["articulation"] == pytest.approx(share)


def test_articulation_is_that_of_each_part():
    notes = piece((0, 1, 60, 0), (1, 1, 60, 0), (0.5, 0.5, 50, 1), (1.5, 0.5, 50, 1))
    assert attributes_of(notes)["articulation"] == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [(1, 1.428), (2, 0.582), (3, -0.594), (4, -0.386), (5, -1.24), (6, 0.453), (7, -1.24), (23, 1.428)],
)
def test_dissonance_is_that_of_the_interval_class(interval, expected):
    assert attributes_of(piece((0, 1, 60, 0), (0, 1, 60 + interval, 1)))["dissonance"] == pytest.approx(expected)


def test_dissonance_counts_how_long_notes_sound_together():
    notes = piece((0, 4, 60, 0), (0, 1, 61, 1), (1, 3, 67, 1))
    assert attributes_of(notes)["dissonance"] == pytest.approx((1.428 - 3 * 1.24) / 4)


def test_mode_tells_major_from_minor_whatever_the_tonic():
    for steps, sign in (((0, 2, 4, 5, 7, 9, 11, 0, 4, 7), 1), ((0, 2, 3, 5, 7, 8, 10, 0, 3, 7), -1)):
        for tonic in range(12):
            notes = [(onset, 1, 60 + tonic + step, 0) for onset, step in enumerate(steps)]
            assert np.sign(attributes_of(piece(*notes))["mode"]) == sign


def test_what_one_note_has_no_attribute_for_is_undefined():
    found = attributes_of(piece((0, 1, 60, 0)))
    assert {name for name, value in found.items() if np.isnan(value)} == {"articulation", "dissonance"}


def test_nothing_is_defined_for_no_notes():
    assert all(np.isnan(function(piece())) for function in ATTRIBUTES.values())

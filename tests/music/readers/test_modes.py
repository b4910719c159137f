"""Modes: the names and key signatures of music21's, and how files shorten them."""

import pytest
from music21.key import modeSharpsAlter

from reprise.music.readers.modes import MODES, mode_of


def test_modes_are_music21_s():
    assert modeSharpsAlter == MODES


@pytest.mark.parametrize(
    ("written", "mode"),
    [("Dor", "dorian"), ("MIXOLYDIAN", "mixolydian"), ("aeol", "aeolian"), ("m", None), ("", None), ("none", None)],
)
def test_three_letters_name_a_mode(written, mode):
    assert mode_of(written) == mode

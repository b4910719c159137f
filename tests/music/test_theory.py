"""Scales and chords against hand-checked ones and music21."""

import pytest
from music21 import chord as m21_chord
from music21 import pitch as m21_pitch
from music21 import scale as m21_scale

from reprise.music.theory import MODES, ROOT_PROGRESSIONS, chord, pitches_in, scale

REFERENCES = {
    "major": m21_scale.MajorScale,
    "harmonic_minor": m21_scale.HarmonicMinorScale,
    "dorian": m21_scale.DorianScale,
    "mixolydian": m21_scale.MixolydianScale,
}


def test_c_major_is_the_white_keys():
    assert scale(0, "major") == (0, 2, 4, 5, 7, 9, 11)
    assert scale(2, "dorian") == (2, 4, 5, 7, 9, 11, 0)  # D dorian too, from D
    assert scale(9, "harmonic_minor") == (9, 11, 0, 2, 4, 5, 8)  # A minor with G sharp


@pytest.mark.parametrize("mode", MODES)
def test_scales_are_music21_s(mode):
    for tonic in range(12):
        reference = REFERENCES[mode](m21_pitch.Pitch(60 + tonic))
        assert scale(tonic, mode) == tuple(reference.pitchFromDegree(d).pitchClass for d in range(1, 8))


def test_triads_of_a_major_key_have_their_usual_qualities():
    """I ii iii IV V vi vii°."""
    qualities = [m21_chord.Chord([60 + p for p in chord(scale(0, "major"), degree)]).quality for degree in range(7)]
    assert qualities == ["major", "minor", "minor", "major", "major", "minor", "diminished"]


def test_the_seventh_on_the_fifth_is_dominant():
    assert chord(scale(0, "major"), 4, 4) == (7, 11, 2, 5)
    for mode in ("major", "harmonic_minor"):
        for tonic in range(12):
            pitches = chord(scale(tonic, mode), 4, 4)
            stacked = m21_chord.Chord([48 + pitches[0] + (p - pitches[0]) % 12 for p in pitches])
            assert stacked.isDominantSeventh()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("degree", range(7))
def test_chords_are_stacked_thirds_on_their_root(mode, degree):
    """music21 spells the scale's notes, so it can tell the root of a diminished seventh chord."""
    spelled = REFERENCES[mode](m21_pitch.Pitch("F3"))
    reference = m21_chord.Chord([spelled.pitchFromDegree(degree + 1 + third) for third in (0, 2, 4, 6)])
    assert reference.isSeventh()
    pitches = chord(scale(5, mode), degree, 4)
    assert set(pitches) == set(reference.pitchClasses) and len(set(pitches)) == 4
    assert pitches[0] == reference.root().pitchClass == scale(5, mode)[degree]


def test_progressions_stay_in_the_key_and_never_stop():
    assert ROOT_PROGRESSIONS.keys() == set(range(7))
    for degree, following in ROOT_PROGRESSIONS.items():
        assert following and set(following) <= set(range(7)) - {degree}
    assert 0 in ROOT_PROGRESSIONS[4], "V resolves to I"


def test_pitches_in_a_range_are_every_one_of_their_class():
    assert pitches_in((0, 4, 7), 60, 72) == [60, 64, 67, 72]
    assert pitches_in((11,), 60, 70) == []
    assert pitches_in(tuple(range(12)), 21, 108) == list(range(21, 109))

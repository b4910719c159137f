"""What a pitch class would be in the chord that sounds, by hand."""

import numpy as np
import pytest

from reprise.composition.encoding.hearing.sonority import ROLES, roles_of

C, E, G, BB = 60, 64, 67, 70


def role(pitch: int, *sounding: int) -> int:
    pitches = np.array([sounding or (0,)])
    return int(roles_of(pitches, np.full(pitches.shape, bool(sounding)))[0, pitch % 12])


@pytest.mark.parametrize("octave", [-12, 0, 12])
def test_octaves_and_keys_do_not_count(octave):
    assert role(C, E, G) == role(C + octave, E, G - octave) == role(C + 5, E + 5, G + 5 + octave)


def test_each_member_of_each_kind_of_chord_has_a_role_of_its_own():
    roles = [
        role(C, E, G), role(E, C, G), role(G, C, E),  # major
        role(C, C + 3, G), role(C + 3, C, G), role(G, C, C + 3),  # minor
        role(C, E, G, BB), role(E, C, G, BB), role(G, C, E, BB), role(BB, C, E, G),  # dominant seventh
        role(C, E), role(E, C), role(G, C), role(C, G), role(C), role(C, C),
    ]  # fmt: skip
    assert len(set(roles)) == len(roles) < ROLES


def test_whether_a_class_sounds_already_is_told():
    assert role(C, E, G) != role(C, C, E, G) and role(G, C) != role(G, C, G)


def test_chords_that_are_the_same_from_each_of_their_notes_have_one_role():
    augmented, diminished = (60, 64, 68), (60, 63, 66, 69)
    for chord in (augmented, diminished):
        assert len({role(note, *(other for other in chord if other != note)) for note in chord}) == 1


def test_a_dissonance_with_a_semitone_is_apart_from_others():
    assert role(C + 1, C, E, G) != role(C + 2, C, E, G)


def test_what_does_not_sound_is_not_heard():
    pitches = np.array([[C, E, G], [C, E, G]])
    sounding = np.array([[False, True, True], [False, False, False]])
    found = roles_of(pitches, sounding)
    assert found[0, 0] == role(C, E, G) and (found[1] == role(C)).all()

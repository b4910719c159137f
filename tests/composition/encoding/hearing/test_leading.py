"""Voice leading: who has moved, from where, and which pitch classes would make parallels, by hand."""

import numpy as np
import pytest

from reprise.composition.encoding.events import INTERVAL_SPAN
from reprise.composition.encoding.hearing.leading import VoiceLeading

MOTION = INTERVAL_SPAN + 1  # the category of no motion; with +1 for a semitone up
SOPRANO, BASS = 0, 1


def led(*notes: tuple[int, int, int], parts: int = 2) -> VoiceLeading:
    """After these notes (part, pitch, onset)."""
    leading = VoiceLeading(1, parts, parts)
    for part, pitch, onset in notes:
        leading.push(np.array([part]), np.array([pitch]), np.array([onset]))
    return leading


def forbidden(leading: VoiceLeading, part: int, onset: int) -> dict[int, int]:
    """The pitch classes that would make a parallel, with its kind."""
    found = leading.parallels(np.array([part]), np.array([onset]))[0]
    return {int(place): int(found[place]) for place in np.flatnonzero(found)}


@pytest.mark.parametrize(
    ("soprano", "bass", "expected"),
    [
        ((67, 69), 60, {2: 1}),  # a fifth: D would keep it
        ((67, 69), 48, {2: 1}),  # a twelfth
        ((72, 74), 60, {2: 2}),  # an octave
        ((60, 65), 60, {5: 2}),  # a unison
        ((69, 71), 60, {}),  # a sixth may go on
        ((65, 67), 60, {}),  # so may a fourth
        ((67, 67), 60, {}),  # nobody moves with a part that stays
        ((67, 65), 60, {10: 1}),  # downwards
    ],
)
def test_what_would_keep_a_fifth_or_an_octave_with_a_part_that_has_moved(soprano, bass, expected):
    leading = led((SOPRANO, soprano[0], 0), (BASS, bass, 0), (SOPRANO, soprano[1], 12))
    assert forbidden(leading, BASS, 12) == expected


def test_a_part_below_that_has_moved_counts_as_well():
    leading = led((SOPRANO, 67, 0), (BASS, 60, 0), (BASS, 62, 12))
    assert forbidden(leading, SOPRANO, 12) == {9: 1}


def test_a_fifth_with_the_upper_part_below_is_a_fourth():
    """The parts have crossed: C above G is a fourth."""
    assert forbidden(led((SOPRANO, 55, 0), (BASS, 60, 0), (SOPRANO, 57, 12)), BASS, 12) == {}


def test_a_part_that_moved_before_and_one_without_a_past_forbid_nothing():
    assert forbidden(led((SOPRANO, 67, 0), (BASS, 60, 0), (SOPRANO, 69, 12)), BASS, 24) == {}
    assert forbidden(led((SOPRANO, 67, 0), (SOPRANO, 69, 12)), BASS, 12) == {}
    assert forbidden(led((BASS, 60, 0), (SOPRANO, 67, 12)), BASS, 12) == {}


def test_features_tell_motion_and_the_interval_before():
    leading = led((0, 67, 0), (1, 64, 0), (2, 48, 0), (0, 69, 12), (2, 41, 12), parts=3)
    found = leading.features(np.array([1]), np.array([12]))[0]
    assert found.tolist() == [MOTION + 2, 0, MOTION - 7, 1 + 3, 0, 1 + (48 - 64) % 12]
    assert not leading.features(np.array([1]), np.array([13])).any()


def test_notes_that_a_part_strikes_at_once_are_one_motion():
    leading = led((0, 60, 0), (0, 64, 12), (0, 67, 12))
    assert (leading.last[0, 0], leading.before[0, 0]) == (67, 60)


def test_a_selection_has_arrays_of_its_own():
    leading = led((SOPRANO, 67, 0), (BASS, 60, 0), (SOPRANO, 69, 12))
    chosen = leading.select(np.array([0, 0]))
    assert (
        chosen.parallels(np.array([1, 1]), np.array([12, 12])).tolist()
        == [leading.parallels(np.array([1]), np.array([12]))[0].tolist()] * 2
    )
    chosen.last[:] = 0
    assert leading.last[0, 0] == 69

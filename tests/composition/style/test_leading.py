"""Parallels by hand, and against music21's own check of voice leading."""

import numpy as np
import pytest
from music21 import note, voiceLeading
from tiny_pieces import piece_of

from reprise.composition.evaluation.style import parallels, style


def two(upper: list[int], lower: list[int]):
    notes = [(12 * n, 12, pitch, part) for part, line in enumerate((upper, lower)) for n, pitch in enumerate(line)]
    return piece_of(*notes, parts=2)


@pytest.mark.parametrize(
    ("upper", "lower", "expected"),
    [
        ([67, 69], [60, 62], (1, 0, 1)),
        ([72, 74], [60, 62], (0, 1, 1)),
        ([60, 62], [60, 62], (0, 1, 1)),
        ([79, 69], [60, 62], (1, 0, 1)),  # a twelfth to a fifth
        ([69, 71], [60, 62], (0, 0, 1)),
        ([65, 67], [60, 62], (0, 0, 1)),  # fourths
        ([67, 67], [60, 60], (0, 0, 0)),  # nobody moves
        ([67, 69], [60, 60], (0, 0, 0)),  # one does
        ([67, 69, 71], [60, 62, 64], (2, 0, 2)),
        ([67, 62], [60, 69], (0, 0, 1)),  # a fifth above, then below
    ],
)
def test_by_hand(upper, lower, expected):
    assert parallels(two(upper, lower)) == expected


def test_parts_that_never_move_together_have_no_moving_pair():
    assert parallels(piece_of((0, 12, 67, 0), (12, 12, 69, 0), (0, 6, 60, 1), (6, 12, 62, 1), parts=2)) == (0, 0, 0)
    assert style([two([67, 67], [60, 60])], 20, 1, ["a"]) == {}


def test_music21_finds_the_same_fifths_and_octaves():
    """On white keys, where seven semitones are always spelt as a fifth."""
    rng = np.random.default_rng(0)
    white = [pitch for pitch in range(48, 84) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    pairs = [(pitch + step, pitch) for pitch in white for step in (4, 7, 12) if pitch + step in white]
    for _ in range(300):
        upper, lower = np.array([pairs[place] for place in rng.integers(len(pairs), size=2)]).T
        first, second = ([note.Note(int(pitch)) for pitch in line] for line in (upper, lower))
        quartet = voiceLeading.VoiceLeadingQuartet(*first, *second)
        found = parallels(two(upper.tolist(), lower.tolist()))
        if upper[0] != upper[1] and lower[0] != lower[1] and (upper[1] > upper[0]) == (lower[1] > lower[0]):
            assert found[:2] == (int(quartet.parallelFifth()), int(quartet.parallelOctave())), (upper, lower)


def test_counts_are_per_1000_moving_pairs():
    found = style([two([67, 69, 72], [60, 62, 64]), two([67, 69], [60, 62])], 50, 1, ["a", "b"])
    assert found["parallel_fifths"]["value"] == pytest.approx(1000 * 2 / 3, abs=1e-3)
    assert found["parallel_fifths"]["count"] == 2 and found["parallel_octaves"]["value"] == 0

"""Voice leading by hand, and against music21's own check of it."""

import numpy as np
import pytest
from music21 import note, voiceLeading
from tiny_pieces import piece_of

from reprise.composition.style.leading import leading, motions
from reprise.composition.style.measures import columns, estimates
from reprise.composition.style.voices import UNDEFINED, voices


def two(upper: list[int], lower: list[int]):
    notes = [(12 * n, 12, pitch, part) for part, line in enumerate((upper, lower)) for n, pitch in enumerate(line)]
    return piece_of(*notes, parts=2)


@pytest.mark.parametrize(
    ("upper", "lower", "fifths", "octaves", "contrary", "hidden", "pairs"),
    [
        ([67, 69], [60, 62], 1, 0, 0, 0, 1),
        ([72, 74], [60, 62], 0, 1, 0, 0, 1),
        ([60, 62], [60, 62], 0, 1, 0, 0, 1),
        ([79, 69], [60, 62], 1, 0, 1, 0, 1),  # a twelfth to a fifth
        ([67, 77], [60, 58], 1, 0, 1, 0, 1),  # and back
        ([69, 71], [60, 62], 0, 0, 0, 0, 1),
        ([65, 67], [60, 62], 0, 0, 0, 0, 1),  # fourths
        ([67, 67], [60, 60], 0, 0, 0, 0, 0),  # nobody moves
        ([67, 69], [60, 60], 0, 0, 0, 0, 0),  # one does
        ([67, 69, 71], [60, 62, 64], 2, 0, 0, 0, 2),
        ([72, 62, 64], [60, 59, 57], 0, 0, 0, 0, 2),
        ([64, 69], [60, 62], 0, 0, 0, 1, 1),  # a third to a fifth, the upper by leap
        ([68, 69], [60, 62], 0, 0, 0, 0, 1),  # by step
        ([64, 69], [67, 62], 0, 0, 0, 0, 1),  # by contrary motion
    ],
)
def test_by_hand(upper, lower, fifths, octaves, contrary, hidden, pairs):
    found = motions(voices(two(upper, lower)))
    assert found == (fifths, octaves, contrary, hidden, pairs, pairs)


def test_a_fifth_turned_over_is_no_parallel():
    upper, lower = voices(two([67, 62, 79], [60, 69, 50]))
    assert motions([upper, lower]).fifths == 0


def test_hidden_perfects_are_those_of_outer_voices():
    lines = [[76, 77], [64, 69], [60, 62]]  # the inner voice comes to a fifth above the lowest
    piece = piece_of(*((12 * n, 12, pitch, part) for part, line in enumerate(lines) for n, pitch in enumerate(line)))
    found = motions(voices(piece))
    assert (found.hidden, found.pairs, found.outer) == (0, 3, 1)


def test_parts_that_never_move_together_have_no_moving_pair():
    apart = piece_of((0, 12, 67, 0), (12, 12, 69, 0), (0, 6, 60, 1), (6, 12, 62, 1), parts=2)
    assert leading(apart)["parallel_fifths"] == UNDEFINED
    assert leading(two([67, 67], [60, 60]))["parallel_octaves"] == UNDEFINED


def test_one_part_and_a_piano_have_no_pairs_of_voices():
    for piece in (
        piece_of((0, 12, 67, 0), (12, 12, 69, 0)),
        piece_of((0, 12, 67, 0), (0, 12, 60, 0), (0, 12, 50, 1), (12, 12, 52, 1)),
    ):
        assert set(leading(piece).values()) == {UNDEFINED}


def test_music21_finds_the_same_parallels_and_hidden_fifths():
    """On white keys, where seven semitones are always spelt as a fifth."""
    rng = np.random.default_rng(0)
    white = [pitch for pitch in range(48, 84) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    pairs = [(pitch + step, pitch) for pitch in white for step in (4, 7, 12) if pitch + step in white]
    seen = np.zeros(3, int)
    for _ in range(400):
        upper, lower = np.array([pairs[place] for place in rng.integers(len(pairs), size=2)]).T
        if upper[0] == upper[1] or lower[0] == lower[1]:
            continue
        first, second = ([note.Note(int(pitch)) for pitch in line] for line in (upper, lower))
        quartet = voiceLeading.VoiceLeadingQuartet(*first, *second)
        found = motions(voices(two(upper.tolist(), lower.tolist())))
        similar = (upper[1] > upper[0]) == (lower[1] > lower[0])
        if similar:
            expected = int(quartet.parallelFifth()), int(quartet.parallelOctave())
            assert (found.fifths, found.octaves) == expected, (upper, lower)
            if abs(upper[1] - upper[0]) > 2 and (upper[0] - lower[0]) % 12 not in (0, 7):
                assert found.hidden == int(quartet.hiddenFifth() or quartet.hiddenOctave()), (upper, lower)
        seen += found.fifths, found.octaves, found.hidden
    assert (seen > 5).all()


def test_counts_are_per_1000_moving_pairs_of_all_pieces():
    measured = columns([leading(two([67, 69, 72], [60, 62, 64])), leading(two([67, 69], [60, 62]))])
    found = estimates(measured, 50, 1, ["a", "b"])
    assert found["parallel_fifths"]["value"] == pytest.approx(1000 * 2 / 3, abs=1e-3)
    assert found["parallel_fifths"]["count"] == 2 and found["parallel_octaves"]["value"] == 0


def test_crossed_voices_are_counted_by_time():
    """Of 48 twelfths the lower voice, by its mean, is above the other for 12."""
    piece = piece_of((0, 36, 67, 0), (36, 12, 60, 0), (0, 36, 60, 1), (36, 12, 64, 1))
    assert leading(piece)["crossing_rate"] == (12, 48)


def test_upper_neighbours_more_than_an_octave_apart_are_counted_by_time():
    """The gap above the lowest voice may be as wide as it likes."""
    piece = piece_of((0, 12, 72, 0), (12, 12, 77, 0), (0, 24, 64, 1), (0, 24, 40, 2))
    assert leading(piece)["wide_spacing_rate"] == (12, 24)
    assert leading(two([84, 84], [60, 60]))["wide_spacing_rate"] == (0, 0), "two voices have no upper neighbours"

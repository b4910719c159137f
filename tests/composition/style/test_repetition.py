"""What comes back, exact, transposed or in its rhythm alone, and what is taken up, by hand."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.composition.style.repetition import (
    grams_of,
    longest_return,
    longest_transposed_return,
    repetition,
    take_up,
)
from reprise.composition.style.voices import UNDEFINED, melody_of
from reprise.music.piece import Piece

TUNE = [(60, 12), (64, 6), (65, 6), (67, 24)]  # a bar
FILL = [(72, 3), (71, 9), (69, 36)]


def melody(*bars: list[tuple[int, int]], up: int = 0, parts: int = 1) -> Piece:
    rows, onset = [], 0
    for pitch, length in (note for bar in bars for note in bar):
        rows.append((onset, length, pitch + up, 0))
        onset += length
    return piece_of(*rows, parts=parts)


def moved(bar: list[tuple[int, int]], semitones: int) -> list[tuple[int, int]]:
    return [(pitch + semitones, length) for pitch, length in bar]


def other_notes(bar: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The rhythm of a bar, the pitches of none of it in its order."""
    return [(pitch, length) for (pitch, _), (_, length) in zip([(77, 0), (50, 0), (81, 0), (55, 0)], bar)]


@pytest.mark.parametrize(
    ("last", "exact", "transposed"), [(TUNE, 4, 0), (moved(TUNE, 5), 0, 4), (other_notes(TUNE), 0, 0)]
)
def test_a_phrase_returns_exactly_or_transposed_or_not(last, exact, transposed):
    line = melody_of(melody(TUNE, FILL, last))
    assert (longest_return(line), longest_transposed_return(line)) == (exact, transposed)


def test_a_rhythm_returns_without_its_pitches():
    found = repetition(melody(TUNE, FILL, other_notes(TUNE)))
    assert found["longest_rhythm_return"] == (4, 1) and found["longest_return"] == (0, 1)
    assert found["rhythm_return_rate"] == (1, 3) and found["bar_return_rate"] == (0, 3)


def test_a_run_doesn_t_overlap_with_its_return():
    line = melody_of(melody([(60, 12)] * 7))
    assert longest_return(line) == 3, "of 7 alike notes 3 are followed by 3 more"
    rising = melody_of(melody([(60 + n, 12) for n in range(8)]))
    assert longest_transposed_return(rising) == 4, "no note is in both"


def test_bars_return_as_wholes_with_all_parts():
    def bars(*pitches: tuple[int, int]) -> Piece:
        rows = [(48 * n, 48, pitch, part) for n, pair in enumerate(pitches) for part, pitch in enumerate(pair)]
        return piece_of(*rows)

    found = repetition(bars((72, 60), (74, 60), (72, 60), (76, 62), (74, 60)))
    assert found["bar_return_rate"] == (2, 5)
    assert found["transposed_bar_return_rate"] == (1, 5), "the fourth is the second, higher; the others are exact"


def test_the_place_in_the_bar_counts_for_bars_and_not_for_runs():
    late = melody([(72, 12)], TUNE, TUNE)
    assert repetition(late)["bar_return_rate"][0] == 0
    assert longest_return(melody_of(late)) == 4


def test_nothing_returns_in_nothing():
    empty = Piece(piece_of((0, 12, 60, 0)).notes[:0], 100.0, (0,))
    assert set(repetition(empty).values()) == {UNDEFINED}
    assert repetition(piece_of((0, 12, 60, 0)))["longest_return"] == (0, 1)


def test_grams_are_of_any_voice_in_any_key():
    assert len(grams_of(melody(TUNE))) == 1 == len(grams_of(melody(TUNE, up=3)) & grams_of(melody(TUNE)))
    assert grams_of(melody([(pitch, 2 * length) for pitch, length in TUNE])).isdisjoint(grams_of(melody(TUNE)))
    assert grams_of(melody(TUNE[:3])) == set()


def test_what_is_taken_up_beside_what_of_other_openings():
    """The first takes up its opening in another key, the second the first one's; a third has no opening to speak of."""
    other = other_notes(TUNE)
    openings = [melody(TUNE), melody(other), melody(TUNE[:2])]
    found = take_up(openings, [melody(FILL, moved(TUNE, 2)), melody(TUNE, FILL), melody(FILL)], ["a", "b", "c"])
    assert found[:2].tolist() == [[1, 0], [0, 1]] and np.isnan(found[2, 0]) and found[2, 1] == 0


def test_openings_of_the_same_family_are_no_others():
    found = take_up([melody(TUNE), melody(TUNE)], [melody(TUNE), melody(FILL)], ["a", "a"])
    assert found[:, 0].tolist() == [1, 0] and np.isnan(found[:, 1]).all()
    assert take_up([], [], []).shape == (0, 2)

"""Pieces cut to each other's lengths, by hand."""

import pytest
from tiny_pieces import piece_of

from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.evaluation.measures import standardised_difference
from reprise.music.excerpts import bars_of


def bars(count: int, metre: tuple[int, int] = (4, 4)):
    """A note in each bar, each as long as the bar."""
    length = 12 * metre[0] * 4 // metre[1]
    return piece_of(*((bar * length, length, 60 + bar, 0) for bar in range(count)), metre=metre)


def test_pieces_get_the_lengths_of_others_in_their_own_order():
    ours = [bars(16), bars(12), bars(16), bars(16)]
    found = cut_to_lengths(ours, [10, 4, 8, 16])
    assert [bars_of(piece) for piece in found] == [8, 4, 10, 16], "the shortest gets the shortest"
    assert [bars_of(piece) for piece in ours] == [16, 12, 16, 16], "what was handed in stays"


def test_many_pieces_spread_evenly_over_few_lengths():
    found = [bars_of(piece) for piece in cut_to_lengths([bars(16)] * 10, [5, 7])]
    assert sorted(found) == [5] * 5 + [7] * 5
    assert sorted(bars_of(piece) for piece in cut_to_lengths([bars(16)] * 3, [4, 5, 6, 7, 8])) == [4, 6, 8]


def test_nothing_is_made_longer_and_nothing_is_cut_without_lengths():
    assert [bars_of(piece) for piece in cut_to_lengths([bars(3), bars(9)], [6, 20])] == [3, 9]
    assert [bars_of(piece) for piece in cut_to_lengths([bars(3)], [])] == [3]
    assert cut_to_lengths([], [4]) == []


@pytest.mark.parametrize("measure", [lambda piece: float(len(piece.notes))])
def test_the_same_music_at_other_lengths_is_no_different_once_it_is_cut(measure):
    long, short = [bars(16)] * 6, [bars(n) for n in (4, 6, 8, 10, 12, 14)]
    apart = [
        standardised_difference([measure(p) for p in own], [measure(p) for p in short])
        for own in (long, cut_to_lengths(long, [bars_of(piece) for piece in short]))
    ]
    assert apart[0] > 2 and apart[1] == 0

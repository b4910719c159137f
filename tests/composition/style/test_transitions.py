"""What follows what, by hand, and the divergence as SciPy has it."""

from collections import Counter

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tiny_pieces import piece_of

from reprise.composition.style.transitions import KINDS, jensen_shannon, table_of, transitions
from reprise.music.piece import Piece


def test_scipy_finds_the_same_divergence():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (2, 20, 7)).astype(float)
    expected = [jensenshannon(p, q, base=2) ** 2 for p, q in zip(first, second)]
    assert jensen_shannon(first, second) == pytest.approx(expected)


def test_equal_distributions_are_0_apart_and_disjoint_ones_1():
    assert jensen_shannon(np.array([1.0, 3]), np.array([2.0, 6])) == pytest.approx(0)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 4.0])) == pytest.approx(1)
    assert np.isnan(jensen_shannon(np.zeros(2), np.array([0, 4.0])))


def test_counts_of_pieces_become_a_table():
    table = table_of([Counter("aab"), Counter(), Counter("cb")])
    assert table.tolist() == [[2, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert table_of([Counter()]).shape == (1, 0)


def test_degrees_rhythms_and_chords_follow_one_another():
    """I, V, V, I in D major, in halves, the melody on its third, second, second and first degree."""
    chords = [(66, 62, 57, 50), (64, 61, 57, 45), (64, 61, 57, 45), (62, 66, 57, 50)]
    rows = [(24 * n, 24, pitch, part) for n, chord in enumerate(chords) for part, pitch in enumerate(chord)]
    found = transitions(piece_of(*rows))
    assert found["degrees"] == {(4, 2): 1, (2, 2): 1, (2, 0): 1}
    assert found["rhythms"] == {(24, 24): 3}
    assert found["chords"] == {((0, 0), (7, 0)): 1, ((7, 0), (0, 0)): 1}, "a repeated chord is no transition"


def test_one_part_has_implied_chords_and_no_cadences():
    pitches = [60, 64, 67, 64] * 2 + [67, 71, 62, 71, 67, 71, 62, 65]  # C, C, G and G7, half a bar each
    found = transitions(piece_of(*((6 * n, 6, pitch, 0) for n, pitch in enumerate(pitches))))
    assert list(found["chords"]) == [((0, 0), (7, 0)), ((7, 0), (7, 1))] and not found["cadences"]


def test_nothing_has_no_transitions():
    empty = Piece(piece_of((0, 12, 60, 0)).notes[:0], 100.0, (0,))
    assert transitions(empty) == {kind: Counter() for kind in KINDS}

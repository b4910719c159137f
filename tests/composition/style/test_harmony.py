"""Chords and dissonances by hand, and triads and sevenths as music21 tells them."""

import itertools

import numpy as np
import pytest
from music21 import chord, roman
from tiny_pieces import piece_of

from reprise.composition.style.harmony import NAMES, SEVENTH_SETS, TRIAD_SETS, find_chords, harmony


def chords_of(*pitches: list[int]):
    """Chords of a beat each, a part a voice."""
    return piece_of(*((12 * n, 12, pitch, part) for n, at in enumerate(pitches) for part, pitch in enumerate(at)))


@pytest.mark.parametrize(
    ("lengths", "root", "quality", "belongs"),
    [
        ({48: 12, 60: 12, 64: 12, 67: 12}, 0, "major", 48),
        ({57: 12, 60: 12, 64: 12}, 9, "minor", 36),
        ({55: 12, 59: 12, 62: 12, 65: 12}, 7, "dominant seventh", 48),
        ({59: 12, 62: 12, 65: 12}, 11, "diminished", 36),
        ({48: 12, 64: 12, 67: 9, 69: 3}, 0, "major", 33),  # a passing sixth
        ({55: 12, 59: 12}, 7, "major", 24),  # without its fifth
        ({60: 12}, 0, "major", 12),
        ({59: 12, 62: 12, 65: 12, 68: 12}, 11, "diminished seventh", 48),  # each of its notes could be the root
        ({62: 12, 65: 12, 68: 12, 71: 12}, 2, "diminished seventh", 48),
    ],
)
def test_the_chord_of_a_window(lengths, root, quality, belongs):
    piece = piece_of(*((0, length, pitch, part) for part, (pitch, length) in enumerate(lengths.items())))
    roots, qualities, times = find_chords(piece, np.array([0]), np.array([12]))
    assert (roots[0], NAMES[qualities[0]]) == (root, quality)
    assert times.tolist() == [[belongs, sum(lengths.values())]]


@pytest.mark.parametrize(("figure", "quality"), [
    *((figure, "major") for figure in ("I", "I6", "I64", "IV", "V6")),
    *((figure, "minor") for figure in ("ii", "ii6", "vi64")),
    *((figure, "dominant seventh") for figure in ("V7", "V65", "V43", "V42")),
    *((figure, "half-diminished seventh") for figure in ("viiø7", "viiø65")),
    ("viio6", "diminished"),
])  # fmt: skip
def test_music21_names_the_same_roots_whatever_the_inversion(figure, quality):
    for tonic in ("C", "E-", "F#", "A"):
        written = roman.RomanNumeral(figure, tonic)
        rows = [(0, 12, int(pitch.midi), part) for part, pitch in enumerate(written.pitches)]
        roots, qualities, _ = find_chords(piece_of(*rows), np.array([0]), np.array([12]))
        assert (roots[0], NAMES[qualities[0]]) == (written.root().pitchClass, quality)


def test_silence_has_no_chord():
    roots, _, times = find_chords(piece_of((0, 12, 60, 0)), np.array([12]), np.array([24]))
    assert roots.tolist() == [-1] and times.tolist() == [[0, 0]]


def test_triads_and_sevenths_are_those_of_music21_s_set_classes():
    """Forte's names: 3-10 to 3-12 are the diminished, minor and major, and augmented triad; 4-19A, 4-20, 4-26, 4-27 and
    4-28 the sevenths of minor with a major one, major, minor, dominant and half-diminished, diminished."""
    triads, sevenths = {"3-10", "3-11A", "3-11B", "3-12"}, {"4-19A", "4-20", "4-26", "4-27A", "4-27B", "4-28"}
    for size in (3, 4):
        for classes in itertools.combinations(range(12), size):
            ours, theirs = frozenset(classes), chord.Chord(list(classes)).forteClass
            assert (ours in TRIAD_SETS) == (theirs in triads), classes
            assert (ours in SEVENTH_SETS) == (theirs in sevenths) or size == 3, classes


def test_each_beat_is_a_triad_a_seventh_or_neither():
    piece = chords_of([72, 67, 64, 48], [71, 65, 62, 55], [72, 67, 65, 48], [72, 67, 60, 48])
    found = harmony(piece)  # C, G7, C with a fourth, C without a third
    assert [found[name] for name in ("triad_rate", "seventh_rate", "other_chord_rate")] == [(1, 4), (1, 4), (2, 4)]


def test_two_voices_have_no_full_chords_and_one_has_implied_ones():
    assert harmony(chords_of([72, 60], [74, 59]))["triad_rate"] == (0, 0)
    arpeggio = piece_of(*((6 * n, 6, pitch, 0) for n, pitch in enumerate([60, 64, 67, 72] * 2)))
    scale = piece_of(*((6 * n, 6, pitch, 0) for n, pitch in enumerate([60, 61, 62, 63] * 2)))
    assert harmony(arpeggio)["triad_rate"] == (0, 0), "nothing sounds together"
    assert harmony(arpeggio)["chord_tone_rate"] == (48, 48)
    chromatic, of = harmony(scale)["chord_tone_rate"]
    assert chromatic / of <= 0.5


def dissonances(upper: list[int], lower: list[int], lengths: tuple[int, int]):
    """Of two voices in notes of so many twelfths: dissonant pairs, pairs, treated ones."""
    rows = [
        (length * n, length, pitch, part)
        for part, (line, length) in enumerate(zip((upper, lower), lengths))
        for n, pitch in enumerate(line)
    ]
    found = harmony(piece_of(*rows))
    return *map(int, found["dissonance_rate"]), int(found["treated_dissonance_rate"][0])


@pytest.mark.parametrize(
    ("upper", "lower", "lengths", "expected"),
    [
        ([64, 65, 67], [60, 60, 60], (12, 12), (0, 3, 0)),  # a fourth is none
        ([72, 71, 69], [48], (12, 36), (1, 3, 1)),  # passing
        ([72, 71, 72], [48], (12, 36), (1, 3, 1)),  # neighbour
        ([72, 70, 62], [48], (12, 36), (2, 3, 0)),  # reached by step, left by leap; the last one isn't left
        ([64, 71, 69], [48], (12, 36), (1, 3, 0)),  # by leap
        ([72, 71], [69, 62, 67, 67], (24, 12), (1, 4, 1)),  # a suspended seventh, resolved downwards
        ([72, 67], [69, 62, 67, 67], (24, 12), (1, 4, 0)),  # left by leap
    ],
)
def test_dissonances_are_treated_or_not(upper, lower, lengths, expected):
    assert dissonances(upper, lower, lengths) == expected

"""Which pieces share a tune: by hand, on Bach's settings whose tunes are known, and against a slow search."""

from itertools import combinations, pairwise

import music21
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_corpus import make_tune

from reprise.composition.corpus.families import _sharing, find_families, melody, opening, skeleton
from reprise.music.piece import Piece, note_table
from reprise.music.readers.musicxml.scores import read_compressed_musicxml

TUNE = [67, 67, 69, 71, 72, 74, 72, 71, 69, 67, 64, 65, 67, 69, 67, 65, 64, 62, 60, 64, 67, 72, 71, 69, 67, 60]


def tune(pitches: list[int], beats: float = 1.0, metre: tuple[int, int] = (4, 4)) -> Piece:
    """One voice, a note each `beats`."""
    rows = [(i * beats, beats, pitch, 64, 0) for i, pitch in enumerate(pitches)]
    return Piece(note_table(rows), 100.0, (0,), metre)


def together(*pieces: Piece) -> bool:
    return len(set(find_families(pieces))) == 1


# --- melodies


def test_the_melody_of_a_choir_is_its_soprano_even_where_the_alto_crosses_above():
    soprano = [(0, 1, 72, 64, 1), (1, 1, 64, 64, 1), (2, 2, 71, 64, 1)]
    alto = [(0, 1, 67, 64, 0), (1, 1, 69, 64, 0), (2, 2, 62, 64, 0)]
    piece = Piece(note_table(soprano + alto), 100.0, (52, 52))
    assert melody(piece)["pitch"].tolist() == [72, 64, 71]


def test_the_melody_of_a_piano_is_the_highest_note_at_each_onset_unless_a_higher_one_still_sounds():
    rows = [
        (0, 2, 76, 64, 0),
        (0, 1, 60, 64, 0),
        (1, 1, 64, 64, 0),
        (2, 1, 62, 64, 0),
        (2, 1, 65, 64, 0),
        (3, 1, 55, 64, 0),
    ]
    piece = Piece(note_table(rows), 100.0, (0,))
    assert [(note["onset"], note["pitch"]) for note in melody(piece)] == [(0, 76), (2, 65), (3, 55)]


def test_opening_and_skeleton_by_hand():
    notes = tune([60, 62, 64, 64, 67, 67, 65, 64, 62, 60], beats=0.5).notes  # on the beats: 60 64 67 65 62
    assert opening(notes) == (2, 2, 0, 3, 0, -2, -1, -2, -2)
    assert skeleton(notes) == [4, 3, -2, -3]
    assert opening(notes[:5]) is None and skeleton(notes[:0]) == []


# --- kinship


def test_a_transposed_copy_is_kin():
    assert together(tune(TUNE), tune([pitch - 5 for pitch in TUNE]))


def test_passing_notes_repeated_notes_and_another_metre_hide_no_tune():
    with_passing = [x for a, b in pairwise(TUNE) for x in (a, (a + b) // 2)] + [TUNE[-1]]
    repeated = [pitch for pitch in TUNE for _ in range(2)]
    assert together(tune(TUNE), tune(with_passing, beats=0.5), tune(repeated, metre=(3, 4)))


def test_the_same_music_in_notes_half_as_long_is_kin():
    assert together(tune(TUNE), tune(TUNE, beats=0.5))


def test_tunes_of_their_own_are_no_kin():
    pieces = [tune(make_tune(seed, 40)) for seed in range(60)]
    assert len(set(find_families(pieces))) == 60


def test_a_trill_or_a_scale_in_both_makes_no_kin():
    trill, scale = [72, 74] * 10, list(range(50, 70))
    own = [make_tune(seed, 40) for seed in range(4)]
    assert not together(tune(own[0] + trill + own[1] + scale), tune(own[2] + trill + own[3] + scale))


def test_kinship_is_transitive():
    """The first and the last third of a tune share nothing but the whole between them."""
    parts = [make_tune(seed, 30) for seed in range(3)]
    first, last, whole = tune(parts[0]), tune(parts[2]), tune([pitch for part in parts for pitch in part])
    assert not together(first, last)
    assert together(first, last, whole)


def test_families_do_not_depend_on_the_order_of_pieces():
    pieces = [tune([p + shift for p in make_tune(seed, 40)]) for seed in range(10) for shift in (0, 3)]
    order = np.random.default_rng(0).permutation(len(pieces))
    straight, shuffled = find_families(pieces), find_families([pieces[i] for i in order])
    for a, b in combinations(range(len(pieces)), 2):
        assert (straight[order[a]] == straight[order[b]]) == (shuffled[a] == shuffled[b])


def test_pieces_too_short_to_tell_are_no_kin():
    assert len(set(find_families([tune([60]), tune([60]), tune([62, 64, 65])]))) == 3
    assert find_families([]).tolist() == []


@given(st.lists(st.sets(st.integers(0, 12)), max_size=12))
def test_the_index_finds_the_pairs_that_all_against_all_finds(keys):
    assert _sharing(keys) == {(a, b) for a, b in combinations(range(len(keys)), 2) if keys[a] & keys[b]}


# --- Bach: the tunes of these settings are known by their titles (Riemenschneider's edition)


def chorale(number: str) -> Piece:
    folder = music21.common.getCorpusFilePath() / "bach"
    return read_compressed_musicxml((folder / f"bwv{number}.mxl").read_bytes(), number)


@pytest.mark.parametrize(
    "settings",
    [
        ("244.15", "244.54", "270"),  # O Haupt voll Blut und Wunden; Befiehl du deine Wege
        ("359", "55.5"),  # Jesu, meiner Seelen Wonne; Werde munter, mein Gemüte
        ("9.7", "86.6", "117.4"),  # Es ist das Heil uns kommen her; Sei Lob und Ehr dem höchsten Gut
        ("20.7", "20.11"),  # O Ewigkeit, du Donnerwort, once in 3/4
        ("4.8", "278", "279"),  # Christ lag in Todesbanden, with and without passing notes
    ],
)
def test_settings_of_one_tune_are_a_family(settings):
    assert together(*map(chorale, settings))


@pytest.mark.parametrize(
    "settings",
    [
        ("270", "272"),  # Befiehl du deine Wege, to two tunes
        ("405", "406"),  # O wie selig seid ihr doch, ihr Frommen, to two tunes
        ("244.37", "367"),  # In allen meinen Taten, to two tunes
        ("302", "377"),  # Ein feste Burg; Mach's mit mir, Gott
    ],
)
def test_other_tunes_are_other_families_even_under_one_title(settings):
    assert not together(*map(chorale, settings))

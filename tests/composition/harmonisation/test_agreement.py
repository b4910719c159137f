"""Chords on beats, the floor and the ceiling, on pieces whose chords can be read off."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.composition.harmonisation.agreement import NO_CHORD, agreeing, chords_of, tonic_of
from reprise.composition.harmonisation.floor import NearestChords
from reprise.composition.harmonisation.settings import settings
from reprise.composition.style.harmony import NAMES
from reprise.music.piece import Piece

C, F, G, A_MINOR = (64, 55, 48), (65, 57, 53), (62, 59, 55), (64, 60, 57)
TUNE = (72, 77, 79, 72, 76, 77, 74, 72, 76, 74, 71, 72)
FAR_OFF = (66, 61, 54)  # F sharp and C sharp
CHORDS = (C, F, G, C, C, F, G, C, C, G, G, C)


def setting(chords: tuple = CHORDS, tune: tuple[int, ...] = TUNE, up: int = 0, source: str = "test") -> Piece:
    """A tune in quarters, a chord to each note."""
    rows = []
    for beat, (top, chord) in enumerate(zip(tune, chords)):
        rows += [(12 * beat, 12, pitch + up, part) for part, pitch in enumerate((top, *chord))]
    return piece_of(*rows, source=source)


def shares(counts: dict[str, tuple[int, int]]) -> dict[str, float]:
    return {name: hits / of for name, (hits, of) in counts.items()}


# --- chords


def test_the_chord_of_each_beat():
    found = chords_of(setting())
    assert found.roots.tolist() == [0, 5, 7, 0, 0, 5, 7, 0, 0, 7, 7, 0]
    assert {NAMES[quality] for quality in found.qualities} == {"major"}
    assert found.top.tolist() == list(TUNE)
    assert found.sets[0] == (1 << 0) | (1 << 4) | (1 << 7)


def test_a_beat_of_silence_has_none():
    piece = piece_of((0, 12, 60, 0), (36, 12, 64, 0), (36, 12, 60, 1))
    found = chords_of(piece)
    assert found.roots.tolist()[1:3] == [NO_CHORD, NO_CHORD] and found.sets.tolist()[1:3] == [0, 0]
    assert found.top.tolist() == [60, NO_CHORD, NO_CHORD, 64]


def test_higher_chords_are_those_of_the_higher_piece():
    for up in (-5, 0, 3, 12):
        moved, own = chords_of(setting(up=up)), chords_of(setting()).higher(up)
        for name in ("roots", "qualities", "sets", "top"):
            assert np.array_equal(getattr(moved, name), getattr(own, name))


def test_how_often_two_settings_agree():
    """Of twelve chords two are others: A minor has another root, C minor the same one."""
    c_minor = (63, 55, 48)
    other = setting((c_minor, A_MINOR, *CHORDS[2:]), (72, 72, *TUNE[2:]))
    counts = agreeing(chords_of(other), chords_of(setting()))
    assert counts == {"chord": (10, 12), "root": (11, 12), "set": (10, 12)}


def test_beats_beyond_the_shorter_one_and_without_a_chord_do_not_count():
    silent = piece_of((24, 12, 72, 0), (24, 12, 64, 1), (24, 12, 55, 2), (24, 12, 48, 3))
    assert agreeing(chords_of(setting()), chords_of(silent))["chord"] == (0, 1)
    assert agreeing(chords_of(setting(CHORDS[:3])), chords_of(setting()))["chord"] == (3, 3)


def test_the_tonic_of_a_piece_and_of_one_in_no_key():
    assert tonic_of(setting(up=2)) == 2
    assert tonic_of(piece_of(*[(12 * step, 12, 60 + step, 0) for step in range(12)])) == 0


# --- the floor


def test_the_floor_gives_a_known_melody_its_chords_in_any_key():
    near = NearestChords([setting()])
    for up in (0, 5, -3):
        found = agreeing(near.harmonise(setting(up=up)), chords_of(setting(up=up)))
        assert shares(found) == dict.fromkeys(("chord", "root", "set"), 1.0)


def test_the_floor_does_not_hear_the_chords_of_the_piece_itself():
    """The same tune with other chords gets those of the training piece."""
    near = NearestChords([setting()])
    other = setting((A_MINOR,) * 12)
    assert np.array_equal(near.harmonise(other).roots, chords_of(setting()).roots)


def test_the_floor_goes_by_what_is_around():
    """C comes twice in training: after B, before the end, with C major, and after E, before D, with A minor."""
    near = NearestChords([setting((G, C), (71, 72)), setting((C, A_MINOR, G), (76, 72, 74))])
    assert near.harmonise(setting((C, C), (71, 72))).roots.tolist() == [7, 0]


# --- the ceiling


def test_two_settings_of_one_tune():
    """In other keys; the other one has A minor wherever the tune has C or E, which is on six of twelve beats."""
    other = setting(tuple(A_MINOR if top in (72, 76) else chord for top, chord in zip(TUNE, CHORDS)), up=5)
    found = settings([setting(), other], [3, 3])
    assert [family for family, _ in found] == [3]
    assert shares(found[0][1])["root"] == pytest.approx(0.5)


def test_a_tune_that_begins_elsewhere_is_found():
    """Four more beats before it."""
    other = setting((C, C, C, C, *CHORDS), (60, 62, 61, 63, *TUNE))
    ((_, counts),) = settings([setting(), setting((FAR_OFF,) * 16, (60, 62, 61, 63, *TUNE))], [0, 0])
    assert counts["chord"][1] == 12 and counts["chord"][0] == 0
    assert settings([setting(), other], [0, 0]) == [], "all of its chords are the same: a copy"


def test_other_families_and_other_tunes_are_not_compared():
    assert settings([setting(), setting()], [0, 1]) == []
    assert settings([setting(), setting(tune=TUNE[::-1])], [0, 0]) == []


def test_a_tune_set_often_does_not_count_by_the_square():
    """Three settings make three pairs, each of which counts two thirds."""
    chords = [tuple(A_MINOR if (beat + n) % 3 else chord for beat, chord in enumerate(CHORDS)) for n in range(3)]
    found = settings([setting(own) for own in chords], [0, 0, 0])
    assert len(found) == 3 and found[0][1]["chord"][1] == pytest.approx(12 * 2 / 3)

"""Keys on the way, by hand."""

import pytest
from tiny_pieces import piece_of

from reprise.composition.style.keyplan import keyplan, relative_keys, window_keys
from reprise.music.piece import Piece

SCALE = (60, 64, 67, 72, 71, 67, 65, 62)  # two bars of quarters in C major


def in_keys(*tonics: int) -> Piece:
    pitches = [pitch + tonic for tonic in tonics for pitch in SCALE]
    return piece_of(*((12 * n, 12, pitch, 0) for n, pitch in enumerate(pitches)))


def test_a_piece_in_one_key_stays_at_home():
    found = keyplan(in_keys(0, 0, 0))
    assert found == {"home_key_rate": (5, 5), "near_key_rate": (5, 5), "key_change_rate": (0, 4)}


@pytest.mark.parametrize(("away", "near"), [(7, True), (-7, True), (6, False), (2, False)])
def test_the_dominant_is_near_and_the_tritone_isn_t(away, near):
    keys = window_keys(in_keys(0, 0, 0, away))
    assert keys[0] == keys[4] and keys[-1].tonic == away % 12
    found = keyplan(in_keys(0, 0, 0, away))
    assert found["home_key_rate"][0] < found["home_key_rate"][1] == 7
    assert (found["near_key_rate"][0] == 7) == near
    assert found["key_change_rate"][0] >= 1


def test_keys_are_told_from_home():
    assert relative_keys(in_keys(5, 5, 5, 0))[-1] == (7, "major") and relative_keys(in_keys(5))[0] == (0, "major")


def test_a_piece_shorter_than_a_window_is_one():
    assert keyplan(piece_of((0, 12, 60, 0), (12, 12, 67, 0), (24, 12, 64, 0)))["home_key_rate"] == (1, 1)
    assert window_keys(Piece(piece_of((0, 12, 60, 0)).notes[:0], 100.0, (0,))) == []

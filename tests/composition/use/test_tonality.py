"""Music in the key asked for: transposed by hand, tries counted, the same whatever is ordered beside it."""

import re

import numpy as np
import pytest
from tiny_model import chorale, make_tiny_model

from reprise.composition.sampling.compose import Order
from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.composing import compose_alike
from reprise.composition.use.tonality import TRIES, compose_in_keys
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import find_key, parse_key
from reprise.music.piece import Piece, note_table

MAJOR, MINOR = (60, 64, 67, 65, 69, 72, 67, 71, 74, 60), (57, 60, 64, 62, 65, 69, 64, 68, 71, 57)


def line(pitches) -> Piece:
    return Piece(note_table([(float(i), 1.0, int(pitch), 64, 0) for i, pitch in enumerate(pitches)]), 120.0, (0,))


def order(key: str, seed: tuple[int, ...] = (7, 0), **rules) -> Order:
    return Order(seed, notes=10, rules=SamplingRules(key=key, **rules))


def compose(*orders: Order, tries=(MAJOR,), learnt=(0, 127), together=8) -> tuple[list[Piece], list]:
    """Pieces for orders where try n of each has the pitches `tries[n]`, and the seeds that were drawn from."""
    seeds = []

    def compose_all(asked: list[Order]) -> list[Piece]:
        seeds.extend(order.seed for order in asked)
        return [line(tries[min(order.seed[2] if len(order.seed) > 2 else 0, len(tries) - 1)]) for order in asked]

    return compose_in_keys(orders, compose_all, learnt, together), seeds


@pytest.mark.parametrize(("key", "shift"), [("C", 0), ("D", 2), ("Eb major", 3), ("G", -5), ("B", -1)])
def test_a_piece_of_the_right_mode_goes_to_the_tonic_by_the_nearest_way(key, shift):
    ((piece,), _) = compose(order(key))
    assert (piece.notes["pitch"] - line(MAJOR).notes["pitch"] == shift).all()
    assert find_key(piece) == parse_key(key)
    assert (piece.key_fifths, piece.key_mode) == (parse_key(key).fifths, "major")


def test_without_a_key_nothing_is_moved_and_one_try_made():
    ((piece,), seeds) = compose(order(""))
    assert piece.notes["pitch"].tolist() == list(MAJOR) and seeds == [(7, 0)] and piece.key_fifths is None


def test_with_chords_nothing_is_moved_and_the_key_is_written():
    ((piece,), seeds) = compose(order("d minor", chords="i V"))
    assert piece.notes["pitch"].tolist() == list(MAJOR) and seeds == [(7, 0)]
    assert (piece.key_fifths, piece.key_mode) == (-1, "minor")


def test_the_first_try_of_the_right_mode_is_taken():
    """A minor transposed to D minor: up a fourth; the same however many tries are made at once."""
    for together in (1, 3, 8):
        ((piece,), seeds) = compose(order("d minor"), tries=(MAJOR, MINOR, MAJOR), together=together)
        assert piece.notes["pitch"].tolist() == [pitch + 5 for pitch in MINOR]
        assert (piece.key_fifths, piece.key_mode) == (-1, "minor")
        assert seeds[:2] == [(7, 0), (7, 0, 1)]


def test_a_range_that_is_asked_for_is_kept_and_the_learnt_one_preferred():
    ((piece,), _) = compose(order("Eb", highest=74))
    assert piece.notes["pitch"].max() == 74 - 9 + 0, "down a major sixth, since up a minor third is too high"
    ((piece,), _) = compose(order("Eb"), learnt=(51, 74))
    assert piece.notes["pitch"].min() == 51


def test_where_no_try_has_the_mode_the_least_wrong_one_is_taken():
    ((piece,), seeds) = compose(order("d minor"))
    assert len(seeds) == TRIES and piece.key_fifths == -1 and find_key(piece) != parse_key("d minor")


def test_what_can_t_be_is_refused():
    with pytest.raises(BadInput, match=re.escape("lowest, highest: are 60-74, too narrow for music in Eb; widen them")):
        compose(order("Eb", lowest=60, highest=74))
    continued = Order((1,), bars=4, start=chorale(0), rules=SamplingRules(key="C"))
    with pytest.raises(BadInput, match="key: is 'C', but what continues an opening stays in the opening's key"):
        compose(continued)


def test_a_model_s_piece_is_in_the_key_and_the_same_alone_and_in_company():
    trained = make_tiny_model("lstm")
    wanted = [Order((3, 0), notes=40, rules=SamplingRules(key=key)) for key in ("d minor", "A", "F# minor")]
    plain = [Order((5, item), notes=30) for item in range(3)]
    together = compose_alike(trained, [*wanted, *plain])
    for asked, piece in zip(wanted, together):
        assert find_key(piece) == parse_key(asked.rules.key) and len(piece.notes) == 40
        (alone,) = compose_alike(trained, [asked])
        np.testing.assert_array_equal(alone.notes, piece.notes)

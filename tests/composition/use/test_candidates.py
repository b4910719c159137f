"""Which of several pieces is the best, by each rule."""

import numpy as np
import pytest
from tiny_model import chorale, make_tiny_model
from tiny_pieces import line

from reprise.composition.use.candidates import RULES, best_of
from reprise.composition.use.scores import likelihood
from reprise.music.piece import Piece, note_table


def noise(seed: int) -> Piece:
    """Four parts of random pitches and lengths, nothing like a chorale."""
    rng = np.random.default_rng(seed)
    rows = [(n / 4, 0.25, int(rng.integers(50, 70)), 64, part) for n in range(64) for part in range(4)]
    return Piece(note_table(rows), 120.0, (0,) * 4, (4, 4), "noise")


def test_by_style_the_piece_most_like_the_training_pieces_is_taken():
    trained = make_tiny_model("lstm")
    chosen, scores = best_of(trained, [[noise(1), chorale(77), noise(2)], [chorale(78), noise(3), noise(4)]], "style")
    assert chosen == [1, 0] and all(0 < score < 3 for score in scores)


def test_by_likelihood_the_piece_with_fewest_nats_a_note_is_taken():
    trained = make_tiny_model("lstm")
    pieces = [chorale(seed) for seed in range(80, 84)]
    nats = [likelihood(trained, [piece])["nats_per_note"]["value"] for piece in pieces]
    assert best_of(trained, [pieces], "likelihood") == ([int(np.argmin(nats))], [pytest.approx(min(nats))])


@pytest.mark.parametrize("rule", RULES)
def test_what_cannot_be_measured_is_not_taken(rule):
    trained = make_tiny_model("lstm")
    odd = {"style": Piece(note_table([]), 120.0, (0,) * 4), "likelihood": line(range(90, 100))}[rule]
    assert best_of(trained, [[odd, chorale(80)]], rule)[0] == [1]

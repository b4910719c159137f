"""Hits among the nearest, by hand and by chance, and instruments by their prompts."""

import numpy as np
import pytest

from reprise.embedding.evaluation.prompted import prompted_f1, ranks_among
from reprise.embedding.evaluation.retrieval import chance_at, hits_at

SCORES = np.array([[0.9, 0.1, 0.5, 0.3], [0.2, 0.2, 0.2, 0.2]])


@pytest.mark.parametrize(("k", "expected"), [(1, [False, False]), (2, [True, False]), (3, [True, True])])
def test_a_hit_is_any_relevant_item_among_the_k_nearest(k, expected):
    relevant = np.array([[0, 0, 1, 0], [0, 0, 1, 1]], bool)
    assert hits_at(SCORES, relevant, k).tolist() == expected


def test_chance_is_what_drawing_at_random_finds():
    relevant = np.zeros((3, 20), bool)
    relevant[1, :4] = relevant[2] = True
    rng = np.random.default_rng(0)
    drawn = np.mean([hits_at(rng.random((3, 20)), relevant, 5) for _ in range(4000)], axis=0)
    assert chance_at(relevant, 5) == pytest.approx(drawn, abs=0.03)
    assert chance_at(relevant, 5)[[0, 2]].tolist() == [0, 1]


def test_ranks_are_the_share_of_validation_scores_below():
    known = np.array([[0.1, 5.0], [0.2, 6.0], [0.3, 7.0], [0.4, 8.0]])
    assert ranks_among(np.array([[0.25, 9.0], [0.0, 5.5]]), known).tolist() == [[0.5, 1.0], [0.0, 0.25]]


def test_perfect_prompts_score_1_whatever_the_scale_of_each():
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 3)) < 0.3).astype(float)
    scores = (labels + rng.uniform(0, 0.5, labels.shape)) * [1, 0.01, 100] + [0, 5, -3]
    found = prompted_f1(scores[100:], labels[100:], scores[:100], labels[:100], 50, 1)
    assert found["value"] > 0.97 and found["count"] == 100
    noise = rng.random((200, 3))
    assert prompted_f1(noise[100:], labels[100:], noise[:100], labels[:100], 50, 1)["value"] < 0.6

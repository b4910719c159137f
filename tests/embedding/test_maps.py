"""Maps: separation by hand and by scikit-learn, chance where labels mean nothing, and what has no map."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from reprise.embedding.maps import Labelled, draw_map, make_map, measure_separation, silhouette
from reprise.errors import BadInput

TASTES = ("sweet", "sour", "salty", "bitter")


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def clusters(each: int, spread: float, seed: int = 0, size: int = 16) -> Labelled:
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(len(TASTES), size)), each, axis=0)
    vectors = unit(centres + spread * rng.normal(size=centres.shape)).astype(np.float32)
    return Labelled(vectors, tuple(np.repeat(TASTES, each).tolist()), "a")


def test_silhouette_by_hand():
    """Two pairs on a line: within .1, across 1, 1.1 or .9: (1.05 - .1) / 1.05 and (.95 - .1) / .95."""
    places = np.array([0, 0.1, 1, 1.1])
    found = silhouette(np.abs(places[:, None] - places), np.array([0, 0, 1, 1]))
    assert found == pytest.approx((0.95 / 1.05 + 0.85 / 0.95) / 2)


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_silhouette_is_that_of_scikit_learn(spread):
    own = clusters(9, spread)
    expected = silhouette_score(own.vectors, own.labels, metric="cosine")
    assert measure_separation(own.vectors, own.labels, 0)["silhouette"] == pytest.approx(expected, abs=1e-4)


def test_clusters_are_told_apart_and_dealt_labels_are_not():
    own = clusters(12, 0.5)
    found = measure_separation(own.vectors, own.labels, 0)
    assert found["silhouette"] > 0.5 and found["p_value"] == 0.001 and found["count"] == 48
    values = []
    for seed in range(20):
        dealt = np.random.default_rng(seed).permutation(own.labels)
        values.append(measure_separation(own.vectors, dealt.tolist(), seed))
    assert np.mean([row["silhouette"] for row in values]) < 0.05
    assert 0.3 < np.mean([row["p_value"] for row in values]) < 0.7  # even over 0 to 1 where labels mean nothing


def test_repeats_count_once():
    own = clusters(5, 1.0)
    noise = np.random.default_rng(0).normal(0, 1e-7, (80, 16))  # as of one text in batches of other lengths
    repeated = np.tile(own.vectors, (4, 1)) + noise
    assert measure_separation(repeated, own.labels * 4, 0) == measure_separation(own.vectors, own.labels, 0)


def test_four_repeated_texts_are_no_four_clusters():
    own = clusters(1, 1.0)
    with pytest.raises(BadInput, match="label 'bitter' has 1 distinct vector, however often it is repeated"):
        make_map([Labelled(np.repeat(own.vectors, 25, axis=0), tuple(np.repeat(own.labels, 25).tolist()), "a")], 0)


def test_vectors_of_two_checkpoints_have_no_map():
    one = clusters(3, 1.0)
    with pytest.raises(BadInput, match="come from 2 checkpoints; all must come from one"):
        make_map([one, Labelled(one.vectors, one.labels, "b")], 0)


def test_one_label_has_nothing_to_be_told_from():
    with pytest.raises(BadInput, match="has 1 labels; it must have 2 or more"):
        measure_separation(clusters(3, 1.0).vectors, ["sweet"] * 12, 0)


def test_a_map_has_a_point_for_each_vector_and_keeps_clusters_together(tmp_path):
    one, other = clusters(6, 0.3), clusters(6, 0.3)
    found = make_map([one, other], 0)
    assert found.labels == one.labels + other.labels
    for points in found.points.values():
        assert points.shape == (48, 2) and np.isfinite(points).all()
        assert silhouette_score(points, found.labels) > 0.3
    draw_map(found, "small CLAP", tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_another_process_with_other_threads_draws_the_same_bytes(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from test_maps import *;"
        "draw_map(make_map([clusters(30, 1.0)], 0), 'a map', Path(sys.argv[2]))"
    )
    for threads in ("1", "2"):
        command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / f"{threads}.png")]
        subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": threads})
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()

"""Scores in planted spaces: music that lies at its words, music that lies anywhere, and controls."""

import numpy as np
import pytest

from reprise.taste.evaluation.scores import (
    NOISE_SOUNDS,
    Vectors,
    score_controls,
    score_pieces,
    silence_and_noise,
    taste_matrix,
    taught,
    text_vectors,
)
from reprise.taste.words.prompts import TASTES, Prompt

RESAMPLES, SEED = 200, 1
ESTIMATE = {"value", "low", "high", "count"}


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def prompts(each: int) -> list[Prompt]:
    return [Prompt(f"{taste}-{n}", "", f"{taste} music, number {n}") for taste in TASTES for n in range(each)]


def planted(each: int, noise: float, seed: int = 0) -> tuple[Vectors, list[Prompt]]:
    """Texts of a taste along one axis, their pieces around it."""
    rng = np.random.default_rng(seed)
    own = prompts(each)
    axes = np.eye(8)[np.repeat(np.arange(4), each)]
    pieces, texts = (unit(axes + noise * rng.standard_normal(axes.shape)) for _ in range(2))
    return Vectors(pieces, texts), own


class Named:
    """Knows texts by their vectors; a sound's vector is made of its mean, level and an axis of its own."""

    name, checkpoint_sha256, sample_rate, window_s = "named", "", 1000, 1.0

    def __init__(self, **texts: tuple) -> None:
        self.texts, self.asked = {name.replace("_", " "): vector for name, vector in texts.items()}, []

    def embed_text(self, texts):
        self.asked += texts
        return np.array([self.texts.get(text, (0.0, 0.0, 1.0)) for text in texts], np.float32)

    def embed_audio(self, sounds):
        raw = np.array([(float(sound.mean()), float(sound.std()), 1.0) for sound in sounds])
        return unit(raw).astype(np.float32)


# --- texts


def test_a_text_is_taught_by_its_clauses_and_by_the_table():
    assert taught("a slow tune; for flute, soft", ()) == ["a slow tune", "for flute", "soft"]
    assert taught("sour music", ("sour",))[0] == "sour music" and "high music" in taught("sour music", ("sour",))
    both = taught("sweet, bitter", ("sweet", "bitter"))
    assert both.count("slow music") == 2 and {"high music", "low music"} <= set(both)
    assert taught(",;. ", ()) == []


def test_a_text_is_the_mean_of_what_is_taught():
    embedder = Named(sweet_music=(1, 0, 0), slow_music=(0, 1, 0))
    (mean,) = text_vectors(embedder, [Prompt("1", "", "sweet music")])
    assert mean.tolist() == pytest.approx((np.array([1, 1, 4]) / np.sqrt(18)).tolist())  # of six statements


# --- true and shuffled


def test_by_hand():
    """Two prompts of two tastes: their own texts at cosines 1 and .6, each other's at 0 and .8."""
    vectors = Vectors(np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    found = score_pieces(vectors, [Prompt("a", "", "sweet"), Prompt("b", "", "bitter")], RESAMPLES, SEED)
    assert found["true"]["value"] == pytest.approx(0.8) and found["shuffled"]["value"] == pytest.approx(0.4)
    assert found["true"]["count"] == found["shuffled"]["count"] == 2


def test_true_lies_above_shuffled_where_music_lies_at_its_words_and_not_where_it_lies_anywhere():
    vectors, own = planted(10, noise=0.2)
    found = score_pieces(vectors, own, RESAMPLES, SEED)
    assert all(row.keys() == ESTIMATE for row in found.values())
    assert found["true"]["low"] > found["shuffled"]["high"] + 0.3
    anywhere = Vectors(unit(np.random.default_rng(1).standard_normal((40, 8))), vectors.texts)
    found = score_pieces(anywhere, own, RESAMPLES, SEED)
    assert abs(found["true"]["value"] - found["shuffled"]["value"]) < 0.2


def test_the_order_of_pieces_does_not_matter():
    vectors, own = planted(5, noise=0.5)
    order = np.random.default_rng(2).permutation(len(own))
    mixed = score_pieces(Vectors(vectors.pieces[order], vectors.texts[order]), [own[n] for n in order], 100, SEED)
    assert mixed == score_pieces(vectors, own, 100, SEED)


def test_takes_of_one_prompt_count_as_one_prompt():
    vectors, own = planted(5, noise=0.5)
    twice = Vectors(np.repeat(vectors.pieces, 3, axis=0), np.repeat(vectors.texts, 3, axis=0))
    found = score_pieces(twice, [prompt for prompt in own for _ in range(3)], RESAMPLES, SEED)
    assert found == score_pieces(vectors, own, RESAMPLES, SEED)


def test_texts_that_share_a_taste_are_not_shuffled_with_each_other():
    vectors = Vectors(np.eye(3), np.eye(3))
    vectors.texts[1] = vectors.texts[0]  # the same words, so a cosine of 1
    own = [Prompt("a", "", "sweet"), Prompt("b", "", "sweet and sour"), Prompt("c", "", "bitter")]
    assert score_pieces(vectors, own, RESAMPLES, SEED)["shuffled"]["value"] == 0


def test_a_prompt_of_no_taste_is_not_shuffled_with_itself():
    own = [Prompt("a", "", "a walk"), Prompt("b", "", "a river"), Prompt("b", "", "a river")]
    texts = np.eye(3)[[0, 1, 1]]
    found = score_pieces(Vectors(texts.copy(), texts), own, RESAMPLES, SEED)
    assert found["true"]["value"] == 1 and found["shuffled"]["value"] == 0


def test_prompts_of_one_taste_alone_have_nothing_to_be_shuffled_with():
    own = [Prompt("a", "", "sweet"), Prompt("b", "", "sweet too")]
    found = score_pieces(Vectors(np.eye(2), np.eye(2)), own, RESAMPLES, SEED)
    assert found["true"]["value"] == 1 and "shuffled" not in found


# --- controls


def test_a_control_is_compared_with_every_text():
    texts = np.array([[1.0, 0.0], [0.0, 1.0]])
    own = [Prompt("a", "", "sweet"), Prompt("b", "", "sour")]
    found = score_controls({"one": np.array([[0.6, 0.8]]), "none": np.zeros((0, 2))}, texts, own, RESAMPLES, SEED)
    assert found.keys() == {"one"} and found["one"]["value"] == pytest.approx(0.7)
    two = score_controls({"one": np.array([[0.6, 0.8], [0.8, -0.6]])}, texts, own, RESAMPLES, SEED)
    assert two["one"]["value"] == pytest.approx((0.6 + 0.8 + 0.8 - 0.6) / 4)


def test_silence_and_noise_are_heard_as_what_they_are():
    found = silence_and_noise(Named(), 0.5, SEED)
    assert found["silence"].tolist() == [[0, 0, 1]]
    assert len(found["noise"]) == NOISE_SOUNDS and np.isfinite(found["noise"]).all()
    levels = found["noise"][:, 1] / found["noise"][:, 2]
    assert levels == pytest.approx(np.full(NOISE_SOUNDS, 0.1), rel=0.15) and len(set(levels.tolist())) == NOISE_SOUNDS
    again = silence_and_noise(Named(), 0.5, SEED)
    assert (again["noise"] == found["noise"]).all()


# --- the matrix


def takes(each: int) -> list[Prompt]:
    """One prompt of each taste, with several takes."""
    return [Prompt(taste, "", f"{taste} music") for taste in TASTES for _ in range(each)]


def test_music_at_its_taste_is_always_found_and_that_is_no_chance():
    vectors, _ = planted(10, noise=0.1)
    accuracy, matrix = taste_matrix(vectors.pieces, prompts(10), np.eye(8)[:4], RESAMPLES, SEED)
    assert accuracy["value"] == 1 and accuracy["p"] == pytest.approx(1 / (RESAMPLES + 1), abs=1e-4)
    assert accuracy["chance"] == pytest.approx(0.25, abs=0.03) and accuracy["count"] == 40
    assert matrix == {taste: {other: float(other == taste) for other in TASTES} for taste in TASTES}


def test_music_that_lies_anywhere_is_found_by_chance():
    rng = np.random.default_rng(3)
    accuracy, matrix = taste_matrix(unit(rng.standard_normal((400, 8))), prompts(100), np.eye(8)[:4], RESAMPLES, SEED)
    assert accuracy["value"] == pytest.approx(0.25, abs=0.08) and accuracy["p"] > 0.05
    assert all(sum(row.values()) == pytest.approx(1, abs=0.001) for row in matrix.values())


def test_p_is_rarely_small_by_chance():
    rng = np.random.default_rng(4)
    drawn = (unit(rng.standard_normal((40, 8))) for _ in range(60))
    small = [taste_matrix(own, prompts(10), np.eye(8)[:4], 60, n)[0]["p"] < 0.05 for n, own in enumerate(drawn)]
    assert np.mean(small) < 0.15


def test_takes_of_one_prompt_are_one_piece_of_evidence():
    """Four clusters anywhere, each of 25 takes: by chance p is no smaller than it should be, and four prompts count."""
    rng, small = np.random.default_rng(5), []
    for n in range(60):
        clusters = unit(rng.standard_normal((4, 8)))
        own = unit(np.repeat(clusters, 25, axis=0) + 0.1 * rng.standard_normal((100, 8)))
        accuracy, _ = taste_matrix(own, takes(25), unit(rng.standard_normal((4, 8))), 60, n)
        small.append(accuracy["p"] < 0.05)
    assert np.mean(small) < 0.15 and accuracy["count"] == 4


def test_a_text_that_is_nearer_to_all_music_takes_none_of_it():
    vectors, _ = planted(10, noise=0.1)
    texts = np.eye(8)[:4]
    away = np.array(vectors.pieces)
    away[:, 7] = 5.0  # what all pieces share
    texts[0, 7] = 1.0
    accuracy, _ = taste_matrix(away, prompts(10), texts, RESAMPLES, SEED)
    assert accuracy["value"] == 1


def test_what_is_always_mistaken_is_told_as_such():
    vectors, _ = planted(5, noise=0.05)
    other = {"sweet": "sour", "sour": "sweet"}
    swapped = [Prompt(own.id, "", other.get(own.tastes[0], own.tastes[0])) for own in prompts(5)]
    accuracy, matrix = taste_matrix(vectors.pieces, swapped, np.eye(8)[:4], RESAMPLES, SEED)
    assert accuracy["value"] == 0.5
    assert matrix["sweet"]["sour"] == matrix["sour"]["sweet"] == matrix["salty"]["salty"] == 1


def test_a_taste_without_pieces_has_no_row():
    vectors, _ = planted(5, noise=0.05)
    _, matrix = taste_matrix(vectors.pieces[:10], prompts(5)[:10], np.eye(8)[:4], RESAMPLES, SEED)
    assert list(matrix) == ["sweet", "sour"] and list(matrix["sweet"]) == list(TASTES)

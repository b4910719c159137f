"""The figures of the evaluation: each control where it should be, the same in any order, and in the benchmark."""

import numpy as np
import pytest
from tiny_clap import clip_set, tiny_clap

from benchmarks.embedding.clap_recipes import measured, parse_changes
from reprise.clips.descriptions.axes import AXES
from reprise.embedding.evaluation.evaluate import (
    NOTES,
    SOUND,
    ClapEvaluationParams,
    EmbeddedSet,
    audio_to_notes,
    embed_set,
    flips,
    text_to_audio,
)
from reprise.embedding.evaluation.plots import draw_flips
from reprise.errors import BadInput

PARAMS = ClapEvaluationParams(seed=1, resamples=50, pool=40)
ESTIMATE = {"value", "low", "high", "count"}


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    return tiny_clap(tmp_path_factory.mktemp("clap"))


@pytest.fixture(scope="module")
def own(clap):
    return embed_set(clap, clip_set(60))


class Oracle:
    """Gives each caption the vector of the first clip whose caption it is."""

    def __init__(self, own: EmbeddedSet) -> None:
        self.known = {
            text: vector
            for texts, _ in own.clips.described.captions.values()
            for text, vector in zip(texts, own.vectors[SOUND])
        }

    def embed_text(self, texts):
        return np.stack([self.known[text] for text in texts])


def test_who_knows_every_caption_finds_its_clip_and_shuffled_captions_find_fewer(own):
    found = text_to_audio(Oracle(own), own, PARAMS)
    assert all(row.keys() == ESTIMATE for row in found.values())
    for stock in ("", "_seen_words"):
        assert found[f"r_at_10{stock}"]["value"] == 1 and found[f"r_at_10{stock}"]["count"] == PARAMS.pool
        chance, shuffled = (found[f"{name}{stock}"]["value"] for name in ("chance", "shuffled"))
        assert chance < 1 and shuffled < 1


def test_notes_that_have_the_vector_of_their_sound_are_found(own):
    same = EmbeddedSet(own.clips, {SOUND: np.eye(60, dtype=np.float32), NOTES: np.eye(60, dtype=np.float32)})
    assert audio_to_notes(same, PARAMS)["r_at_1"]["value"] == 1
    turned = EmbeddedSet(own.clips, {SOUND: np.eye(60), NOTES: np.roll(np.eye(60), 1, axis=0)})
    assert audio_to_notes(turned, PARAMS)["r_at_1"]["value"] == 0


def test_an_untrained_model_is_at_chance_on_flipped_assertions(clap, own):
    for kind in (SOUND, NOTES):
        found = flips(clap, own, kind, PARAMS)
        assert found.keys() == {"instrument", *AXES}
        assert np.mean([row["value"] for row in found.values()]) == pytest.approx(0.5, abs=0.15)


def test_vectors_do_not_depend_on_the_order_of_the_clips(clap, own):
    turned = embed_set(clap, clip_set(60))
    for kind in (SOUND, NOTES):
        assert turned.vectors[kind] == pytest.approx(own.vectors[kind], abs=1e-5)
    backwards = clap.embed_spectrograms(own.clips.spectrograms[::-1])[::-1]
    assert backwards == pytest.approx(own.vectors[SOUND], abs=1e-5)


def test_the_picture_is_drawn(clap, own, tmp_path):
    draw_flips({kind: flips(clap, own, kind, PARAMS) for kind in (SOUND, NOTES)}, tmp_path / "flips.png")
    assert (tmp_path / "flips.png").stat().st_size > 10_000


def test_the_benchmark_measures_the_same_and_its_settings_are_checked(clap, own):
    row = measured(clap, own.clips, PARAMS)
    assert row["sound: instrument"] == flips(clap, own, SOUND, PARAMS, held_out=False)["instrument"]["value"]
    assert 0 <= row["instruments_map"] <= 1
    assert parse_changes(["pair_weight=1", "loss=infonce"]) == {"pair_weight": 1, "loss": "infonce"}
    with pytest.raises(BadInput, match="--set: is 'epochs'"):
        parse_changes(["epochs"])

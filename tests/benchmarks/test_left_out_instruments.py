"""Two instruments left out: of clips, of what can be said, and of the words that are learnt."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from tiny_clap import CAPTIONS, CONFIG, clip_set, tiny_clap

from benchmarks.embedding.left_out_instruments import (
    COLUMNS,
    LEFT_OUT,
    auc_by_words,
    learn_other_words,
    without_them,
)
from reprise.clips.descriptions.captions import draw_caption, flipped
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.clap.model import Clap
from reprise.embedding.evaluation.evaluate import NOTES, SOUND, ClapEvaluationParams, embed_set


@pytest.fixture
def clips():
    made = clip_set(240)
    attributes = pd.DataFrame({"onset_rate": np.arange(240.0)})
    return replace(made, described=replace(made.described, attributes=attributes))


def test_no_clip_with_them_is_left_and_the_others_are_as_they_were(clips):
    kept = np.flatnonzero(~clips.labels[:, COLUMNS].any(axis=1))
    found = without_them(clips)
    assert 0 < len(found) == len(kept) < len(clips)
    assert not found.labels[:, COLUMNS].any()
    np.testing.assert_array_equal(found.spectrograms, clips.spectrograms[kept])
    assert found.described.attributes["onset_rate"].tolist() == kept.tolist()
    assert [piece.programs for piece in found.pieces] == [clips.pieces[row].programs for row in kept]


def test_no_caption_says_or_denies_them(clips):
    rng = np.random.default_rng(0)
    params = replace(CAPTIONS, negated_share=0.9)
    said = set()
    for truth in without_them(clips).described.truth:
        for _ in range(20):
            caption = draw_caption(truth, params, rng)
            said |= {assertion.value for assertion in caption + flipped(caption, truth, rng)}
    assert "violin" in said and not said & set(LEFT_OUT)


def test_their_words_are_not_learnt_and_the_others_are():
    torch.manual_seed(0)
    model = Clap(CONFIG)
    learn_other_words(model)
    strength = dict(zip(WORDINGS, model.text.evidence.abs().sum(dim=0).tolist()))
    assert all(strength["instrument", name] < 1e-3 * strength["instrument", "violin"] for name in LEFT_OUT)


def test_the_area_under_the_curve_is_that_of_scikit_learn(clips, tmp_path):
    own = embed_set(tiny_clap(tmp_path), clips)
    found = auc_by_words(tiny_clap(tmp_path), own, SOUND, ClapEvaluationParams(seed=1, resamples=50, pool=10))
    assert list(found) == list(LEFT_OUT)
    for row in found.values():
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1 and row["count"] == 240
    perfect = replace(own, vectors={NOTES: own.clips.labels @ np.eye(12, 16, dtype=np.float32)})

    class Named:
        """An embedder to which a word is the direction of the first of the two."""

        def embed_text(self, texts):
            return np.tile(np.eye(16, dtype=np.float32)[COLUMNS[0]], (len(texts), 1))

    found = auc_by_words(Named(), perfect, NOTES, ClapEvaluationParams(seed=1, resamples=50, pool=10))
    assert found[LEFT_OUT[0]]["value"] == 1
    second = clips.labels[:, COLUMNS[1]]
    assert found[LEFT_OUT[1]]["value"] == pytest.approx(roc_auc_score(second, clips.labels[:, COLUMNS[0]]), abs=1e-4)

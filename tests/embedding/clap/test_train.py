"""Training of the small CLAP: it learns what the captions say, goes on after an interrupt, refuses too few clips."""

from dataclasses import replace

import pytest
import torch
from tiny_clap import CAPTIONS, CONFIG, TOWERS, WINDOW_S, clip_set

from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.clap.model import Clap
from reprise.embedding.clap.train import ClapParams, train
from reprise.errors import BadInput
from reprise.pipeline.tracking import Tracker

PARAMS = ClapParams(1, 1, "32-true", 10, 10, 32, 0.01, 0.01, "sigmoid", True, 0.3, 1.0, 1.0, False, TOWERS)
TRAIN, VALIDATION = clip_set(192), clip_set(64, seed=1)


def run(work, params=PARAMS, tracker=None):
    torch.manual_seed(0)
    model = Clap(CONFIG)
    model.text.learn_words({said: words.seen for said, words in WORDINGS.items()})
    return train(model, TRAIN, VALIDATION, params, CAPTIONS, WINDOW_S, "cpu", work, tracker or Tracker())


@pytest.mark.slow
@pytest.mark.parametrize("change", [{}, {"loss": "infonce"}, {"fine_tune": True}], ids=str)
def test_it_learns_to_tell_captions_from_flipped_ones(tmp_path, change):
    _, curves = run(tmp_path, replace(PARAMS, epochs=20, patience=20, **change))
    assert curves[-1]["validation_loss"] < curves[0]["validation_loss"]
    assert curves[-1]["validation_flips_notes"] > 0.7


def test_without_a_notes_tower_there_is_no_figure_of_notes(tmp_path):
    _, curves = run(tmp_path, replace(PARAMS, notes=False, epochs=1))
    assert "validation_flips_sound" in curves[0] and "validation_flips_notes" not in curves[0]


def test_it_trains_in_bfloat16_too(tmp_path):
    weights, curves = run(tmp_path / "16", replace(PARAMS, precision="bf16-mixed", epochs=1, fine_tune=True))
    whole, expected = run(tmp_path / "32", replace(PARAMS, epochs=1, fine_tune=True))
    assert all(weight.dtype == whole[name].dtype for name, weight in weights.items())
    assert curves[0]["validation_loss"] == pytest.approx(expected[0]["validation_loss"], rel=0.02)


def test_interrupted_it_ends_with_the_same_weights(tmp_path):
    whole, curves = run(tmp_path / "whole", replace(PARAMS, epochs=3))

    class Stop(Tracker):
        def metrics(self, values, step=0):
            if step == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", replace(PARAMS, epochs=3), Stop())
    again, same = run(tmp_path / "cut", replace(PARAMS, epochs=3))
    assert same == curves and all(torch.equal(whole[key], again[key]) for key in whole)


def test_the_backbone_stays_as_it_was_unless_it_is_fine_tuned(tmp_path):
    torch.manual_seed(0)
    before = {key: value.clone() for key, value in Clap(CONFIG).backbone.state_dict().items()}
    for fine_tune in (False, True):
        weights, _ = run(tmp_path / str(fine_tune), replace(PARAMS, epochs=1, fine_tune=fine_tune))
        same = all(torch.equal(value, weights[f"backbone.{key}"]) for key, value in before.items())
        assert same != fine_tune


def test_too_few_clips_for_a_batch_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"clap\.batch_size: is 100"):
        run(tmp_path, replace(PARAMS, batch_size=100))

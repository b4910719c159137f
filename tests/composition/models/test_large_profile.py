"""The Transformer of profiles/large.yaml, at its full size: trained for some steps on a processor, saved, loaded, drawn
from. Its music would be worth hearing after days on such a machine; here it only has to work.
"""

from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest
import torch
from tiny_model import chorale

from reprise.composition.models.backbones import TransformerParams
from reprise.composition.models.fit import ModelParams, fit_model
from reprise.composition.models.train import TrainingParams
from reprise.composition.models.trained import load_model, save_model
from reprise.composition.sampling.compose import Order, compose
from reprise.params import load_section
from reprise.pipeline.tracking import Tracker
from scripts.profile_clone import overlay, read_profile

ROOT = Path(__file__).resolve().parents[3]
STEPS, BATCH = 20, 2


@pytest.mark.slow
def test_the_large_transformer_trains_saves_loads_and_composes_on_a_processor(tmp_path):
    params = copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    overlay(params, read_profile(ROOT, "large"), "profiles/large.yaml")
    training = load_section(TrainingParams, "models.training", params)
    own = load_section(ModelParams, "models.transformer", params)
    backbone = own.backbone
    assert isinstance(backbone, TransformerParams) and training.precision == "bf16-mixed"
    assert 6 <= backbone.layers <= 12 and backbone.heads == 8 and 512 <= backbone.width <= 1024
    own = replace(own, fit=replace(own.fit, epochs=1, batch_size=BATCH))
    pieces = {"train": [chorale(n) for n in range(STEPS * BATCH)], "validation": [chorale(100)]}
    threads = torch.get_num_threads()
    trained, curves = fit_model("transformer", own, training, pieces, "cpu", tmp_path / "work", Tracker())
    torch.set_num_threads(threads)
    assert sum(own.numel() for own in trained.network.parameters()) > 20e6
    assert curves[0]["validation_nats"] < 8, "it has learnt something: five fields at random are some 11 nats"
    save_model(trained, tmp_path / "transformer")
    again = load_model(tmp_path / "transformer")
    first, second = (compose(model, [Order((1,), notes=20)])[0] for model in (trained, again))
    assert len(first.notes) == 20 and first.notes.tolist() == second.notes.tolist()

"""A composer that takes orders is there to be asked; whoever names none gets another."""

import json
from pathlib import Path

import pytest
from tiny_conditioned import save_conditioned
from tiny_model import save_tiny_model

from reprise.composition.use.models import best_model, find_models, model_folder, takes_orders

SCALE = {"dissonance": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """models/composer with two models, and one that takes orders and has fewer nats than both."""
    monkeypatch.chdir(tmp_path)
    for name, nats, conditions in (("conditioned", 0.1, {"knots": SCALE}), ("lstm", 1.9, None), ("vae", 1.8, None)):
        (tmp_path / f"models/composer/{name}").mkdir(parents=True)
        said = {"validation_nats": nats, "conditions": conditions}
        (tmp_path / f"models/composer/{name}/config.json").write_text(json.dumps(said))
    return tmp_path / "models/composer"


def test_the_best_takes_no_orders_however_few_nats_one_that_does_has(models):
    assert best_model(find_models(models)) == "vae" and model_folder(None).name == "vae"
    assert model_folder("conditioned").name == "conditioned", "it is there by its name"


def test_one_that_does_not_say_how_good_it_is_comes_before_it(models):
    for name in ("lstm", "vae"):
        (models / f"{name}/config.json").write_text("{}")
    assert best_model(find_models(models)) == "lstm"


def test_alone_it_is_the_best_there_is(models):
    found = find_models(models)
    assert best_model({"conditioned": found["conditioned"]}) == "conditioned"


@pytest.mark.parametrize(
    ("content", "takes"),
    [
        (json.dumps({"conditions": {"knots": SCALE}}), True),
        ('{"conditions": null}', False),
        ("{}", False),
        ("[]", False),
        ("", False),
        ("\xff", False),
    ],
)
def test_who_takes_orders_says_so(models, content, takes):
    (models / "vae/config.json").write_text(content)
    assert takes_orders(models / "vae") == takes
    assert not takes_orders(models / "nobody")


def test_saved_models_say_so(tmp_path):
    """What training leaves."""
    assert takes_orders(save_conditioned(tmp_path / "conditioned"))
    assert not takes_orders(save_tiny_model(tmp_path / "lstm", "lstm"))
    assert best_model(find_models(tmp_path)) == "lstm"

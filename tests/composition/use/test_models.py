"""Which models there are, which is best, and what rules lie with each; no model is loaded for that."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reprise.composition.sampling.rules import SAMPLING, USUAL, SamplingRules, load_rules, save_rules
from reprise.composition.use.models import best_model, find_models, model_folder, validation_nats
from reprise.errors import BadInput


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """models/composer with three that say how good they are, and one of older make that doesn't."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models/composer"
    for name, said in (("a", 1.8), ("b", 1.7), ("c", 1.9), ("old", None)):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text(json.dumps({} if said is None else {"validation_nats": said}))
    (folder / "empty").mkdir()
    return folder


def test_the_best_has_fewest_validation_nats(models):
    found = find_models(models)
    assert list(found) == ["a", "b", "c", "old"] and best_model(found) == "b"
    (models / "c/config.json").write_text('{"validation_nats": 0.3}')
    assert best_model(found) == "c"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"validation_nats": NaN}', '{"validation_nats": "few"}', "\xff"])
def test_a_model_that_does_not_say_how_good_it_is_comes_last(models, content):
    (models / "b/config.json").write_text(content)
    assert validation_nats(models / "b") == float("inf") and best_model(find_models(models)) == "a"


def test_a_model_is_known_by_its_name_or_its_folder(models, tmp_path):
    (tmp_path / "b").mkdir()
    assert model_folder(None) == model_folder("b") == Path("models/composer/b")
    assert model_folder("./b") == Path("b") and model_folder(str(models / "a")) == models / "a"
    with pytest.raises(BadInput, match="model: is 'gpt'; it must be a, b, c, old or a folder with a model"):
        model_folder("gpt")


def test_without_models_the_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for model in (None, "lstm"):
        with pytest.raises(BadInput, match=r"models/composer: no model there.*make some with \./run"):
            model_folder(model)
    (tmp_path / "mine").mkdir()
    assert model_folder("mine") == Path("mine")


def test_rules_come_back(tmp_path):
    rules = SamplingRules(temperature=0.9, pitch_factor=0.4, field_temperature=(("step", 0.5),), key="C major", top_k=9)
    save_rules(rules, tmp_path / SAMPLING)
    assert load_rules(tmp_path) == (rules, True)


def test_without_rules_the_usual_ones_hold(tmp_path):
    assert load_rules(tmp_path) == (USUAL, False)


@pytest.mark.parametrize("change", [{"top_p": 2}, {"top_p": "much"}, {"wild": 1}, {"lowest": 90, "highest": 60}])
def test_rules_that_cannot_be_are_refused_by_name(tmp_path, change):
    save_rules(USUAL, tmp_path / SAMPLING)
    content = json.loads((tmp_path / SAMPLING).read_text()) | change
    (tmp_path / SAMPLING).write_text(json.dumps(content))
    with pytest.raises(BadInput, match=rf"sampling\.json\.{next(iter(change))}"):
        load_rules(tmp_path)
    (tmp_path / SAMPLING).write_text("{")
    with pytest.raises(BadInput, match=r"sampling\.json: not the rules of a model"):
        load_rules(tmp_path)


def test_nothing_heavy_is_imported_to_choose():
    code = "import sys, reprise.cli; sys.exit('torch' in sys.modules or 'music21' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

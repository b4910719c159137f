"""What commands about music meet: a folder to work in, with models where the command line looks for them."""

from pathlib import Path

import pytest
from tiny_model import save_tiny_model

from reprise.composition.sampling.rules import SAMPLING, USUAL, save_rules


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder as `models/composer` is, with a model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("lstm", "transformer", "vae"):
        save_rules(USUAL, save_tiny_model(folder / name, name) / SAMPLING)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, models) -> Path:
    """An empty folder to work in, with the pipeline's models where the command line looks for them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/composer").symlink_to(models)
    return tmp_path

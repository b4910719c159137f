"""Stages with `foreach`: spread over their items as DVC itself spreads them."""

from pathlib import Path

import pytest
from dvc.repo import Repo

from reprise.pipeline.dvc_files import listed_paths, stage_entries

FOREACH = """
stages:
  count:
    cmd: python count.py
    outs: [data/count]
  train:
    foreach:
      lstm: {corpus: data/corpus, width: 64}
      vae: {corpus: data/passages, width: 8.5}
    do:
      cmd: python train.py ${key} ${item.corpus} --width ${item.width} --again ${key}
      deps: [train.py, "${item.corpus}"]
      params: [models.training, "models.${key}"]
      outs:
        - models/${key}/config.json
        - models/${key}/weights:
            cache: false
      metrics:
        - metrics/${key}.json:
            cache: false
      plots:
        - plots/${key}.csv:
            {cache: false, x: epoch, title: "the ${key} of ${item.corpus}"}
  sample:
    matrix:
      model: [lstm, vae]
    cmd: python sample.py ${item.model}
    deps: ["models/${item.model}/config.json"]
"""
PARAMS = "models: {training: {seed: 1}, lstm: {layers: 1}, vae: {layers: 2}}\n"


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """A repository of DVC's; its settings are its own."""
    for kind in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"DVC_{kind}_CONFIG_DIR", str(tmp_path / "settings"))
    Repo.init(tmp_path, no_scm=True).close()
    (tmp_path / "dvc.yaml").write_text(FOREACH)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


def as_dvc_reads(folder: Path) -> dict[str, tuple]:
    """Of each stage its command, dependencies, outs and params, as DVC resolves them."""

    def inside(path: str) -> str:
        return Path(path).relative_to(folder).as_posix() if Path(path).is_absolute() else path

    found = {}
    with Repo(folder) as repo:
        for stage in repo.index.stages:
            params = {key for dep in stage.deps for key in getattr(dep, "params", ())}
            deps = {inside(dep.fs_path) for dep in stage.deps if not hasattr(dep, "params")}
            found[stage.name] = (stage.cmd, deps, {inside(out.fs_path) for out in stage.outs}, params)
    return found


def as_read_here(folder: Path) -> dict[str, tuple]:
    return {
        name: (
            entry["cmd"],
            set(listed_paths(entry, "deps")),
            set(listed_paths(entry, "outs", "metrics", "plots")),
            set(entry.get("params", ())),
        )
        for name, entry in stage_entries(folder / "dvc.yaml").items()
    }


def test_items_are_spread_as_dvc_spreads_them(repository):
    found = as_read_here(repository)
    assert found == as_dvc_reads(repository)
    assert list(found) == ["count", "train@lstm", "train@vae", "sample@lstm", "sample@vae"]


def test_an_entry_by_hand(repository):
    entry = stage_entries(repository / "dvc.yaml")["train@vae"]
    assert entry == {
        "cmd": "python train.py vae data/passages --width 8.5 --again vae",
        "deps": ["train.py", "data/passages"],
        "params": ["models.training", "models.vae"],
        "outs": ["models/vae/config.json", {"models/vae/weights": {"cache": False}}],
        "metrics": [{"metrics/vae.json": {"cache": False}}],
        "plots": [{"plots/vae.csv": {"cache": False, "x": "epoch", "title": "the vae of data/passages"}}],
    }


def test_an_item_without_fields_has_its_key(repository):
    (repository / "dvc.yaml").write_text("stages: {a: {foreach: {x: {}, y: {}}, do: {cmd: 'echo ${key}'}}}\n")
    found = as_read_here(repository)
    assert found == as_dvc_reads(repository)
    assert {name: cmd for name, (cmd, *_) in found.items()} == {"a@x": "echo x", "a@y": "echo y"}


def test_items_differ_in_what_they_say_alone(repository):
    """A change of one item is none of the others."""
    before = stage_entries(repository / "dvc.yaml")
    (repository / "dvc.yaml").write_text(FOREACH.replace("width: 64", "width: 65"))
    after = stage_entries(repository / "dvc.yaml")
    assert [name for name in before if before[name] != after[name]] == ["train@lstm"]


def test_this_repository_s_stages_are_dvc_s(pytestconfig):
    folder = pytestconfig.rootpath
    found, expected = as_read_here(folder), as_dvc_reads(folder)
    assert {name: entry[0] for name, entry in found.items()} == {name: entry[0] for name, entry in expected.items()}
    spread = [name for name in found if name.startswith("train_composer@")]
    assert "train_composer@conditioned" in spread and {name: found[name] for name in spread} == {
        name: expected[name] for name in spread
    }

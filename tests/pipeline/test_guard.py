"""What dvc lets pass and `run` doesn't: a broken lock file, a wrong compute section, outs that the cache lacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reprise.errors import ParamsError, RepriseError
from scripts import guard

DVC_YAML = """
stages:
  make:
    cmd: mkdir -p data/made && echo one >data/made/1 && echo two >data/made/2 && echo x >data/x && echo {} >metrics.json
    outs:
      - data/made
      - data/x:
          persist: false
      - metrics.json:
          cache: false
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository whose one stage has run."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    for command in ("git init --quiet", "dvc init --quiet", "dvc repro --quiet"):
        subprocess.run(command.split(), cwd=folder, check=True)
    return folder


def cached(out: str) -> Path:
    """DVC's object of a file or of a folder's list."""
    outs = guard.recorded_outs()
    return Path(".dvc/cache/files/md5", outs[out][1][:2], outs[out][1][2:])


@pytest.mark.parametrize("part", ["file", "list", "file of a folder"])
def test_an_out_that_is_not_whole_in_the_cache_is_named(made, monkeypatch, part):
    """As a full disk leaves it: dvc prints an error and ends with 0."""
    monkeypatch.chdir(made)
    guard.check_cached()
    files = json.loads(cached("data/made").read_text())
    inner = Path(".dvc/cache/files/md5", files[1]["md5"][:2], files[1]["md5"][2:])
    missing = {"file": cached("data/x"), "list": cached("data/made"), "file of a folder": inner}[part]
    aside = missing.rename(made / "aside")
    with pytest.raises(RepriseError, match=f"^data/{'x' if part == 'file' else 'made'}: made, but not in DVC's cache"):
        guard.check_cached()
    aside.rename(missing)
    guard.check_cached()


def test_the_remedy_that_is_named_stores_what_was_made(made, monkeypatch):
    monkeypatch.chdir(made)
    lock = Path("dvc.lock").read_bytes()
    cached("data/made").unlink()
    subprocess.run(["dvc", "commit", "--quiet"], check=True)
    guard.check_cached()
    assert Path("dvc.lock").read_bytes() == lock


def test_what_is_not_in_the_work_tree_either_was_never_fetched(made, monkeypatch):
    monkeypatch.chdir(made)
    aside, out = cached("data/x").rename(made / "aside"), Path("data/x").rename(made / "out")
    guard.check_cached()
    aside.rename(cached("data/x"))
    out.rename("data/x")


@pytest.mark.parametrize("text", ["", "{broken", '{"write": {"a'])
def test_a_lock_file_that_was_cut_off_is_removed_and_said(made, monkeypatch, capsys, text):
    monkeypatch.chdir(made)
    monkeypatch.setattr(guard, "WRITING_S", 0.1)
    guard.RWLOCK.write_text(text)
    guard.mend_rwlock(guard.RWLOCK)
    assert not guard.RWLOCK.exists() and f"removed {guard.RWLOCK}" in capsys.readouterr().err


def test_a_sound_lock_file_stays(made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    guard.RWLOCK.write_text('{"write": {}}')
    guard.mend_rwlock(guard.RWLOCK)
    assert guard.RWLOCK.read_text() == '{"write": {}}' and not capsys.readouterr().err


def test_the_compute_section_is_checked_before_dvc_deletes_outs(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(
        'compute: {engine: daks, workers: 0, dask_scheduler: "", device: auto, tracking: true}\n'
    )
    monkeypatch.chdir(tmp_path)
    for command in (["repro"], ["exp", "run"]):
        monkeypatch.setattr(sys, "argv", ["guard.py", "before", *command])
        with pytest.raises(ParamsError, match=r"compute\.engine: is 'daks'"):
            guard.main()
    monkeypatch.setattr(sys, "argv", ["guard.py", "before", "metrics", "diff"])
    guard.main()

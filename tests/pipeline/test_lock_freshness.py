"""What is committed is what the committed code and params made: dvc.lock, metrics and plots.

Checked in a clone of the last commit, without data. `dvc repro --dry --allow-missing` sees stale stages there, but
neither a metric that was never committed nor a lock that tells of another run; so those are checked beside it.
"""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT, Clone

from scripts.tables import __main__ as tables

COMPOSE_SHARD_0 = """
import sys
from pathlib import Path
from reprise.clips.compose import compose_clip
from reprise.clips.params import ClipParams
from reprise.music.writers.midi import midi_bytes
from reprise.params import load_section
from reprise.pipeline.shards import item_name, shard_plan, write_shard

params = load_section(ClipParams, "clips")
items = shard_plan(params.total, params.shard_size)[0]
write_shard(Path(sys.argv[1]), [(item_name(i, "mid"), midi_bytes(compose_clip(params, i).piece)) for i in items])
"""


def stale_stages(clone: Clone) -> list[str]:
    """What `dvc repro` would run; a stale stage whose data is missing ends it with an error instead."""
    code = clone.finish(clone.start("dvc", "repro", "--dry", "--allow-missing"))
    return clone.stages_run or ([] if code == 0 else [clone.log])


def uncommitted(clone: Clone) -> list[str]:
    """Metrics and plots of dvc.yaml that git lacks, wholly or in part."""
    missing = []
    for stage in clone.stages:
        recorded = {out["path"]: out for out in clone.lock[stage].get("outs", [])}
        for path in (path for path in recorded if path.startswith(("metrics/", "plots/"))):
            files = clone.git("ls-files", "--", path).splitlines()
            if len(files) != recorded[path].get("nfiles", 1):
                missing.append(path)
    return missing


def shard_0_is_composed_again(clone: Clone, folder: Path) -> bool:
    """Does the committed code make the shard whose sha256 the committed metrics carry?"""
    clone.run("python", "-c", COMPOSE_SHARD_0, str(folder / "shard.tar"))
    recorded = json.loads((clone.folder / "metrics/clips.json").read_text())["midi_shard_0_sha256"]
    return hashlib.sha256((folder / "shard.tar").read_bytes()).hexdigest() == recorded


# --- this repository


@pytest.fixture(scope="module")
def last_commit(tmp_path_factory: pytest.TempPathFactory, dvc_settings: Path) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("head") / "clone", dvc_settings)
    clone.clone_from(ROOT)
    assert (clone.folder / "dvc.lock").is_file(), "dvc.lock is not committed: run the pipeline, then commit it"
    return clone


def test_the_lock_is_fresh(last_commit):
    assert stale_stages(last_commit) == []


def test_every_metric_and_plot_is_committed(last_commit):
    assert uncommitted(last_commit) == []


def test_the_clips_are_composed_again(last_commit, tmp_path):
    assert shard_0_is_composed_again(last_commit, tmp_path)


def test_two_runs_never_merge(tmp_path):
    """Line by line they would, into a lock that nobody ran."""
    lines = [f"line {number}\n" for number in range(30)]
    files = [tmp_path / "dvc.lock", tmp_path / "metrics/a.json", tmp_path / "README.md"]

    def git(*args: str) -> subprocess.CompletedProcess:
        identity = ("-c", "user.name=tests", "-c", "user.email=tests")
        return subprocess.run(["git", *identity, *args], cwd=tmp_path, capture_output=True, text=True, check=False)

    def commit(line: int) -> str:
        for file in files:
            file.parent.mkdir(exist_ok=True)
            file.write_text("".join([*lines[:line], "changed\n", *lines[line + 1 :]]))
        git("add", "--all")
        git("commit", "--message", "run")
        return git("rev-parse", "HEAD").stdout.strip()

    git("init")
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    commit(15)
    theirs = commit(29)
    git("reset", "--hard", "HEAD~1")
    ours = commit(0)
    merged = git("merge", theirs)
    assert merged.returncode == 1
    assert git("diff", "--name-only", "--diff-filter=U").stdout.split() == ["dvc.lock", "metrics/a.json"]
    assert files[0].read_text() == git("show", f"{ours}:dvc.lock").stdout, "one side, whole: ./run makes it true again"


# --- the checks themselves, on the smoke pipeline


@pytest.fixture
def spoiled(copy_of_smoke: Clone, tmp_path: Path, dvc_settings: Path) -> Iterator[Callable[[Callable], Clone]]:
    """A clone without data of a commit of the smoke pipeline, to which something was done before."""

    def spoil(change: Callable[[Clone], None]) -> Clone:
        change(copy_of_smoke)
        copy_of_smoke.commit("smoke")
        clone = Clone(tmp_path / "spoiled", dvc_settings)
        clone.clone_from(copy_of_smoke.folder)
        return clone

    yield spoil
    shutil.rmtree(tmp_path / "spoiled")


def test_an_honest_commit_passes(spoiled, tmp_path):
    clone = spoiled(lambda clone: None)
    assert not (clone.folder / "data/clips").exists()
    assert stale_stages(clone) == [] and uncommitted(clone) == [] and shard_0_is_composed_again(clone, tmp_path)


def test_a_param_changed_after_the_run_is_seen(spoiled, tmp_path):
    clone = spoiled(lambda clone: clone.set_params({"clips": {"seed": 5}}))
    assert stale_stages(clone) and not shard_0_is_composed_again(clone, tmp_path)


def test_code_changed_after_the_run_is_seen(spoiled):
    def edit(clone: Clone) -> None:
        with open(clone.folder / "src/reprise/recognition/model.py", "a") as file:
            file.write("# another line\n")

    assert stale_stages(spoiled(edit))


def test_an_edited_metric_is_seen(spoiled):
    def edit(clone: Clone) -> None:
        path = clone.folder / "metrics/clips.json"
        path.write_text(path.read_text().replace("192", "193"))

    assert stale_stages(spoiled(edit))


@pytest.mark.parametrize("path", ["metrics/clips.json", "plots/clips/violin.png"])
def test_a_metric_or_plot_left_out_of_the_commit_is_seen(spoiled, path):
    def leave_out(clone: Clone) -> None:
        (clone.folder / path).unlink()

    assert uncommitted(spoiled(leave_out)) == [path if path.endswith("json") else "plots/clips"]


def test_another_machine_s_figures_make_nothing_red(copy_of_smoke):
    """Its instructions and threads give other weights, so ./run leaves another lock and other metrics there.

    The smoke profile's few clips round that away; another seed sees to it that figures differ.
    """
    clone, readme = copy_of_smoke, copy_of_smoke.folder / "README.md"
    metrics = partial(tables.work_tree, root=clone.folder)
    readme.write_text(tables.render(readme.read_text(encoding="utf-8"), metrics), encoding="utf-8")
    clone.commit("smoke")
    committed = json.loads((clone.folder / "metrics/recognizer.json").read_text())
    clone.environment |= {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"}
    clone.set_params({"recognizer": {"threads": 2, "seed": 2}, "compute": {"tracking": False}})
    clone.dvc("repro")
    assert json.loads((clone.folder / "metrics/recognizer.json").read_text()) != committed
    assert {"dvc.lock", "metrics/recognizer.json"} <= set(clone.git("diff", "--name-only").splitlines())
    figures = "tests/project/test_docs.py::test_every_figure_is_that_of_the_metrics_in_git[README.md]"
    lock = (f"tests/pipeline/test_lock_freshness.py::{test.__name__}" for test in OF_THIS_REPOSITORY)
    clone.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", figures, *lock)


OF_THIS_REPOSITORY = (
    test_the_lock_is_fresh,
    test_every_metric_and_plot_is_committed,
    test_the_clips_are_composed_again,
)

"""A Dask cluster: results as from any engine, and workers that would give others are refused before the first job."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import MagicMock, Mock

import distributed
import pytest
from conftest import ROOT

from reprise.errors import RepriseError
from reprise.pipeline.cluster import _difference, _make_probe, _run
from reprise.pipeline.compute import ComputeParams, run_jobs


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A running scheduler without workers."""
    with distributed.LocalCluster(
        n_workers=0, dashboard_address=None, processes=False, protocol="tcp://", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def start_worker(scheduler: str) -> Iterator[Callable]:
    """Start a worker of one thread in a folder, with the code below a folder; waits until the scheduler knows it."""
    started = []

    def start(folder: Path, source: Path) -> subprocess.Popen:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--nthreads=1", "--no-nanny"]
        environment = {**os.environ, "PYTHONPATH": str(source)}
        started.append(
            subprocess.Popen([*command, "--no-dashboard"], cwd=folder, env=environment, stderr=subprocess.PIPE)
        )
        with distributed.Client(scheduler) as client:
            client.wait_for_workers(1, timeout=60)
        return started[-1]

    yield start
    for worker in started:
        worker.terminate()
        worker.wait()
        worker.stderr.close()
    with distributed.Client(scheduler) as client:
        while client.scheduler_info()["workers"]:
            time.sleep(0.05)


def compute(scheduler: str) -> ComputeParams:
    return ComputeParams("dask", 0, scheduler, "cpu", False)


def copy_of_the_code(folder: Path) -> Path:
    shutil.copytree(ROOT / "src/reprise", folder / "src/reprise", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "src"


def test_a_worker_of_one_thread_does_all_the_work(scheduler, start_worker, tmp_path):
    """Also one that was started in another folder, with the same code from elsewhere."""

    def process_id(_: int) -> int:
        return os.getpid()

    worker = start_worker(tmp_path, copy_of_the_code(tmp_path))
    for count in (1, 3):
        assert run_jobs(process_id, range(count), [1] * count, compute(scheduler), "jobs") == [worker.pid] * count


def test_a_worker_with_other_code_is_refused(scheduler, start_worker, tmp_path):
    source = copy_of_the_code(tmp_path)
    with open(source / "reprise/audio/levels.py", "a") as file:
        file.write("# another line\n")
    start_worker(ROOT, source)
    with pytest.raises(RepriseError, match=f"it runs other code, in {source}/reprise, than this process"):
        run_jobs(int, ["7"], [1], compute(scheduler), "jobs")


def test_a_worker_that_doesn_t_see_the_folder_is_refused(scheduler, start_worker, tmp_path, monkeypatch):
    """Its machine has no such folder: here the folder is gone by the time that it looks."""
    start_worker(tmp_path, ROOT / "src")
    monkeypatch.setattr(Path, "touch", lambda path: None)
    monkeypatch.setattr(Path, "unlink", lambda path: None)
    with pytest.raises(RepriseError, match=f"doesn't see the folder {Path.cwd()}.*PYTHONPATH=src dask worker tcp://"):
        run_jobs(int, ["7"], [1], compute(scheduler), "jobs")


def test_a_worker_with_other_versions_is_refused(scheduler, start_worker, tmp_path, monkeypatch):
    start_worker(tmp_path, ROOT / "src")
    monkeypatch.setattr(
        "reprise.pipeline.cluster._make_probe",
        lambda packages, mark: lambda: {**ANSWER, "versions": {"numpy": os.getpid()}},
    )
    with pytest.raises(RepriseError, match=rf"it has numpy \d+, this process {os.getpid()}"):
        run_jobs(int, ["7"], [1], compute(scheduler), "jobs")


def test_a_folder_that_is_only_named_like_the_package_is_none(monkeypatch):
    here = _make_probe((), "mark")()
    empty = importlib.util.spec_from_loader("reprise", None, is_package=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: empty)
    assert _difference(here, _make_probe((), "mark")()) == "it has no package reprise"


ANSWER = {"package": "here", "code": "x", "sees": True}


def test_a_scheduler_without_workers_is_named(scheduler, monkeypatch):
    monkeypatch.setattr("reprise.pipeline.cluster.ANSWER_S", 0.5)
    with pytest.raises(
        RepriseError, match=f"the scheduler at {scheduler} has no workers; start some: dask worker tcp:"
    ):
        run_jobs(int, ["7"], [1], compute(scheduler), "jobs")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            distributed.KilledWorker("job", Mock(address="tcp://w"), 3),
            "Dask workers died at the same job.*out of memory",
        ),
        (
            distributed.client.FutureCancelledError("job", "gone"),
            "the Dask scheduler at tcp://there is gone; run this again",
        ),
    ],
)
def test_what_dies_under_way_is_named(error, message):
    client = MagicMock(scheduler=None)  # it closes by itself once the scheduler stays away
    client.map.return_value = [Mock(result=Mock(return_value=1)), Mock(result=Mock(side_effect=error))]
    results = _run(client, "tcp://there", int, ["1", "2"])
    assert next(results) == 1
    with pytest.raises(RepriseError, match=message):
        next(results)
    client.cancel.assert_called_once()

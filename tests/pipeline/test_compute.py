"""Engines decide where work runs, never what comes out."""

import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from reprise.clips.corpus import compose_clips
from reprise.clips.params import ClipParams
from reprise.errors import ParamsError, RepriseError, ShardError
from reprise.pipeline.compute import ComputeParams, load_compute, run_jobs

SERIAL = ComputeParams("serial", 1, "", "cpu", False)
ENGINES = [SERIAL, replace(SERIAL, engine="processes", workers=2), replace(SERIAL, engine="dask", workers=2)]


def square(number: int) -> int:
    if number == 13:
        raise ShardError("shard-00013.tar: cut off")
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


@pytest.fixture
def section(tmp_path, monkeypatch):
    """params.yaml with a compute section, in the current folder."""
    (tmp_path / "params.yaml").write_text(
        'compute: {engine: processes, workers: 3, dask_scheduler: "", device: auto, tracking: true}\n'
    )
    monkeypatch.chdir(tmp_path)
    for name in ("REPRISE_ENGINE", "REPRISE_WORKERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("compute", ENGINES[:2], ids=lambda compute: compute.engine)
def test_results_come_in_the_order_of_the_jobs(compute):
    assert run_jobs(square, range(12), [1] * 12, compute, "squares") == [number**2 for number in range(12)]


@pytest.mark.parametrize("compute", ENGINES, ids=lambda compute: compute.engine)
def test_an_error_of_a_job_arrives_as_itself(compute):
    with pytest.raises(ShardError, match="shard-00013"):
        run_jobs(square, range(20), [1] * 20, compute, "squares")


def test_processes_are_other_processes():
    ids = run_jobs(process_id, range(6), [1] * 6, ENGINES[1], "jobs")
    assert os.getpid() not in ids and 1 <= len(set(ids)) <= 2
    assert set(run_jobs(process_id, range(6), [1] * 6, SERIAL, "jobs")) == {os.getpid()}


# Prints the ids of its two workers, which then are at work for a minute.
PARENT = """
import os, time
from reprise.pipeline.compute import ComputeParams, run_jobs

def job(index):
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    run_jobs(job, range(8), [1] * 8, ComputeParams("processes", 2, "", "cpu", False), "jobs")
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    """kill -9 of a stage: workers that went on would write into the same work folder as the next run."""
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=5)
    for worker in alive:
        worker.kill()
    assert not alive


def test_no_jobs_are_no_results():
    for compute in ENGINES:
        assert run_jobs(square, [], [], compute, "squares") == []


def test_every_engine_composes_the_same_bytes(tmp_path):
    params = ClipParams(
        seed=3,
        count=40,
        validation_share=0.2,
        test_share=0.2,
        same_register_count=8,
        same_register=(60, 72),
        duration_s=4.0,
        tail_s=0.4,
        tempo_bpm=(60.0, 160.0),
        level_range_db=14.0,
        shard_size=7,
    )
    outs, summaries = [], []
    for compute in ENGINES:
        folder = tmp_path / compute.engine
        summaries.append(compose_clips(params, folder / "midi", folder / "manifest.parquet", folder / "notes", compute))
        outs.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert len(outs[0]) == 7 + 7 + 1  # shards, their notes, the manifest
    assert outs[0] == outs[1] == outs[2] and summaries[0] == summaries[1] == summaries[2]


def test_a_dask_scheduler_that_isn_t_there_is_named(monkeypatch):
    import distributed

    def refuse(address, timeout):
        raise OSError(f"Timed out trying to connect to {address}")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(RepriseError, match=r"compute\.dask_scheduler.*tcp://127\.0\.0\.1:9"):
        run_jobs(square, [1, 2], [1, 1], replace(ENGINES[2], dask_scheduler="tcp://127.0.0.1:9"), "squares")


def test_the_environment_overrides_engine_and_workers(section, monkeypatch):
    assert load_compute() == ComputeParams("processes", 3, "", "auto", True)
    monkeypatch.setenv("REPRISE_ENGINE", "serial")
    monkeypatch.setenv("REPRISE_WORKERS", "8")
    assert load_compute() == ComputeParams("serial", 8, "", "auto", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPRISE_ENGINE", "threads"),
        ("REPRISE_ENGINE", ""),
        ("REPRISE_WORKERS", "two"),
        ("REPRISE_WORKERS", "-1"),
        ("REPRISE_WORKERS", "²"),
        ("REPRISE_WORKERS", "99999"),
    ],
)
def test_a_wrong_variable_is_named(section, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ParamsError, match=name):
        load_compute()


def test_a_wrong_section_is_named_by_its_dotted_key(section, tmp_path):
    (tmp_path / "params.yaml").write_text((tmp_path / "params.yaml").read_text().replace("device: auto", "device: gpu"))
    with pytest.raises(ParamsError, match=r"compute\.device: is 'gpu'; it must be one of auto, cpu, cuda"):
        load_compute()


def test_workers_are_those_asked_for_or_one_a_core(monkeypatch):
    assert replace(SERIAL, workers=5).worker_count == 5
    assert replace(SERIAL, workers=0).worker_count >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)  # as on macOS
    assert replace(SERIAL, workers=0).worker_count == os.cpu_count()
    assert replace(SERIAL, workers=5).worker_count == 5

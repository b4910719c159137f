"""Where work runs: engine, workers, device. Nothing here may change a result.

`run_jobs` maps a function over independent jobs (shards), serially, on processes or on a Dask cluster. A job writes its
own files, under absolute paths, and returns a small value; results come back in the order of the jobs.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated

from joblib import Parallel, delayed, parallel_config
from pydantic import Field

from reprise.checked import OneOf, checked, require
from reprise.params import load_section
from reprise.pipeline.cluster import dask_engine
from reprise.pipeline.machine import usable_cores
from reprise.progress import progress_bar

ENGINES = ("serial", "processes", "dask")
DEVICES = ("auto", "cpu", "cuda")
MOST_WORKERS = 1024


@checked
class ComputeParams:
    """The `compute` section, which no stage tracks."""

    engine: Annotated[str, OneOf(ENGINES)]
    workers: Annotated[int, Field(ge=0, le=MOST_WORKERS)]
    dask_scheduler: str
    device: Annotated[str, OneOf(DEVICES)]
    tracking: bool

    @property
    def worker_count(self) -> int:
        """Worker processes: `workers`, or the cores this process may use."""
        if self.workers:
            return self.workers
        return usable_cores()


def load_compute() -> ComputeParams:
    """The `compute` section of params.yaml; REPRISE_ENGINE and REPRISE_WORKERS override it for one run.

    Raises:
        ParamsError: the section or a variable is wrong.
    """
    params = load_section(ComputeParams, "compute")
    engine = os.environ.get("REPRISE_ENGINE", params.engine)
    workers = os.environ.get("REPRISE_WORKERS", str(params.workers))
    require(engine in ENGINES, "REPRISE_ENGINE", engine, f"one of {', '.join(ENGINES)}")
    digits = workers.isascii() and workers.isdigit()
    require(
        digits and int(workers) <= MOST_WORKERS, "REPRISE_WORKERS", workers, f"a whole number from 0 to {MOST_WORKERS}"
    )
    return replace(params, engine=engine, workers=int(workers))


def run_jobs(
    function: Callable, jobs: Sequence, sizes: Sequence[int], compute: ComputeParams, what: str, unit: str = "clips"
) -> list:
    """`[function(job) for job in jobs]` on the engine of `compute`, with a progress bar.

    Args:
        sizes: items in each job, for the bar.

    Raises:
        RepriseError: the engine can't start, or whatever `function` raises.
    """
    results = []
    with progress_bar(sum(sizes), what, unit) as bar, _engine(compute, len(jobs)) as run:
        for result, size in zip(run(function, jobs), sizes, strict=True):
            results.append(result)
            bar.update(size)
    return results


@contextlib.contextmanager
def _engine(compute: ComputeParams, jobs: int) -> Iterator[Callable]:
    if compute.engine == "dask" and jobs:
        with dask_engine(compute.dask_scheduler, compute.worker_count) as run:
            yield run
    elif compute.engine == "processes" and jobs > 1:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            yield _joblib(compute.worker_count)
    else:
        yield lambda function, items: map(function, items)


def _joblib(workers: int) -> Callable:
    def run(function: Callable, items: Sequence) -> Iterator:
        parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1, pre_dispatch="2*n_jobs")
        guarded = functools.partial(_run_guarded, os.getpid(), function)
        return parallel(delayed(guarded)(item) for item in items)

    return run


def _run_guarded(parent: int, function: Callable, item: object) -> object:
    """In a worker: `function(item)`, ending the worker soon after the process that started it."""
    if os.getppid() == parent:
        _end_with_parent(parent)
    return function(item)


@functools.cache
def _end_with_parent(parent: int) -> None:
    """kill -9 leaves loky's workers at work: they would write into the work folder of the next run."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""A mirror of runs in MLflow; never the source of a number, and never in a run's way.

The store is `MLFLOW_TRACKING_URI`, or SQLite in `mlflow.db`. A thread of its own writes to it, so that a store that is
locked, damaged, full or out of reach holds nobody up: a run waits for it once, at its end, for `WAIT_S` at most, and
says in one line what is missing. With tracking off, `open_tracker` gives a tracker that does nothing.
"""

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT_STORE = "sqlite:///mlflow.db"
LOCK = Path(".reprise/mlflow.lock")
WAIT_S = 10.0
BATCH = 100
BATCHES = {"Param": "params", "Metric": "metrics", "RunTag": "tags"}


class Tracker:
    """Tracks nothing: the null version, and the interface."""

    def params(self, values: dict) -> None:
        """Nested settings of the run."""

    def metrics(self, values: dict[str, float], step: int | None = None) -> None:
        """Figures, of one epoch or final."""

    def estimates(self, metrics: dict) -> None:
        """The value of every estimate `{value, low, high, count}` in nested metrics, under its dotted name."""

    def tags(self, values: dict[str, str]) -> None:
        """Facts about the run: input hashes, what it trained on."""


class _MlflowTracker(Tracker):
    """Hands each call to a thread; the first one that fails ends the mirror."""

    def __init__(self, experiment: str, name: str) -> None:
        self.calls: queue.SimpleQueue[Callable | None] = queue.SimpleQueue()
        self.failure: Exception | None = None
        self.status = "FAILED"
        self.thread = threading.Thread(target=self._mirror, args=(experiment, name), daemon=True)
        self.thread.start()

    def params(self, values: dict) -> None:
        self._log("Param", [(key, str(value)) for key, value in _flatten(values).items()])

    def metrics(self, values: dict[str, float], step: int | None = None) -> None:
        now = int(time.time() * 1000)
        self._log("Metric", [(key, value, now, step or 0) for key, value in values.items()])

    def estimates(self, metrics: dict) -> None:
        values = _flatten(metrics).items()
        self.metrics({key.removesuffix(".value"): value for key, value in values if key.endswith(".value")})

    def tags(self, values: dict[str, str]) -> None:
        self._log("RunTag", list(values.items()))

    def _log(self, kind: str, rows: list[tuple]) -> None:
        """Hand on rows of one of MLflow's kinds of facts, in batches that its servers take."""

        def log(client: "MlflowClient", run: str) -> None:
            import mlflow.entities

            made = [getattr(mlflow.entities, kind)(*row) for row in rows]
            for start in range(0, len(made), BATCH):
                batch: dict[str, Any] = {BATCHES[kind]: made[start : start + BATCH]}
                client.log_batch(run, **batch)

        self.calls.put(log)

    def close(self) -> None:
        """End the run in the store, if that takes no more than WAIT_S."""
        self.calls.put(lambda client, run: client.set_terminated(run, self.status))
        self.calls.put(None)
        self.thread.join(WAIT_S)
        reason = f"no answer in {WAIT_S:g} s" if self.thread.is_alive() else self.failure
        if reason:
            (line, *_) = str(reason).strip().splitlines() or [repr(reason)]
            print(f"tracking: MLflow has not all of this run ({line}); nothing else depends on it", file=sys.stderr)

    def _mirror(self, experiment: str, name: str) -> None:
        try:
            client, run = _start_run(experiment, name)
            while call := self.calls.get():
                call(client, run)
        except Exception as error:  # whatever a store, its driver or its network can raise
            self.failure = error


def _start_run(experiment: str, name: str) -> tuple["MlflowClient", str]:
    """A client of the store, and the id of a new run."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic", "urllib3"):  # not a line for each table or try
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(LOCK):  # two that make the tables of a new store at once break it
        client = MlflowClient(os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE))
        found = client.get_experiment_by_name(experiment)
        made = found.experiment_id if found else client.create_experiment(experiment)
    commit = _commit()
    run = client.create_run(made, run_name=f"{name}@{commit}", tags={"commit": commit})
    return client, run.info.run_id


@contextmanager
def open_tracker(enabled: bool, experiment: str, name: str) -> Iterator[Tracker]:
    """A tracker for one run, `NAME@COMMIT`, of `experiment`; `name` is a stage's."""
    if not enabled:
        yield Tracker()
        return
    tracker = _MlflowTracker(experiment, name)
    try:
        yield tracker
        tracker.status = "FINISHED"
    finally:
        tracker.close()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _flatten(values: dict, prefix: str = "") -> dict:
    flat: dict = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat

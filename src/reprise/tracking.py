"""A mirror of training runs in MLflow; never the source of a number.

The store is `MLFLOW_TRACKING_URI`, or SQLite in `mlflow.db`. With tracking off, `open_tracker` gives a tracker
that does nothing. A store that fails mid-run is reported once and then left alone: training never dies of its
mirror.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT_STORE = "sqlite:///mlflow.db"


class Tracker:
    """Tracks nothing: the null version, and the interface."""

    def params(self, values: dict) -> None:
        """Nested settings of the run."""

    def metrics(self, values: dict[str, float], step: int | None = None) -> None:
        """Figures, of one epoch or final."""

    def tags(self, values: dict[str, str]) -> None:
        """Facts about the run: commit, input hashes, times."""


class _MlflowTracker(Tracker):
    def __init__(self) -> None:
        self.failed = False

    def params(self, values: dict) -> None:
        self._call("log_params", _flatten(values))

    def metrics(self, values: dict[str, float], step: int | None = None) -> None:
        self._call("log_metrics", values, step=step)

    def tags(self, values: dict[str, str]) -> None:
        self._call("set_tags", values)

    def _call(self, name: str, *args: object, **kwargs: object) -> None:
        import mlflow

        if self.failed:
            return
        try:
            getattr(mlflow, name)(*args, **kwargs)
        except (mlflow.MlflowException, OSError) as error:
            self.failed = True
            print(f"tracking: MLflow failed ({error}); going on without it", file=sys.stderr)


@contextmanager
def open_tracker(enabled: bool, experiment: str) -> Iterator[Tracker]:
    """A tracker for one run of `experiment`, tagged with the commit."""
    if not enabled:
        yield Tracker()
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # not a line for each table it creates

    try:
        mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE))
        mlflow.set_experiment(experiment)
        run = mlflow.start_run()
    except (mlflow.MlflowException, OSError) as error:
        print(f"tracking: no MLflow run ({error}); going on without it", file=sys.stderr)
        yield Tracker()
        return
    with run:
        tracker = _MlflowTracker()
        tracker.tags({"commit": _commit()})
        yield tracker


def _commit() -> str:
    shown = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or "unknown"


def _flatten(values: dict, prefix: str = "") -> dict:
    flat = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flatten(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat

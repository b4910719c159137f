"""The MLflow mirror: what it keeps, and that no run ever waits for it or fails with it."""

import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import mlflow
import pytest
from conftest import ROOT

from reprise.pipeline import tracking
from reprise.pipeline.tracking import Tracker, open_tracker


@pytest.fixture(scope="module")
def new_store(tmp_path_factory):
    """A store with all its tables and nothing in them: to make one takes seconds."""
    file = tmp_path_factory.mktemp("store") / "runs.db"
    mlflow.MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def store(new_store, tmp_path, monkeypatch):
    shutil.copy(new_store, tmp_path / "runs.db")
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr(tracking, "WAIT_S", 120.0)  # a busy machine's disk is no fault of the store
    return uri


def run_of(store: str, experiment: str) -> mlflow.entities.Run:
    client = mlflow.MlflowClient(store)
    (run,) = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return run


def test_a_run_keeps_name_params_curves_figures_commit_and_hashes(store):
    with open_tracker(True, "recognizer", "train_recognizer") as tracker:
        tracker.params({"recognizer": {"epochs": 2, "network": {"hidden": 8}}})
        for step, loss in ((1, 0.5), (2, 0.25)):
            tracker.metrics({"train_loss": loss}, step=step)
        tracker.tags({f"input {number}": "abc" for number in range(150)})
        f1 = {"value": 0.75, "low": 0.5, "high": 1.0, "count": 8}
        tracker.estimates({"test": {"macro_f1": f1, "taken_for": {"violin": 3}}, "clips": 8})
    run = run_of(store, "recognizer")
    assert run.data.params == {"recognizer.epochs": "2", "recognizer.network.hidden": "8"}
    history = mlflow.MlflowClient(store).get_metric_history(run.info.run_id, "train_loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.5), (2, 0.25)]
    assert run.data.metrics == {"train_loss": 0.25, "test.macro_f1": 0.75}
    assert run.data.tags["input 149"] == "abc"
    assert run.info.status == "FINISHED"
    assert re.fullmatch(r"train_recognizer@[0-9a-f]{7,}(-dirty)?", run.info.run_name)
    assert run.info.run_name == f"train_recognizer@{run.data.tags['commit']}"


def test_a_run_that_fails_is_marked(store):
    with pytest.raises(ZeroDivisionError), open_tracker(True, "composer", "train_composer@vae"):
        _ = 1 / 0
    assert run_of(store, "composer").info.status == "FAILED"


def test_switched_off_it_touches_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    with open_tracker(False, "recognizer", "train_recognizer") as tracker:
        tracker.metrics({"train_loss": 1.0}, step=1)
    assert type(tracker) is Tracker
    assert not list(tmp_path.iterdir())


# Tracks a run of one of two stages that begin at the same time.
BEGINS = """
import sys
from reprise.pipeline import tracking
tracking.WAIT_S = 120.0
with tracking.open_tracker(True, "composition", sys.argv[1]) as tracker:
    tracker.metrics({"train_loss": 1.0}, step=1)
"""


@pytest.mark.slow
def test_two_stages_that_begin_at_once_make_one_new_store(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    commands = [[sys.executable, "-c", BEGINS, name] for name in ("lstm", "vae")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) for command in commands]
    assert [process.communicate(timeout=180)[1] for process in both] == ["", ""]
    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("composition").experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]


# --- a store that isn't well


def train(then=lambda: None) -> float:
    """Track a run of ten epochs, with `then` in the middle; returns the seconds that it took."""
    start = time.monotonic()
    with open_tracker(True, "recognizer", "train_recognizer") as tracker:
        tracker.tags({"train_set": "train"})
        for epoch in range(10):
            tracker.metrics({"train_loss": 1.0}, step=epoch)
            if epoch == 5:
                then()
    return time.monotonic() - start


def lines(capsys) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_store_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'file' / 'runs.db'}")
    train()
    (line,) = lines(capsys)
    assert line.startswith("tracking: MLflow has not all of this run (")


def test_a_damaged_store_is_one_line(store, tmp_path, capsys):
    (tmp_path / "runs.db").write_bytes(b"not a database" * 1000)
    train()
    (line,) = lines(capsys)
    assert "file is not a database" in line


def test_a_store_that_another_process_locks_is_waited_for_no_longer_than_said(store, tmp_path, monkeypatch, capsys):
    train()
    monkeypatch.setattr(tracking, "WAIT_S", 0.5)
    with sqlite3.connect(tmp_path / "runs.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        assert train() < 3
    (line,) = lines(capsys)
    assert "no answer in 0.5 s" in line or "database is locked" in line


def test_a_store_that_breaks_in_the_middle_is_one_line(store, monkeypatch, capsys):
    broken = threading.Event()
    log_batch = mlflow.MlflowClient.log_batch

    def log(client, run, **kinds):
        if broken.is_set():
            raise OSError("disk full\nand more\nlines")
        log_batch(client, run, **kinds)

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", log)
    train(broken.set)
    (line,) = lines(capsys)
    assert line.endswith("(disk full); nothing else depends on it")


# Trains with a mirror that never answers, and says how long it waited.
WAITS = """
import time
from reprise.pipeline import tracking
tracking.WAIT_S = 0.5
start = time.monotonic()
with tracking.open_tracker(True, "recognizer", "train_recognizer") as tracker:
    tracker.metrics({"train_loss": 1.0}, step=1)
print(time.monotonic() - start)
"""


def test_a_server_that_never_answers_holds_up_neither_the_run_nor_its_end(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0 and 0.5 <= float(done.stdout) < 5
    assert done.stderr.count("\n") == 1 and "no answer in" in done.stderr

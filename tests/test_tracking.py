"""The MLflow mirror: what it keeps, and that training never needs it."""

import mlflow
import pytest

from reprise.tracking import Tracker, open_tracker


@pytest.fixture
def store(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


def test_a_run_keeps_params_curves_commit_and_hashes(store):
    with open_tracker(True, "recognizer") as tracker:
        tracker.params({"recognizer": {"epochs": 2, "network": {"hidden": 8}}})
        for step, loss in ((1, 0.5), (2, 0.25)):
            tracker.metrics({"train_loss": loss}, step=step)
        tracker.tags({"data/clips/spectrograms": "abc"})
    (run,) = mlflow.MlflowClient(store).search_runs(
        [mlflow.MlflowClient(store).get_experiment_by_name("recognizer").experiment_id]
    )
    assert run.data.params == {"recognizer.epochs": "2", "recognizer.network.hidden": "8"}
    assert [m.value for m in mlflow.MlflowClient(store).get_metric_history(run.info.run_id, "train_loss")] == [
        0.5,
        0.25,
    ]
    assert run.data.tags["data/clips/spectrograms"] == "abc"
    assert run.data.tags["commit"]
    assert run.info.status == "FINISHED"


def test_switched_off_it_touches_nothing(store, tmp_path):
    with open_tracker(False, "recognizer") as tracker:
        tracker.metrics({"train_loss": 1.0}, step=1)
    assert type(tracker) is Tracker
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_opened_is_reported_and_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'file' / 'runs.db'}")
    with open_tracker(True, "recognizer") as tracker:
        tracker.metrics({"train_loss": 1.0}, step=1)
    assert "going on without it" in capsys.readouterr().err


def test_a_store_that_breaks_mid_run_is_reported_once(store, monkeypatch, capsys):
    def broken(*_: object, **__: object) -> None:
        raise mlflow.MlflowException("disk full")

    with open_tracker(True, "recognizer") as tracker:
        monkeypatch.setattr(mlflow, "log_metrics", broken)
        tracker.metrics({"train_loss": 1.0}, step=1)
        tracker.metrics({"train_loss": 1.0}, step=2)
    assert capsys.readouterr().err.count("disk full") == 1

"""What training loops share: epochs, whole checkpoints, patience."""

from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from reprise.errors import RepriseError
from reprise.learning.training import load_checkpoint, out_of_patience, run_epochs, save_checkpoint
from reprise.pipeline.tracking import Tracker

CPU = torch.device("cpu")


def test_a_checkpoint_comes_back(tmp_path):
    path = tmp_path / "work" / "checkpoint.pt"
    assert load_checkpoint(path, CPU) is None
    content = {"weights": {"a": torch.arange(3.0)}, "curves": [{"epoch": 1, "nats": 2.5}]}
    save_checkpoint(content, path)
    loaded = load_checkpoint(path, CPU)
    assert torch.equal(loaded["weights"]["a"], content["weights"]["a"]) and loaded["curves"] == content["curves"]
    save_checkpoint({"curves": []}, path)
    assert load_checkpoint(path, CPU) == {"curves": []}
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_what_is_interrupted_while_it_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint({"epoch": 1}, path)

    def half(content: dict, file: Path) -> None:
        file.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint({"epoch": 2}, path)
    assert load_checkpoint(path, CPU) == {"epoch": 1}


class Evil:
    """Would be made by code in the file."""

    def __reduce__(self) -> tuple:
        return (print, ("run",))


def test_a_checkpoint_runs_no_code(tmp_path, capsys):
    torch.save({"evil": Evil()}, tmp_path / "checkpoint.pt")
    with pytest.raises(UnpicklingError):
        load_checkpoint(tmp_path / "checkpoint.pt", CPU)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("scores", "patience", "ends"),
    [
        ([], 1, False),
        ([0.5], 1, False),
        ([0.5, 0.4], 1, True),
        ([0.5, 0.4], 2, False),
        ([0.5, 0.4, 0.4], 2, True),
        ([0.5, 0.4, 0.6], 1, False),
        ([0.5, 0.5, 0.5], 2, True),  # as good is not better
        ([-3.0, -2.0, -2.5], 1, True),
    ],
)
def test_patience_by_hand(scores, patience, ends):
    assert out_of_patience(scores, patience) == ends


def count_up(work: Path, losses: list[float], patience: int = 9) -> tuple[dict, list[dict]]:
    """A network whose weight is the number of the epoch, with these losses."""
    network = torch.nn.Linear(1, 1, bias=False)

    def one_epoch(epoch: int, bar: object) -> dict[str, float]:
        with torch.no_grad():
            network.weight.fill_(epoch + 1)
        return {"loss": losses[epoch]}

    parts = {"network": network}
    return run_epochs(parts, network, one_epoch, lambda row: -row["loss"], len(losses), patience, work, CPU, Tracker())


def test_the_best_epoch_is_kept_and_the_first_of_equal_ones(tmp_path):
    best, curves = count_up(tmp_path, [3.0, 1.0, 1.0, 2.0])
    assert best["weight"].item() == 2
    assert curves == [{"epoch": n + 1, "loss": loss} for n, loss in enumerate((3.0, 1.0, 1.0, 2.0))]
    assert count_up(tmp_path, [3.0, 1.0, 1.0, 2.0]) == (best, curves), "what is done is not done again"
    assert len(count_up(tmp_path / "impatient", [1.0, 2.0, 3.0, 0.0], patience=2)[1]) == 3


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_training_that_diverges_is_no_success(tmp_path, bad):
    with pytest.raises(RepriseError, match=r"loss is (nan|inf) in epoch 2; lower the learning_rate"):
        count_up(tmp_path, [1.0, bad, 0.5])
    assert len(load_checkpoint(tmp_path / "checkpoint.pt", CPU)["curves"]) == 1, "the epoch before stays"

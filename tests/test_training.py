"""What training loops share: whole checkpoints, patience, curves."""

from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from reprise.training import load_checkpoint, out_of_patience, save_checkpoint

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

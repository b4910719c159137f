"""A model on disk: what is saved comes back, and nothing broken or foreign is taken."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_model import chorale, make_tiny_model, save_tiny_model

from reprise.composition.evaluation.originality import longest_copied_run
from reprise.composition.models.trained import MODELS, load_model, save_arrays, save_model
from reprise.errors import BadInput

FILES = ("config.json", "training.npz", "weights.safetensors")


@pytest.fixture
def saved(tmp_path) -> Path:
    return save_tiny_model(tmp_path / "composer", "lstm")


def edit_config(folder: Path, change: Callable[[dict], None]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("model", MODELS)
def test_a_saved_model_comes_back(tmp_path, model):
    trained = make_tiny_model(model)
    save_model(trained, tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.config == trained.config and not loaded.network.training
    assert all(np.array_equal(*pair) for pair in zip(loaded.training, trained.training, strict=True))
    weights = loaded.network.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in trained.network.state_dict().items())


def test_two_saves_are_the_same_bytes_of_three_files(saved, tmp_path):
    other = save_tiny_model(tmp_path / "other", "lstm")
    assert sorted(path.name for path in saved.iterdir()) == sorted(FILES)
    assert all((saved / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def test_the_index_knows_the_training_pieces(saved):
    piece = chorale(3)
    assert longest_copied_run(piece, load_model(saved).index) == len(piece.notes)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(BadInput, match=rf"{name}: no model there; make one with \./run"):
        load_model(saved)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"nowhere.*no model there"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "noise"])
def test_a_damaged_file_is_refused(saved, name, damage):
    path = saved / name
    content = bytearray(path.read_bytes())
    if damage == "flipped" and name == "weights.safetensors":
        content[:8] = b"\xff" * 8  # the length of the header; flipped weights look like others
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    kept = {"empty": b"", "cut": bytes(content[: len(content) // 2]), "noise": bytes(range(256)) * 9}
    path.write_bytes(kept.get(damage, bytes(content)))
    with pytest.raises(BadInput, match="composer"):
        load_model(saved)


def test_every_flipped_byte_of_the_training_pieces_is_seen_or_harmless(saved):
    """A zip archive has its checks; what passes them are the same arrays."""
    path, before = saved / "training.npz", load_model(saved).training
    content = path.read_bytes()
    for at in range(0, len(content), 37):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            after = load_model(saved).training
        except BadInput:
            continue
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_an_array_in_place_of_an_archive_is_refused(saved):
    with open(saved / "training.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(BadInput, match="damaged model"):
        load_model(saved)


def test_pickled_arrays_are_refused(saved):
    np.savez(saved / "training.npz", events=np.array([{}], object), lengths=np.array([1]))
    with pytest.raises(BadInput, match="damaged model"):
        load_model(saved)


@pytest.mark.parametrize(
    ("events", "lengths"),
    [
        (np.zeros((4, 3)), [4]),  # a field less
        (np.zeros(4), [4]),
        (np.zeros((4, 4)), [3]),
        (np.full((4, 4), 500), [4]),
        (np.full((4, 4), -1), [4]),
    ],
)
def test_training_pieces_of_another_vocabulary_are_refused(saved, events, lengths):
    save_arrays(saved / "training.npz", events=events.astype(np.int16), lengths=np.array(lengths))
    with pytest.raises(BadInput, match=r"training\.npz: doesn't fit .*config\.json"):
        load_model(saved)


def test_missing_unknown_and_misshapen_weights_are_named(saved):
    path = saved / "weights.safetensors"
    weights = load_file(path)
    for changed, named in (
        ({name: weights[name] for name in weights if name != "start"}, "'start'"),
        (weights | {"alien": torch.zeros(1)}, "'alien'"),
        (weights | {"start": torch.zeros(17)}, "'start'"),
    ):
        save_file(changed, path)
        with pytest.raises(BadInput, match=f"doesn't fit .*: 1 weights .* such as {named}"):
            load_model(saved)


def test_weights_of_another_model_are_refused(saved, tmp_path):
    shutil.copy(save_tiny_model(tmp_path / "other", "transformer") / "weights.safetensors", saved)
    with pytest.raises(BadInput, match=r"weights\.safetensors: doesn't fit"):
        load_model(saved)


def test_a_config_of_another_vocabulary_is_refused(saved):
    edit_config(saved, lambda config: config["encoding"].update(highest=config["encoding"]["highest"] - 1))
    with pytest.raises(BadInput, match=r"doesn't fit .*config\.json"):
        load_model(saved)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c.update(colour="blue"), "colour: unknown key"),
        (lambda c: c.pop("tempo_bpm"), "tempo_bpm: missing"),
        (lambda c: c["backbone"].update(width="wide"), r"backbone\.width: is 'wide'"),
        (lambda c: c["backbone"].update(heads=2), r"backbone\.heads: unknown key"),
        (lambda c: c["encoding"].update(lowest=-40), r"encoding\.lowest: is -40"),
        (lambda c: c["encoding"].update(metres=[]), r"encoding\.metres"),
        (lambda c: c["encoding"]["steps"].update(centres=[3, 1]), r"encoding\.steps\.centres"),
        (lambda c: c.update(programs=[0]), r"programs: is \(0,\); it must be one for each of the 4 parts"),
        (lambda c: c.update(metre=[5, 8]), "metre: is"),
    ],
)
def test_what_is_wrong_in_a_config_is_named(saved, change, named):
    edit_config(saved, change)
    with pytest.raises(BadInput, match=rf"config\.json\.{named}"):
        load_model(saved)


def test_arrays_carry_no_time(tmp_path):
    save_arrays(tmp_path / "a.npz", first=np.arange(3))
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert [info.date_time[0] for info in archive.infolist()] == [1980]
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["first"].tolist() == [0, 1, 2]

"""What is no checkpoint is one clear error, and no code in a file is run."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from tiny_laion import laion_weights, save_folder, save_pt, tiny_laion, tokenizer_folder

from reprise.embedding.laion.checkpoint import Unpickler, Unread, read_checkpoint
from reprise.embedding.laion.load import load_folder, load_pt
from reprise.embedding.open import open_embedder
from reprise.errors import BadInput


@pytest.fixture(scope="module")
def weights():
    return laion_weights(tiny_laion())


class Bomb:
    """Unpickled carelessly, it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_pickle_with_code_in_it_is_refused_and_runs_nothing(tmp_path, weights):
    torch.save({"state_dict": weights, "more": Bomb(tmp_path / "made")}, tmp_path / "a.pt")
    with pytest.raises(BadInput, match=r"a.pt: isn't loaded: it asks for posix.mkdir, which no checkpoint needs"):
        read_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "__import__", "setattr"])
def test_builtins_are_not_looked_up(tmp_path, name):
    content = pickle.dumps(getattr(__builtins__, name, None) or __builtins__[name])
    (tmp_path / "x").write_bytes(content)
    with open(tmp_path / "x", "rb") as file, pytest.raises(pickle.UnpicklingError, match=name):
        Unpickler(file).load()


def test_plain_values_are_read_and_numpy_scalars_are_read_over(tmp_path):
    for protocol in (2, 4, 5):
        content = {"a": np.float64(0.5), "b": np.int64(3), "c": [1, "x", None]}
        (tmp_path / "x").write_bytes(pickle.dumps(content, protocol=protocol))
        with open(tmp_path / "x", "rb") as file:
            found = Unpickler(file).load()
        assert found["c"] == content["c"]
        assert isinstance(found["a"], Unread) and isinstance(found["b"], Unread) and not vars(found["a"])


def test_truncated_and_foreign_files_are_told_apart(tmp_path, weights):
    whole = save_pt(tmp_path / "a.pt", weights).read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.pt").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "empty.pt").touch()
    torch.save(weights, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "script.pt")
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("notes.txt", "no weights")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"state_dict": {"a": 1}}, tmp_path / "numbers.pt")
    messages = {
        "cut": "is cut off; download it again",
        "text": "is no archive of PyTorch",
        "empty": "is no archive of PyTorch",
        "old": "is no archive of PyTorch",
        "script": "is a zip file, but not of weights that torch.save wrote",
        "zip": "is a zip file, but not of weights",
        "list": "has no weights by their names",
        "numbers": "has no weights by their names",
        "none": "there is no such file",
    }
    for name, message in messages.items():
        with pytest.raises(BadInput, match=rf"{name}.pt: {message}"):
            read_checkpoint(tmp_path / f"{name}.pt")


def test_a_pickle_cut_within_the_archive_is_damaged(tmp_path, weights):
    save_pt(tmp_path / "a.pt", weights)
    with zipfile.ZipFile(tmp_path / "a.pt") as archive, zipfile.ZipFile(tmp_path / "b.pt", "w") as other:
        for entry in archive.namelist():
            content = archive.read(entry)
            other.writestr(entry, content[: len(content) // 2] if entry.endswith("data.pkl") else content)
    with pytest.raises(BadInput, match=r"b.pt: is"):
        read_checkpoint(tmp_path / "b.pt")


def test_a_pt_needs_a_tokenizer_that_fits(tmp_path, weights):
    path = save_pt(tmp_path / "a.pt", weights)
    with pytest.raises(BadInput, match=r"hold no tokenizer; --tokenizer must name the folder of roberta-base"):
        open_embedder(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"empty: has no tokenizer that can be read"):
        load_pt(path, tmp_path / "empty")
    folder = tokenizer_folder(tmp_path / "tokenizer")
    content = (folder / "tokenizer_config.json").read_text().replace('"pad_token": "<pad>"', '"pad_token": "<unk>"')
    (folder / "tokenizer_config.json").write_text(content)
    with pytest.raises(BadInput, match=r"is another model's tokenizer, with 18 pieces and padding 3"):
        load_pt(path, folder)


@pytest.mark.parametrize(("stored", "told"), [(True, False), (False, True)])
def test_fused_weights_in_an_unfused_model_and_the_reverse_are_refused(tmp_path, stored, told):
    folder = save_folder(tmp_path / "a", tiny_laion(fused=stored))
    other = save_folder(tmp_path / "b", tiny_laion(fused=told))
    (folder / "config.json").write_bytes((other / "config.json").read_bytes())
    with pytest.raises(BadInput, match=r"can't be loaded whole; .*(missing|unknown).*fusion_model"):
        load_folder(folder)


def test_a_folder_of_the_wrong_size_or_damaged_is_refused(tmp_path):
    folder = save_folder(tmp_path / "a", tiny_laion())
    whole = (folder / "model.safetensors").read_bytes()
    wide = save_folder(tmp_path / "wide", tiny_laion(width=16))
    deep = save_folder(tmp_path / "deep", tiny_laion("base"))
    for other, message in ((wide, "208 of another shape: .*"), (deep, "108 missing: .*blocks.10.*")):
        (folder / "config.json").write_bytes((other / "config.json").read_bytes())
        with pytest.raises(BadInput, match=f"model.safetensors: its weights can't be loaded whole; {message}"):
            load_folder(folder)
    (folder / "config.json").write_text('{"model_type": "clap", "text_config": {"vocab_size": "many"}}')
    with pytest.raises(BadInput, match=r"a: can't be loaded .*'vocab_size' expected int"):
        load_folder(folder)
    (wide / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"wide: can't be loaded"):
        load_folder(wide)
    (deep / "model.safetensors").unlink()
    with pytest.raises(BadInput, match=r"deep: has no weights; it must hold model.safetensors or pytorch_model.bin"):
        load_folder(deep)


def test_other_spectrograms_than_laions_are_refused(tmp_path):
    from transformers import ClapFeatureExtractor

    folder = save_folder(tmp_path / "a", tiny_laion())
    ClapFeatureExtractor(frequency_min=50, truncation="rand_trunc").save_pretrained(folder)
    load_folder(folder)
    ClapFeatureExtractor().save_pretrained(folder)
    with pytest.raises(
        BadInput, match=r"preprocessor_config.json: has other spectrograms .* frequency_min is 0, not 50"
    ):
        load_folder(folder)


def test_an_embedder_is_opened_by_what_is_there(tmp_path, monkeypatch, clap_folder):
    folder = save_folder(tmp_path / "laion", tiny_laion())
    path = save_pt(tmp_path / "a.pt", laion_weights(tiny_laion()))
    assert open_embedder(clap_folder).name == "small CLAP"
    assert open_embedder(str(folder)).name == "laion"
    assert open_embedder(path, folder).name == "a.pt"
    monkeypatch.chdir(tmp_path)
    assert open_embedder("laion").name == "laion"
    (tmp_path / "other").mkdir()
    for spec in ("none", "nobody/clap", "laion/none.pt", "other"):
        with pytest.raises(BadInput, match=f"{spec}: no CLAP there; make one with ./run"):
            open_embedder(spec)
    (tmp_path / "other" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "other" / "model.safetensors").touch()
    with pytest.raises(BadInput, match=r"other/config.json: model_type isn't 'clap'"):
        open_embedder("other")


def test_a_model_on_the_hub_needs_the_internet_and_must_be_sound(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadInput, match=r"clap-htsat-unfused: can't be downloaded .* it takes the internet") as error:
        open_embedder("laion/clap-htsat-unfused")
    assert "\n" not in str(error.value)
    with pytest.raises(BadInput, match=r"larger_clap_music: its text tower is broken.* take laion/clap-htsat-unfused"):
        open_embedder("laion/larger_clap_music")


@pytest.fixture
def clap_folder(tmp_path):
    from tiny_clap import tiny_clap

    tiny_clap(tmp_path / "clap")
    return tmp_path / "clap"


def test_a_folder_with_a_pickle_is_read_and_code_in_it_is_not_run(tmp_path):
    folder = save_folder(tmp_path / "a", tiny_laion())
    vectors = load_folder(folder).embed_text(["slow"])
    torch.save(load_folder(folder).model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert load_folder(folder).embed_text(["slow"]) == pytest.approx(vectors, abs=1e-5)
    torch.save({"x": Bomb(tmp_path / "made")}, folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match=r"pytorch_model.bin: holds more than weights, or is damaged"):
        load_folder(folder)
    assert not (tmp_path / "made").exists()

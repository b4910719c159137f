"""LAION's weights in transformers' network: the same vectors in all four layouts, and whole or not at all."""

import numpy as np
import pytest
import torch
from tiny_laion import DEPTHS, laion_weights, save_folder, save_pt, tiny_laion

from reprise.embedding.laion.checkpoint import read_checkpoint
from reprise.embedding.laion.convert import UNUSED, convert, rename
from reprise.embedding.laion.embedder import SAMPLE_RATE
from reprise.embedding.laion.load import load_folder, load_pt, sha256_of
from reprise.errors import BadInput

TEXTS = ["a slow violin song", "loud music of the trumpet and piano"]


def sounds():
    rng = np.random.default_rng(0)
    return [
        rng.normal(0, level, round(SAMPLE_RATE * seconds)).astype(np.float32)
        for level, seconds in ((0.1, 10), (0.01, 3))
    ]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("size", ["tiny", "base"])
def test_each_layout_is_read_off_the_weights_and_gives_the_vectors_of_the_network(tmp_path, size, fused):
    model = tiny_laion(size, fused)
    folder = save_folder(tmp_path / "folder", model)
    path = save_pt(tmp_path / "a.pt", laion_weights(model))
    own, converted = load_folder(folder), load_pt(path, folder)
    read, right = converted.model.config.audio_config, model.config.audio_config
    for name in ("patch_embeds_hidden_size", "hidden_size", "mlp_ratio", "enable_fusion", "window_size"):
        assert getattr(read, name) == getattr(right, name), name
    assert tuple(read.depths) == DEPTHS[size] and tuple(read.num_attention_heads) == (1, 2, 2, 4)
    assert converted.embed_audio(sounds()) == pytest.approx(own.embed_audio(sounds()), abs=1e-6)
    assert converted.embed_text(TEXTS) == pytest.approx(own.embed_text(TEXTS), abs=1e-6)
    assert converted.checkpoint_sha256 == sha256_of(path) and converted.name == "a.pt"
    assert own.checkpoint_sha256 == sha256_of(folder / "model.safetensors") and own.name == "folder"
    found = converted.model.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(("size", "unused"), [("tiny", 20), ("base", 23)])
def test_what_transformers_has_no_place_for_is_of_five_kinds(size, unused):
    weights = {name.removeprefix("module."): value for name, value in laion_weights(tiny_laion(size)).items()}
    projections = sum(".qkv." in name for name in weights)
    assert len(UNUSED) == 5 and len(rename(weights)) == len(weights) - unused + 2 * projections


def test_missing_unknown_and_unfit_keys_are_named():
    weights = {name.removeprefix("module."): value for name, value in laion_weights(tiny_laion()).items()}
    del weights["audio_branch.norm.bias"]
    weights["audio_branch.extra.weight"] = torch.zeros(1)
    weights["logit_scale_a"] = torch.zeros(2)
    with pytest.raises(BadInput) as error:
        convert(weights, "x.pt")
    assert str(error.value) == (
        "x.pt: its weights can't be loaded whole; 1 missing: audio_model.audio_encoder.norm.bias; "
        "1 unknown: audio_model.audio_encoder.extra.weight; 1 of another shape: logit_scale_a"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: {"audio_branch.x": torch.zeros(1)}, "has no weight '.*'; it must be LAION-CLAP"),
        (
            lambda w: {n: v for n, v in w.items() if ".2.blocks.1." not in n},
            r"no weight 'audio_branch.layers.2.blocks.1'",
        ),
        (lambda w: {n: v for n, v in w.items() if ".layers.1." not in n}, r"has no weight 'audio_branch.layers.1'"),
        (lambda w: w | {"audio_branch.patch_embed.proj.weight": torch.zeros(8)}, "of another shape than an HTSAT"),
        (lambda w: {n: v for n, v in w.items() if "local_att.4" not in n}, "missing: .*local_att.4"),
    ],
)
def test_another_network_is_refused(change, message):
    weights = {name.removeprefix("module."): value for name, value in laion_weights(tiny_laion(fused=True)).items()}
    with pytest.raises(BadInput, match=message):
        convert(change(weights), "x.pt")


@pytest.mark.slow
def test_the_real_size_of_htsat_tiny(tmp_path):
    from transformers import ClapConfig, ClapModel

    torch.manual_seed(0)
    model = ClapModel(ClapConfig(text_config={"layer_norm_eps": 1e-5})).eval()
    weights = {name.removeprefix("module."): value for name, value in laion_weights(model).items()}
    converted = convert(weights, "x.pt")
    assert list(converted.config.audio_config.num_attention_heads) == [4, 8, 16, 32]
    assert converted.config.text_config.num_attention_heads == 12
    found = converted.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in model.state_dict().items())


def test_a_checkpoint_is_the_same_in_each_protocol_of_pickles(tmp_path):
    weights = laion_weights(tiny_laion())
    for protocol in (2, 4, 5):
        found = read_checkpoint(save_pt(tmp_path / f"{protocol}.pt", weights, pickle_protocol=protocol))
        assert {f"module.{name}" for name in found} == weights.keys()
        assert all(torch.equal(found[name.removeprefix("module.")], value) for name, value in weights.items())

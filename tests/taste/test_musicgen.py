"""MusicGen on a tiny checkpoint of random weights: what seeds, prompts and lengths do, and what is refused."""

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    EncodecConfig,
    GenerationConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    PreTrainedTokenizerFast,
    T5Config,
)

from reprise.errors import BadInput
from reprise.taste.musicgen import MusicGen

WORDS = ["<pad>", "</s>", "<unk>", "sweet", "sour", "music", "slow", "fast"]
CODES, CODEBOOKS, RATE, HOP = 32, 4, 1600, 32  # 50 frames a second, as the real one has
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A whole checkpoint. Its weights are larger than fresh ones, so that a text makes a difference, and its codebooks
    not the zeros of a fresh EnCodec, from which every code sounds the same.
    """
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("musicgen")
    text = T5Config(
        vocab_size=len(WORDS), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    sound = EncodecConfig(
        sampling_rate=RATE,
        upsampling_ratios=[8, 4],
        num_filters=4,
        hidden_size=8,
        codebook_size=CODES,
        codebook_dim=8,
        num_lstm_layers=1,
        target_bandwidths=[CODEBOOKS * 5 * RATE / HOP / 1000],
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=CODES,
        num_hidden_layers=1,
        ffn_dim=16,
        num_attention_heads=2,
        hidden_size=16,
        num_codebooks=CODEBOOKS,
        max_position_embeddings=2048,
        pad_token_id=CODES,
        bos_token_id=CODES,
    )
    model = MusicgenForConditionalGeneration(MusicgenConfig(text_encoder=text, audio_encoder=sound, decoder=decoder))
    model.generation_config = GenerationConfig(
        decoder_start_token_id=CODES, pad_token_id=CODES, bos_token_id=CODES, do_sample=True
    )
    with torch.no_grad():
        for layer in model.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()
        for part in (model.text_encoder, model.decoder):
            for weight in part.parameters():
                if weight.ndim == 2:
                    weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def generator(checkpoint) -> MusicGen:
    return MusicGen(str(checkpoint), 0.5)


@pytest.fixture
def copy(checkpoint, tmp_path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def test_the_same_seed_gives_the_same_sound_and_another_seed_or_text_another(generator):
    first = generator.generate("sweet music", 1)
    assert first.sound.dtype == np.float32 and first.sound.ndim == 1 and np.isfinite(first.sound).all()
    assert first.sound.std() > 0 and first.sample_rate == RATE
    assert first.piece is None and first.understood == ()
    assert np.array_equal(first.sound, generator.generate("sweet music", 1).sound)
    assert not np.allclose(first.sound, generator.generate("sweet music", 2).sound)
    assert not np.allclose(first.sound, generator.generate("sour fast music", 1).sound)


def test_a_text_sounds_the_same_alone_and_after_others(checkpoint, generator):
    for text in ("slow music", "sour sour sour"):
        generator.generate(text, 7)
    alone = MusicGen(str(checkpoint), 0.5).generate("sweet music", 3)
    assert np.array_equal(alone.sound, generator.generate("sweet music", 3).sound)


def test_the_random_state_of_others_is_left_alone(generator):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    generator.generate("slow music", 1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("duration_s", "frames"), [(0.1, 5), (0.5, 25), (0.51, 26)])
def test_the_music_is_as_long_as_asked_to_the_next_token(checkpoint, duration_s, frames):
    generator = MusicGen(str(checkpoint), duration_s)
    assert generator.tokens == frames + CODEBOOKS - 1
    assert len(generator.generate("sweet music", 0).sound) == frames * HOP


@pytest.mark.parametrize("duration_s", [0.05, -1.0, 29.95, 60.0])
def test_more_than_it_learnt_is_refused(checkpoint, duration_s):
    with pytest.raises(BadInput, match=r"duration_s: is .*from 0\.1 to 29\.94 s, which are the 1,500 tokens"):
        MusicGen(str(checkpoint), duration_s)
    assert MusicGen(str(checkpoint), 29.94).tokens == 1500


def test_an_empty_text_is_refused(generator):
    with pytest.raises(BadInput, match="text: is empty"):
        generator.generate(" \n", 0)


@pytest.mark.parametrize("source", ["no such folder", "/nowhere/at/all", "facebook/", "pyproject.toml"])
def test_what_is_neither_a_folder_nor_a_name_is_refused(source):
    with pytest.raises(BadInput, match="is no folder and no name on the hub; it must be a folder with a MusicGen"):
        MusicGen(source, 1)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(BadInput, match=f"{tmp_path}: can't be loaded from the folder .*it must be a folder with"):
        MusicGen(str(tmp_path), 1)


def test_a_name_on_the_hub_needs_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadInput, match="nobody/nothing: can't be loaded from the hub, which needs a network the first"):
        MusicGen("nobody/nothing", 1)


def test_a_checkpoint_of_something_else_is_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({"model_type": "t5", **config["text_encoder"]}))
    with pytest.raises(BadInput, match="is a checkpoint of t5; it must be a folder with a MusicGen"):
        MusicGen(str(copy), 1)


def test_damaged_weights_are_refused(copy):
    (copy / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(BadInput, match="can't be loaded from the folder"):
        MusicGen(str(copy), 1)


def drop(weights: dict) -> None:
    del weights["decoder.lm_heads.0.weight"]


def add(weights: dict) -> None:
    weights["decoder.lm_heads.9.weight"] = torch.zeros(2)


def reshape(weights: dict) -> None:
    weights["decoder.lm_heads.0.weight"] = weights["decoder.lm_heads.0.weight"][:-1]


@pytest.mark.parametrize("change", [drop, add, reshape])
def test_weights_that_do_not_fit_are_refused(copy, change):
    weights = load_file(copy / WEIGHTS)
    change(weights)
    save_file(weights, copy / WEIGHTS, {"format": "pt"})
    with pytest.raises(BadInput, match=r"1 weights are missing, unknown or of another shape, such as .*lm_heads"):
        MusicGen(str(copy), 1)


def test_a_checkpoint_with_the_names_of_the_published_ones_sounds_the_same(copy, generator):
    """They are of before torch's parametrizations, and some hold the sines of positions, and tied weights twice."""
    weights = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): weight
        for name, weight in load_file(copy / WEIGHTS).items()
    }
    weights["decoder.model.decoder.embed_positions.weights"] = torch.zeros(2048, 16)
    weights["text_encoder.encoder.embed_tokens.weight"] = weights["text_encoder.shared.weight"].clone()
    assert any(name.endswith("weight_g") for name in weights)
    save_file(weights, copy / WEIGHTS, {"format": "pt"})
    found = MusicGen(str(copy), 0.5).generate("slow music", 4)
    assert np.array_equal(found.sound, generator.generate("slow music", 4).sound)

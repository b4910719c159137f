"""The network: its size, its independence of length, and its files."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from reprise.audio.spectrogram import SpectrogramParams
from reprise.errors import BadInput
from reprise.learning.weights import save_network
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import load_section
from reprise.recognition.model import (
    NetworkParams,
    Recognizer,
    RecognizerConfig,
    ScaledConv2d,
    load_recognizer,
)
from reprise.recognition.training.train import TrainParams

SMALL = NetworkParams((4, 4, 8, 8), 16, 1)
SPECTROGRAM = SpectrogramParams(2048, 1024, 128, 30.0, 11025.0, -80.0)


@pytest.fixture
def network():
    """Untrained, but for the levels of its input."""
    torch.manual_seed(0)
    network = Recognizer(SMALL, 128, 12).eval()
    network.level.running_mean.fill_(-40)
    network.level.running_var.fill_(100)
    return network


@pytest.fixture
def saved(network, tmp_path):
    config = RecognizerConfig(SMALL, SPECTROGRAM, 22050, 4.0, INSTRUMENT_NAMES, (0.5,) * 12)
    save_network(network, config, tmp_path)
    return tmp_path


def test_the_default_network_has_at_most_a_million_weights():
    params = load_section(TrainParams, "recognizer").network
    spectrogram = load_section(SpectrogramParams, "spectrogram")
    network = Recognizer(params, spectrogram.n_mels, 12)
    assert sum(weight.numel() for weight in network.parameters()) <= 1_000_000


@torch.inference_mode()
def test_steady_sound_gives_the_same_logits_however_long_it_lasts(network):
    frame = torch.randn(1, 128, 1) * 10 - 40
    short, long = (network(frame.expand(1, 128, frames))[0] for frames in (400, 1600))
    edge_share = 8 / 100  # of the short clip's steps, a few see the zeros beyond its ends
    assert torch.allclose(short, long, atol=2 * edge_share * float(long.abs().max()) + 1e-3)


@torch.inference_mode()
def test_a_clip_heard_twice_in_a_row_is_the_clip_heard_once(network):
    clip = torch.randn(3, 128, 1600) * 10 - 40  # long beside the few steps that see its ends
    once, twice = network(clip)[0], network(torch.cat([clip, clip], dim=2))[0]
    assert (once - twice).abs().max() < 0.1 * once.std()


@torch.inference_mode()
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 87, 88, 501])
def test_any_number_of_frames_works(network, frames):
    clip, steps = network(torch.full((2, 128, frames), -40.0))
    assert clip.shape == (2, 12)
    assert steps.shape == (2, 12, -(-frames // 4))


@torch.inference_mode()
def test_the_clip_logit_lies_between_those_of_its_steps(network):
    clip, steps = network(torch.randn(4, 128, 64) * 20 - 40)
    assert ((clip <= steps.amax(2) + 1e-5) & (clip >= steps.amin(2) - 1e-5)).all()


def test_scaled_convolution_keeps_the_variance_through_a_relu():
    torch.manual_seed(0)
    x = torch.randn(8, 64, 32, 32)
    y = ScaledConv2d(64, 64, 3)(x).relu()
    assert 0.9 < (y.var() / x.var()).item() < 1.1


@torch.inference_mode()
def test_a_saved_recognizer_answers_the_same(network, saved):
    loaded, config = load_recognizer(saved)
    clip = torch.randn(2, 128, 87) * 10 - 40
    assert torch.equal(loaded(clip)[0], network(clip)[0])
    assert config.instruments == INSTRUMENT_NAMES
    assert config.spectrogram == SPECTROGRAM


def test_a_missing_weight_is_refused_by_name(saved):
    weights = load_file(saved / "weights.safetensors")
    del weights["logits.weight"]
    save_file(weights, saved / "weights.safetensors")
    with pytest.raises(BadInput, match=r"logits\.weight"):
        load_recognizer(saved)


def test_cut_off_weights_are_refused(saved):
    path = saved / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="damaged recognizer"):
        load_recognizer(saved)


def test_an_unknown_key_of_the_config_is_refused(saved):
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps(config | {"colour": "blue"}))
    with pytest.raises(BadInput, match="colour"):
        load_recognizer(saved)


def test_a_missing_folder_says_how_to_make_one(tmp_path):
    with pytest.raises(BadInput, match=r"\./run"):
        load_recognizer(tmp_path / "nowhere")

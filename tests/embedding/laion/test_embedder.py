"""LAION-CLAP's vectors: of a sound alone, whatever is embedded beside it and whatever was drawn before."""

import librosa
import numpy as np
import pytest
import torch
from tiny_laion import save_folder, tiny_laion, tokenizer_folder

from reprise.embedding.laion.embedder import SAMPLE_RATE, Checkpoint, LaionClap
from reprise.embedding.laion.load import load_folder, load_tokenizer

WINDOW = 10 * SAMPLE_RATE


@pytest.fixture(scope="module", params=[False, True], ids=["unfused", "fused"])
def laion(request, tmp_path_factory):
    model = tiny_laion(fused=request.param)
    folder = tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))
    return LaionClap(model, load_tokenizer(folder, model), Checkpoint("tiny", "0"))


def noise(samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


def tone(samples, hertz):
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE)).astype(np.float32)


def test_a_long_sound_is_the_normalised_mean_of_its_windows(laion):
    sound = np.concatenate([noise(WINDOW), tone(WINDOW, 200), tone(3 * SAMPLE_RATE, 5000)])
    parts = laion.embed_audio([sound[:WINDOW], sound[WINDOW : 2 * WINDOW], sound[2 * WINDOW :]])
    mean = parts.mean(axis=0)
    assert laion.embed_audio([sound])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert np.linalg.norm(parts, axis=1) == pytest.approx(1, abs=1e-5)
    assert (parts @ parts.T)[np.triu_indices(3, 1)].max() < 0.999


def test_neither_batch_mates_nor_seeds_change_a_vector(laion):
    sounds = [noise(WINDOW), tone(WINDOW // 2, 200), tone(WINDOW + SAMPLE_RATE, 5000)]
    together = laion.embed_audio(sounds)
    for seed, sound, own in zip((1, 2, 3), sounds, together):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002  transformers draws from it
        assert laion.embed_audio([sound])[0] == pytest.approx(own, abs=1e-6)


def test_whether_a_sound_is_marked_as_longer_cannot_matter(laion, monkeypatch):
    call = type(laion.extractor).__call__

    def marked(self, *arguments, **options):
        return call(self, *arguments, **options) | {"is_longer": torch.ones(1, 1, dtype=torch.bool)}

    own = laion.embed_audio([noise(WINDOW)])
    monkeypatch.setattr(type(laion.extractor), "__call__", marked)
    assert laion.embed_audio([noise(WINDOW)]) == pytest.approx(own, abs=1e-6)


def test_the_spectrogram_is_the_one_of_laions_training(laion):
    """As torchlibrosa has it where views aren't fused, as torchaudio has it where they are."""
    sound = noise(WINDOW)
    fused = laion.model.config.audio_config.enable_fusion
    bands = {"htk": True, "norm": None} if fused else {"htk": False, "norm": "slaney"}
    power = librosa.feature.melspectrogram(
        y=sound,
        sr=SAMPLE_RATE,
        n_fft=1024,
        hop_length=480,
        n_mels=64,
        fmin=50,
        fmax=14_000,
        pad_mode="reflect",
        **bands,
    )
    heard = laion.extractor([sound], sampling_rate=SAMPLE_RATE)["input_features"][0]
    assert heard.shape == ((4 if fused else 1), 1001, 64)
    assert heard[0] == pytest.approx(librosa.power_to_db(power, top_db=None).T, abs=1e-3)


def test_silence_nothing_and_short_sounds_have_vectors(laion):
    found = laion.embed_audio([np.zeros(WINDOW, np.float32), np.zeros(0, np.float32), noise(100)])
    assert np.isfinite(found).all() and found[0] == pytest.approx(found[1], abs=1e-6)


def test_a_text_alone_and_beside_a_longer_one_is_the_same(laion):
    texts = ["a slow song", "loud music of the violin and the trumpet with a piano", "calm"] * 20
    together = laion.embed_text(texts)
    assert together.shape == (60, 12)
    for text, own in zip(texts[:3], together):
        assert laion.embed_text([text])[0] == pytest.approx(own, abs=1e-5)
    assert together[0] @ together[1] < 0.999


def test_a_text_is_cut_at_77_pieces(laion):
    words = ["slow", "violin"] * 60
    cut = " ".join(words[:75])  # with the pieces at its beginning and end 77
    assert laion.embed_text([" ".join(words)])[0] == pytest.approx(laion.embed_text([cut])[0], abs=1e-6)
    assert laion.embed_text([" ".join(words[:74])])[0] != pytest.approx(laion.embed_text([cut])[0], abs=1e-6)


def test_a_folder_is_loaded_without_bars_and_reports(tmp_path, capfd):
    folder = save_folder(tmp_path / "a", tiny_laion())
    capfd.readouterr()
    load_folder(folder)
    assert capfd.readouterr() == ("", "")

"""Log-mel spectrograms against librosa, one fixed reference, and how many frames there are."""

import os
import subprocess
import sys
from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.audio.fonts import FONTS, locate
from reprise.audio.render import Rendition, Voice, render_stems
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.compose import compose_clip
from reprise.clips.params import ClipParams
from reprise.errors import ParamsError
from reprise.params import load_section

RATE = 22050
PARAMS = SpectrogramParams(n_fft=2048, hop_length=1024, n_mels=128, fmin_hz=30.0, fmax_hz=11025.0, floor_db=-80.0)


def librosa_log_mel(samples: np.ndarray, rate: int, params: SpectrogramParams) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=rate,
        n_fft=params.n_fft,
        hop_length=params.hop_length,
        n_mels=params.n_mels,
        fmin=params.fmin_hz,
        fmax=params.fmax_hz,
        pad_mode="constant",
    )
    return librosa.power_to_db(power, ref=1.0, amin=10 ** (params.floor_db / 10), top_db=None)


def signals() -> dict[str, np.ndarray]:
    rng, time = np.random.default_rng(0), np.arange(4 * RATE) / RATE
    rise = 30 * (10000 / 30) ** (time / 4)
    notes = sum(np.sin(2 * np.pi * f * n * time) / n for f in (220.0, 277.2, 329.6) for n in range(1, 9))
    return {
        "noise": rng.normal(0, 0.2, len(time)),
        "quiet noise": rng.normal(0, 1e-4, len(time)),
        "chirp": 0.5 * np.sin(2 * np.pi * np.cumsum(rise) / RATE),
        "chord": 0.1 * notes * np.exp(-time),
        "click": np.eye(1, len(time), 30000)[0],
        "short": rng.normal(0, 0.2, 500),
        "full scale": np.sign(np.sin(2 * np.pi * 441 * time)),
    }


@pytest.mark.parametrize("name", signals())
def test_it_is_librosa_s_within_1e_4_db(name):
    samples = signals()[name].astype(np.float32)
    ours = log_mel(samples, RATE, PARAMS)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, librosa_log_mel(samples, RATE, PARAMS), rtol=0, atol=1e-4)


def test_it_is_librosa_s_on_the_repository_s_own_clips_and_settings(pytestconfig):
    path = pytestconfig.rootpath / "params.yaml"
    params, clips = load_section(SpectrogramParams, "spectrogram", path), load_section(ClipParams, "clips", path)
    font = locate(FONTS["A320U"])
    for item in range(4):
        piece = compose_clip(clips, item).piece
        rendition = Rendition((Voice(font),) * len(piece.programs), -20.0)
        samples = render_stems(piece, rendition, RATE, 4.0).sum(axis=0)
        np.testing.assert_allclose(
            log_mel(samples, RATE, params), librosa_log_mel(samples, RATE, params), rtol=0, atol=1e-4
        )


@pytest.mark.parametrize(
    ("rate", "change"),
    [
        (44100, {"n_fft": 4096, "hop_length": 441}),
        (16000, {"n_fft": 1024, "hop_length": 160, "n_mels": 64, "fmax_hz": 8000.0}),
        (22050, {"floor_db": -100.0, "fmin_hz": 0.0}),
    ],
)
def test_it_is_librosa_s_at_other_settings(rate, change):
    samples = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    params = replace(PARAMS, **change)
    np.testing.assert_allclose(
        log_mel(samples, rate, params), librosa_log_mel(samples, rate, params), rtol=0, atol=1e-4
    )


@given(samples=st.integers(1, 20000), hop=st.sampled_from([256, 512, 1024]))
@settings(deadline=None, max_examples=20)
def test_frames_are_counted_as_they_come(samples, hop):
    params = replace(PARAMS, hop_length=hop)
    assert log_mel(np.zeros(samples, np.float32), RATE, params).shape == (128, params.frames(samples))


def test_ten_times_louder_is_20_db_more():
    """One reference for every clip: a loud clip looks loud."""
    samples = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)
    np.testing.assert_allclose(log_mel(10 * samples, RATE, PARAMS) - log_mel(samples, RATE, PARAMS), 20, atol=1e-3)


def test_silence_is_the_floor():
    assert (log_mel(np.zeros(RATE, np.float32), RATE, PARAMS) == -80.0).all()


def test_a_sine_lights_its_own_mel_band():
    samples = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    centres = librosa.mel_frequencies(n_mels=130, fmin=30, fmax=11025)[1:-1]
    assert log_mel(samples, RATE, PARAMS).mean(axis=1).argmax() == np.abs(centres - 440).argmin()


def test_a_click_lights_the_frames_centred_near_it():
    """Frame t is centred on sample 1024 t: a click on sample 10,240 is loudest in frame 10, absent from 8 and 12."""
    click = np.zeros(RATE, np.float32)
    click[10 * 1024] = 1
    loudness = log_mel(click, RATE, PARAMS).mean(axis=0)
    assert loudness.argmax() == 10 and (loudness[[8, 12]] == -80).all()


CELLS = """
import hashlib, sys
import numpy as np
from reprise.audio.spectrogram import SpectrogramParams, log_mel
rng, time = np.random.default_rng(0), np.arange(88200) / 22050
params, digest = SpectrogramParams(2048, 1024, 128, 30.0, 11025.0, -80.0), hashlib.sha256()
for item in range(12):  # 134,000 cells
    sound = rng.normal(0, 0.3, 88200) * np.exp(-item * time) + 0.2 * np.sin(2 * np.pi * 110 * item * time)
    digest.update(log_mel(sound.astype(np.float32), 22050, params).astype(np.float16).tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_the_cells_are_the_same_whatever_instructions_a_processor_has():
    """MKL's, PyTorch's and numpy's plainest code, which any x86-64 processor runs, against what this one runs."""
    plain = {
        "MKL_CBWR": "COMPATIBLE",
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX X86_V3 X86_V4",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CELLS], env=os.environ | changes, stdout=subprocess.PIPE, text=True
        )
        for changes in ({}, plain)
    ]
    here, there = (process.communicate(timeout=120)[0] for process in started)
    assert here == there != ""


def test_samples_may_be_any_array():
    samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    expected = log_mel(samples[::2].copy(), RATE, PARAMS)
    np.testing.assert_array_equal(log_mel(samples[::2], RATE, PARAMS), expected)
    np.testing.assert_array_equal(log_mel(samples[::2].astype(np.float64), RATE, PARAMS), expected)
    frozen = samples[::2].copy()
    frozen.setflags(write=False)
    np.testing.assert_array_equal(log_mel(frozen, RATE, PARAMS), expected)


def test_bands_above_half_the_sample_rate_are_refused():
    """They would be empty: at the floor for every sound, without a word."""
    with pytest.raises(ParamsError, match="fmax_hz"):
        log_mel(np.zeros(RATE, np.float32), RATE, replace(PARAMS, fmax_hz=16000.0))

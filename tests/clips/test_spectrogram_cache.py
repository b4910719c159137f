"""Cached spectrograms: the arrays hold what log_mel gives, and no damage or interruption leaves a row of zeros behind.

Audio here is noise, so that it needs no font; three clips a shard; three sets, one with stems.
"""

import os

import numpy as np
import pandas as pd
import pytest

from reprise.audio.files import decode, encode
from reprise.audio.levels import window_rms
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.corpus import stem_name
from reprise.clips.spectrograms import cache_spectrograms
from reprise.errors import AudioError, ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.shards import item_name, read_shard, shard_name, write_shard
from reprise.recognition.data import load_set, load_stems, windows_of_steps

RATE = 22050
SECONDS = 1.0
PARAMS = SpectrogramParams(n_fft=1024, hop_length=512, n_mels=32, fmin_hz=30.0, fmax_hz=11025.0, floor_db=-80.0)
SERIAL = ComputeParams("serial", 1, "", "cpu", False)
SETS = {"train": range(8), "test": range(8, 12), "stems": range(4)}  # shards of 3: 3 + 3 + 2, 3 + 1 and 3 + 1
UNUSABLE = 4
PARTS = {clip: [clip % 12, (clip + 5) % 12][: 1 + clip % 2] for clip in range(12)}


def noise(clip: int, seconds: float = SECONDS) -> np.ndarray:
    return np.random.default_rng(clip).normal(0, 0.01 * (clip + 1), round(seconds * RATE)).astype(np.float32)


def members_of(name: str, clips) -> list[tuple[str, bytes]]:
    """A shard's members: mixes, and the stems of the set that has them."""
    clips = [clip for clip in clips if clip != UNUSABLE]
    members = [(item_name(clip, "flac"), encode(noise(clip), RATE, "FLAC")) for clip in clips]
    if name == "stems":
        members += [
            (stem_name(clip, part), encode(noise(10 * clip + part + 20), RATE, "FLAC"))
            for clip in clips
            for part in range(len(PARTS[clip]))
        ]
    return members


@pytest.fixture
def audio(tmp_path):
    """What the stages before leave: `manifest.parquet`, `audio/rendering.parquet`, `audio/SET/shard-*.tar`."""
    rows = []
    for name, clips in SETS.items():
        for shard, start in enumerate(range(0, len(clips), 3)):
            group = clips[start : start + 3]
            write_shard(tmp_path / "audio" / name / shard_name(shard), members_of(name, group))
            for clip in group:
                rows.append((name, name == "stems", shard, clip, clip != UNUSABLE, PARTS[clip]))
    columns = ["set", "stems", "shard", "clip", "usable", "parts"]
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "audio" / "rendering.parquet", index=False)
    manifest = pd.DataFrame({"clip": list(PARTS), "count": [len(parts) for parts in PARTS.values()]})
    for index, name in enumerate(INSTRUMENT_NAMES):
        manifest[name] = [int(index in parts) for parts in PARTS.values()]
    manifest.to_parquet(tmp_path / "manifest.parquet", index=False)
    return tmp_path


def cache(folder, compute=SERIAL, out="out"):
    cache_spectrograms(
        PARAMS,
        RATE,
        SECONDS,
        folder / "audio",
        folder / "manifest.parquet",
        folder / out,
        folder / f"{out}-notes",
        compute,
    )
    return {path.name: path.read_bytes() for path in (folder / out / "recognizer").iterdir()}


def rewrite(folder, name, shard, change):
    """Change the members of an audio shard: `change` maps (name, content) to content."""
    path = folder / "audio" / name / shard_name(shard)
    names = [item_name(c, "flac") for c in SETS[name][3 * shard : 3 * shard + 3] if c != UNUSABLE]
    write_shard(path, [(member, change(member, content)) for member, content in read_shard(path, names).items()])


def test_rows_are_the_log_mel_of_their_clip_rounded(audio):
    cache(audio)
    for name, clips in list(SETS.items())[:2]:
        cached = load_set(audio / "out/recognizer", name, PARAMS)
        kept = [clip for clip in clips if clip != UNUSABLE]
        assert cached.clips.tolist() == kept and cached.arrays.dtype == np.float16
        assert cached.arrays.shape == (len(kept), 32, PARAMS.frames(RATE))
        for row, clip in enumerate(kept):
            samples = decode(encode(noise(clip), RATE, "FLAC"), "x", RATE)
            np.testing.assert_array_equal(cached.arrays[row], log_mel(samples, RATE, PARAMS).astype(np.float16))
            assert np.flatnonzero(cached.labels[row]).tolist() == sorted(PARTS[clip])
            assert cached.count[row] == len(PARTS[clip])


def test_rows_of_a_set_with_stems_are_its_stems(audio):
    cache(audio)
    cached = load_stems(audio / "out/recognizer", "stems", PARAMS, RATE)
    names = [(clip, part) for clip in SETS["stems"] for part in range(len(PARTS[clip]))]
    assert cached.arrays.shape == (len(names), 32, PARAMS.frames(RATE)) and cached.levels.shape == (len(names), 10)
    assert [rows.tolist() for rows in cached.clips] == [[0], [1, 2], [3], [4, 5]] and len(cached) == 4
    for row, (clip, part) in enumerate(names):
        samples = decode(encode(noise(10 * clip + part + 20), RATE, "FLAC"), "x", RATE)
        np.testing.assert_array_equal(cached.arrays[row], log_mel(samples, RATE, PARAMS).astype(np.float16))
        np.testing.assert_allclose(cached.levels[row], window_rms(samples[None], RATE)[0], rtol=1e-6)
        assert cached.instruments[row] == PARTS[clip][part] and row in cached.of_instrument[PARTS[clip][part]]


def test_float16_loses_no_more_than_a_thirty_second_of_a_db(audio):
    """Between 64 and 128 its steps are 1/16."""
    cache(audio)
    exact = log_mel(decode(encode(noise(0), RATE, "FLAC"), "x", RATE), RATE, PARAMS)
    assert np.abs(load_set(audio / "out/recognizer", "train", PARAMS).arrays[0] - exact).max() <= 1 / 32


def test_activity_follows_the_steps_of_the_network():
    """Windows of 0.1 s against steps of 4 frames of 512 samples: step 3 is centred on 14 * 512 / 22050 = 0.325 s."""
    assert windows_of_steps(PARAMS.frames(RATE), 10, PARAMS, RATE).tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9]


@pytest.mark.slow
def test_processes_write_the_same_files(audio):
    assert cache(audio, ComputeParams("processes", 2, "", "cpu", False), "two") == cache(audio)


@pytest.mark.parametrize(("call", "kept"), [(6, 5), (24, 22)], ids=["in a set of clips", "in a set of stems"])
def test_it_goes_on_after_an_interrupt_and_ends_the_same(audio, monkeypatch, call, kept):
    """Rows of finished shards (clips 3 + 2 + 2, their mixes, 3 + 1, stems 4 + 2) aren't done again."""
    whole = cache(audio, out="whole")
    calls = []

    def interrupt(samples, rate, params):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return log_mel(samples, rate, params)

    monkeypatch.setattr("reprise.clips.spectrograms.log_mel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache(audio)
    assert cache(audio) == whole
    assert len(calls) == call + 24 - kept


@pytest.mark.parametrize("lost", ["train.npy", "test.npy", "test.parquet", "stems.npy", "stems_levels.npy", "all"])
def test_a_lost_array_is_filled_again(audio, lost):
    """Outs are moved one by one: a run killed in between leaves notes of rows that its work folder no longer has."""
    whole = cache(audio)
    for path in (audio / "out/recognizer").iterdir():
        if lost in (path.name, "all"):
            path.unlink()
    assert cache(audio) == whole


def test_an_array_killed_while_it_was_laid_out_is_laid_out_again(audio, monkeypatch):
    whole = cache(audio, out="whole")

    def die(path, **_):
        path.write_bytes(whole["train.npy"][:40])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("reprise.clips.spectrograms.open_memmap", die)
        cache(audio)
    assert cache(audio) == whole


def test_the_array_takes_its_space_on_the_disk_at_once(audio, monkeypatch):
    """A hole in a memory-mapped file is filled on writing; on a full disk that is SIGBUS, an end without a word."""
    sizes = []

    def look(samples, rate, params):
        stat = os.stat(audio / "out/recognizer" / "train.npy")
        sizes.append((stat.st_blocks * 512, stat.st_size))
        return np.full((32, PARAMS.frames(RATE)), -80.0, np.float32)

    monkeypatch.setattr("reprise.clips.spectrograms.log_mel", look)
    cache(audio)
    assert sizes[0][0] >= sizes[0][1]


# --- damaged input


@pytest.mark.parametrize("keep", [0, 700, 0.3, 0.6])
def test_an_audio_shard_cut_off_is_named(audio, keep):
    path = audio / "audio" / "train" / shard_name(1)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(ShardError, match=r"train.shard-00001\.tar"):
        cache(audio)


def test_a_missing_audio_shard_is_named(audio):
    (audio / "audio" / "test" / shard_name(0)).unlink()
    with pytest.raises(ShardError, match=r"test.shard-00000\.tar"):
        cache(audio)


@pytest.mark.parametrize("kind", ["cut off", "text", "another rate", "too short", "too long"])
def test_audio_that_doesn_t_fit_is_named_by_shard_and_clip(audio, kind):
    other = {
        "cut off": encode(noise(7), RATE, "FLAC")[:5000],
        "text": b"words",
        "another rate": encode(noise(7), 44100, "FLAC"),
        "too short": encode(noise(7, 0.5), RATE, "FLAC"),
        "too long": encode(noise(7, 1.5), RATE, "FLAC"),
    }[kind]
    rewrite(audio, "train", 2, lambda name, content: other if name == item_name(7, "flac") else content)
    with pytest.raises(AudioError, match=r"shard-00002\.tar: 0000007\.flac"):
        cache(audio)


@pytest.mark.parametrize("content", [b"", b"PAR1", None])
def test_a_broken_table_is_named(audio, content):
    path = audio / "audio" / "rendering.parquet"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ShardError, match=r"rendering\.parquet.*run the stage render_clips"):
        cache(audio)


@pytest.mark.parametrize("file", ["stems.npy", "stems_levels.npy", "stems.parquet"])
@pytest.mark.parametrize("keep", [None, 0, 100])
def test_the_missing_or_damaged_file_of_a_set_is_named(audio, file, keep):
    cache(audio)
    path = audio / "out/recognizer" / file
    content = path.read_bytes()
    path.unlink()
    if keep is not None:
        path.write_bytes(content[:keep])
    with pytest.raises(ShardError, match=rf"recognizer.{file}: not a readable part"):
        load_stems(audio / "out/recognizer", "stems", PARAMS, RATE)


@pytest.mark.parametrize("file", ["stems.npy", "stems_levels.npy"])
def test_an_array_with_rows_of_its_own_is_named(audio, file):
    cache(audio)
    path = audio / "out/recognizer" / file
    np.save(path, np.load(path)[1:])
    with pytest.raises(ShardError, match=rf"recognizer.{file}: shape .* doesn't fit"):
        load_stems(audio / "out/recognizer", "stems", PARAMS, RATE)


@pytest.mark.parametrize("damage", ["cut", "missing", "other params", "other rows"])
def test_a_damaged_cache_is_named_when_it_is_read(audio, damage):
    cache(audio)
    path, params = audio / "out/recognizer" / "train.npy", PARAMS
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "missing":
        path.unlink()
    elif damage == "other params":
        params = SpectrogramParams(1024, 512, 64, 30.0, 11025.0, -80.0)
    else:
        (audio / "out/recognizer" / "test.parquet").replace(audio / "out/recognizer" / "train.parquet")
    with pytest.raises(ShardError, match=r"train\.npy"):
        load_set(audio / "out/recognizer", "train", params)

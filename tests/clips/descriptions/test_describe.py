"""The stage that describes clips: terciles from training alone, attributes of sound by hand, damage that is named."""

import numpy as np
import pandas as pd
import pytest

from reprise.audio.files import encode
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.corpus import compose_clips, read_manifest
from reprise.clips.descriptions.assertions import TRUE, caption_truth, parse_assertion
from reprise.clips.descriptions.axes import AXES, Terciles, sound_attributes
from reprise.clips.descriptions.captions import DescriptionParams
from reprise.clips.descriptions.describe import describe_clips
from reprise.clips.descriptions.store import SETS, load_descriptions
from reprise.clips.params import ClipParams
from reprise.errors import ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.shards import item_name, shard_name, shard_plan, write_shard

RATE = 22050
SERIAL, PROCESSES = ComputeParams("serial", 1, "", "cpu", False), ComputeParams("processes", 2, "", "cpu", False)
CLIPS = ClipParams(1, 60, 0.2, 0.2, 4, (60, 72), 1.0, 0.2, (120.0, 160.0), 12.0, 16)
SPECTROGRAM = SpectrogramParams(2048, 1024, 128, 30.0, 11025.0, -80.0)
PARAMS = DescriptionParams(seed=1, captions=3, most_assertions=4, negated_share=0.2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Composed clips, with noise in place of what they would sound like; one training clip has a fault."""
    folder = tmp_path_factory.mktemp("corpus")
    compose_clips(CLIPS, folder / "midi", folder / "manifest.parquet", folder / "scratch", SERIAL)
    manifest, rows = read_manifest(folder / "manifest.parquet"), []
    for name in SETS:
        split = name if name in ("train", "validation") else "test"
        clips = manifest[manifest["split"] == split]["clip"].tolist()
        for shard, items in enumerate(shard_plan(len(clips), CLIPS.shard_size)):
            own = [clip for clip in clips[items.start : items.stop]]
            write_shard(
                folder / "audio" / name / shard_name(shard), [(item_name(clip, "flac"), sound(clip)) for clip in own]
            )
            rows += [{"set": name, "shard": shard, "clip": clip, "usable": clip != 3} for clip in own]
    pd.DataFrame(rows).to_parquet(folder / "audio" / "rendering.parquet")
    return folder


def sound(clip: int) -> bytes:
    noise = np.random.default_rng(clip).uniform(-1, 1, RATE).astype(np.float32)
    return encode(noise * 10 ** (-(clip % 30) / 20), RATE, "FLAC")


def describe(corpus, out, compute=SERIAL, params=PARAMS):
    inputs = corpus / "midi", corpus / "manifest.parquet", corpus / "audio"
    return describe_clips(params, SPECTROGRAM, RATE, *inputs, out, compute)


@pytest.fixture(scope="module")
def described(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("described") / "descriptions.parquet"
    return out, describe(corpus, out)


def test_every_clip_without_a_fault_is_described_and_no_other(described):
    path, summary = described
    assert summary["clips"] == {"train": 35, **dict.fromkeys(SETS[1:], 12)}
    assert 3 not in load_descriptions(path, "train").clips


def test_the_limits_are_terciles_of_the_training_clips(described):
    path, summary = described
    train = load_descriptions(path, "train").attributes
    for axis in AXES:
        values = train[axis].dropna()
        limits = summary["limits"][axis]
        low, high = np.quantile(values, [1 / 3, 2 / 3])
        assert (limits["low"], limits["high"]) == pytest.approx((low, high), abs=1e-4)
        assert sum(summary["poles"]["train"][axis].values()) == len(values)


def test_captions_are_true_of_their_clips(described):
    path, _ = described
    table = pd.read_parquet(path)
    for name in SETS:
        truth = load_descriptions(path, name).truth
        rows = table[table["set"] == name]
        for own, row in zip(truth, rows.itertuples()):
            for said in (*row.said, *row.held_out_said):
                caption = [parse_assertion(text) for text in said.split(", ")]
                assert caption_truth([caption], own[None])[0, 0] == TRUE
        assert rows["captions"].map(len).eq(3).all() and rows["held_out_captions"].map(len).eq(3).all()


def test_instruments_in_the_truth_are_those_of_the_manifest(described, corpus):
    path, _ = described
    manifest = read_manifest(corpus / "manifest.parquet").set_index("clip")
    test = load_descriptions(path, "test")
    assert (test.truth[:, :12] == manifest.loc[test.clips, list(INSTRUMENT_NAMES)].to_numpy()).all()


def test_processes_write_the_same_bytes_and_another_seed_other_captions(described, corpus, tmp_path):
    path, summary = described
    assert describe(corpus, tmp_path / "again.parquet", PROCESSES) == summary
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()
    describe(corpus, tmp_path / "other.parquet", params=DescriptionParams(2, 3, 4, 0.2))
    first, other = (pd.read_parquet(out) for out in (path, tmp_path / "other.parquet"))
    assert (first["captions"].map(list) != other["captions"].map(list)).any()
    assert first[list(AXES)].equals(other[list(AXES)])


def test_loudness_and_brightness_of_a_sine():
    time = np.arange(RATE) / RATE
    quiet = (0.1 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    found = sound_attributes(quiet, RATE, SPECTROGRAM)
    assert found["loudness"] == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.1)
    assert found["brightness"] == pytest.approx(1000, rel=0.03)
    higher = (0.1 * np.sin(2 * np.pi * 4000 * time)).astype(np.float32)
    assert sound_attributes(higher, RATE, SPECTROGRAM)["brightness"] == pytest.approx(4000, rel=0.03)
    assert all(np.isnan(value) for value in sound_attributes(np.zeros(RATE, np.float32), RATE, SPECTROGRAM).values())


def test_a_pole_is_where_a_value_lies():
    terciles = Terciles({"mode": (1.0, 2.0)})
    assert [terciles.pole("mode", value) for value in (0.5, 1.0, 2.0, 2.1)] == ["low", "middle", "middle", "high"]
    assert terciles.pole("mode", float("nan")) is None


def test_a_missing_table_set_or_sound_is_named(described, corpus, tmp_path):
    with pytest.raises(ShardError, match=r"none\.parquet.*run the stage describe_clips"):
        load_descriptions(tmp_path / "none.parquet", "train")
    with pytest.raises(ShardError, match="no clip of the set moon"):
        load_descriptions(described[0], "moon")
    (tmp_path / "audio").mkdir()
    pd.read_parquet(corpus / "audio" / "rendering.parquet").to_parquet(tmp_path / "audio" / "rendering.parquet")
    with pytest.raises(ShardError, match="not a readable tar shard"):
        describe_clips(
            PARAMS,
            SPECTROGRAM,
            RATE,
            corpus / "midi",
            corpus / "manifest.parquet",
            tmp_path / "audio",
            tmp_path / "x",
            SERIAL,
        )

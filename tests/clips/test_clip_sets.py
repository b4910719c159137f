"""The sets of rendered clips: what is trained on is never tested, the unseen font is heard in its own sets alone."""

from collections import Counter, namedtuple
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

from reprise.audio.files import decode, encode
from reprise.audio.fonts import FONTS, FontParams, locate
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips import samples
from reprise.clips.corpus import compose_clips, read_manifest, read_midi_of, stem_name
from reprise.clips.params import ClipParams
from reprise.clips.render import RenderSet, plan_sets, render_clips, rendition_of
from reprise.clips.samples import lay_open
from reprise.errors import AudioError, FontError, MidiError, ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import load_section
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.shards import item_name, read_shard, shard_name, write_shard

SERIAL = ComputeParams("serial", 1, "", "cpu", False)
PROCESSES = ComputeParams("processes", 2, "", "cpu", False)
SMALL_FONTS = FontParams(("A320U",), "A320U", "TimGM6mb")
CEILING = 1000
SETS = [
    "train",
    "validation",
    "test",
    "same_register",
    "test_clean",
    "unseen_font",
    "ceiling_train",
    "ceiling_validation",
]


@pytest.fixture(scope="module")
def repository(pytestconfig):
    """The repository's params: clips, fonts, rendering."""
    path = pytestconfig.rootpath / "params.yaml"
    return tuple(
        load_section(cls, name, path)
        for cls, name in ((ClipParams, "clips"), (FontParams, "fonts"), (RenderParams, "rendering"))
    )


def manifest_of(clips: ClipParams) -> pd.DataFrame:
    """The columns of a manifest that the plan of the sets needs."""
    return pd.DataFrame({"clip": range(clips.total), "split": [clips.split(item) for item in range(clips.total)]})


# --- the plan


def test_the_sets_of_the_repository(repository):
    clips, fonts, _ = repository
    sets = {planned.name: planned for planned in plan_sets(manifest_of(clips), fonts, CEILING)}
    assert list(sets) == SETS
    assert {name: len(planned.clips) for name, planned in sets.items()} == {
        "train": 6400,
        "validation": 800,
        "test": 800,
        "same_register": clips.same_register_count,
        "test_clean": 800,
        "unseen_font": 800,
        "ceiling_train": CEILING,
        "ceiling_validation": CEILING // 8,
    }


def test_no_clip_is_both_trained_on_and_tested(repository):
    sets = {
        planned.name: set(planned.clips) for planned in plan_sets(manifest_of(repository[0]), repository[1], CEILING)
    }
    for trained in ("train", "validation", "ceiling_train", "ceiling_validation"):
        for tested in ("test", "test_clean", "unseen_font", "same_register"):
            assert sets[trained].isdisjoint(sets[tested]), (trained, tested)
    assert sets["train"].isdisjoint(sets["validation"])
    assert sets["ceiling_train"] <= sets["train"] and sets["ceiling_validation"] <= sets["validation"]
    assert sets["test"] == sets["test_clean"] == sets["unseen_font"]


def test_the_unseen_font_sounds_in_its_own_sets_alone(repository):
    _, fonts, _ = repository
    assert all(fonts.unseen not in fonts.train_on(name) for name in INSTRUMENT_NAMES)
    for planned in plan_sets(manifest_of(repository[0]), repository[1], CEILING):
        on_unseen = planned.name in ("unseen_font", "ceiling_train", "ceiling_validation")
        assert planned.plain == (fonts.unseen if on_unseen else fonts.clean)
        assert planned.varied == (planned.name in ("train", "validation", "test", "same_register"))
        assert planned.stems == planned.name.endswith("train")


@pytest.mark.parametrize("count", [10, 24, 101, 240, 999])
def test_splits_are_disjoint_consecutive_and_of_the_asked_size(repository, count):
    clips = replace(repository[0], count=count, validation_share=0.2, test_share=0.1, same_register_count=5)
    splits = [clips.split(item) for item in range(clips.total)]
    assert Counter(splits)["test"] == round(count * 0.1) and Counter(splits)["validation"] == round(count * 0.2)
    order = ["train", "validation", "test", "same_register"]
    assert splits == sorted(splits, key=order.index) and splits.count("same_register") == 5


@pytest.mark.parametrize("instrument", ["celesta", "violin"])
def test_a_part_never_plays_on_a_font_that_goes_without_its_instrument(instrument, repository, tmp_path):
    """The celesta is left to FluidR3: of 60 varied clips none has it on A320U, half of the violins are."""
    fonts = FontParams(("FluidR3_GM", "A320U"), "FluidR3_GM", "TimGM6mb", (("A320U", "celesta"),))
    for name in fonts.all:
        (tmp_path / FONTS[name].file_name).touch()
    params = replace(repository[2], plain_probability=0.0)
    clip = namedtuple("Clip", "clip count parts")
    drawn = [
        rendition_of(RenderSet("train", (), fonts.clean, varied=True), row, repository[0], fonts, tmp_path, params)
        for row in (clip(item, 1, [INSTRUMENT_NAMES.index(instrument)]) for item in range(60))
    ]
    heard = Counter(rendition.voices[0].font.stem for rendition in drawn)
    assert heard["A320U"] == 0 if instrument == "celesta" else 15 < heard["A320U"] < 45
    assert heard["A320U"] + heard["FluidR3_GM"] == 60


# --- rendered


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, repository):
    """A small corpus with its params and fonts: (folder, clips, rendering)."""
    folder = tmp_path_factory.mktemp("corpus")
    clips = replace(
        repository[0],
        count=30,
        validation_share=0.2,
        test_share=0.2,
        same_register_count=4,
        shard_size=8,
        duration_s=2.0,
    )
    compose_clips(clips, folder / "midi", folder / "manifest.parquet", folder / "notes", SERIAL)
    (folder / "fonts").mkdir()
    for name in SMALL_FONTS.all:
        (folder / "fonts" / FONTS[name].file_name).symlink_to(locate(FONTS[name]))
    return folder, clips, repository[2]


def render(corpus, out, compute=SERIAL, midi=None, fonts=None):
    folder, clips, rendering = corpus
    return render_clips(
        clips,
        SMALL_FONTS,
        rendering,
        6,
        midi or folder / "midi",
        folder / "manifest.parquet",
        fonts or folder / "fonts",
        out / "audio",
        out / "notes",
        compute,
    )


@pytest.fixture(scope="module")
def rendered(corpus, tmp_path_factory):
    """(folder, summary) of the corpus rendered serially."""
    out = tmp_path_factory.mktemp("rendered")
    return out / "audio", render(corpus, out)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_processes_write_the_same_files(corpus, rendered, tmp_path):
    folder, summary = rendered
    assert render(corpus, tmp_path, PROCESSES) == summary
    assert files(tmp_path / "audio") == files(folder)


def test_a_run_that_lost_a_shard_makes_it_again_the_same(corpus, rendered, tmp_path):
    """As after kill -9 between two shards, or within one."""
    folder, summary = rendered
    render(corpus, tmp_path)
    (tmp_path / "audio" / "train" / shard_name(1)).unlink()
    (tmp_path / "notes" / "test-00000.json").unlink()
    (tmp_path / "audio" / "test" / shard_name(0)).write_bytes(b"half a sha")
    (tmp_path / "audio" / "rendering.parquet").unlink()
    assert render(corpus, tmp_path) == summary
    assert files(tmp_path / "audio") == files(folder)


def test_what_was_rendered_is_counted_and_kept(corpus, rendered):
    (_, clips, rendering), (folder, summary) = corpus, rendered
    table = pd.read_parquet(folder / "rendering.parquet")
    assert list(summary["rendered"]) == SETS and sum(summary["rendered"].values()) == len(table)
    assert summary["usable"] == {name: int(table[table["set"] == name]["usable"].sum()) for name in SETS}
    assert summary["usable"]["train"] >= 16 and summary["rendered"]["train"] == 18
    for (name, shard), group in table[table["usable"]].groupby(["set", "shard"]):
        members = [item_name(clip, "flac") for clip in group["clip"]]
        if name.endswith("train"):
            members += [stem_name(row.clip, part) for row in group.itertuples() for part in range(len(row.parts))]
        content = read_shard(folder / name / shard_name(shard), members)
        for member, flac in content.items():
            samples = decode(flac, member, rendering.sample_rate)
            assert len(samples) == round(clips.duration_s * rendering.sample_rate) and 0.01 < np.abs(samples).max() < 1


def test_stems_at_their_levels_add_up_to_the_mix(corpus, rendered):
    """Stems lie at one level each; with the manifest's levels their sum is the mix, but for 16 bits and a gain."""
    folder, rate = rendered[0], corpus[2].sample_rate
    manifest = read_manifest(corpus[0] / "manifest.parquet")
    row = manifest[(manifest["split"] == "train") & (manifest["count"] == 3)].iloc[0]
    names = [item_name(row["clip"], "flac"), *(stem_name(row["clip"], part) for part in range(3))]
    content = read_shard(folder / "train" / shard_name(row["clip"] // corpus[1].shard_size), names)
    mix, *stems = (decode(content[name], name, rate) for name in names)
    levels = 20 * np.log10(active_rms(window_rms(np.stack(stems), rate)))
    total = (np.stack(stems) * 10 ** ((row.levels_db - levels)[:, None] / 20)).sum(axis=0)
    assert np.corrcoef(total, mix)[0, 1] > 0.9999


def test_a_set_has_its_font_alone(rendered):
    table = pd.read_parquet(rendered[0] / "rendering.parquet")
    heard = {name: set(group["fonts"].explode()) for name, group in table.groupby("set")}
    assert all(heard[name] == ({"TimGM6mb"} if name.startswith(("unseen", "ceiling")) else {"A320U"}) for name in SETS)


def test_samples_lie_open_as_sound_notes_and_picture(corpus, pytestconfig, tmp_path):
    folder, clips, rendering = corpus
    spectrogram = load_section(SpectrogramParams, "spectrogram", pytestconfig.rootpath / "params.yaml")
    places = folder / "midi", folder / "manifest.parquet", folder / "fonts", tmp_path / "samples", tmp_path / "pictures"
    lay_open(3, clips, SMALL_FONTS, rendering, spectrogram, *places)
    names = {path.stem for path in (tmp_path / "samples").iterdir()}
    assert names and names <= {"acoustic_grand_piano", "nylon_guitar", "string_ensemble"}
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {
        f"{n}.{k}" for n in names for k in ("mid", "wav")
    }
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {f"{name}.png" for name in names}
    assert all(soundfile.info(path).channels == 1 for path in (tmp_path / "samples").glob("*.wav"))


def test_a_sample_is_the_first_clip_without_a_fault(corpus, pytestconfig, tmp_path, monkeypatch):
    folder, clips, rendering = corpus
    spectrogram = load_section(SpectrogramParams, "spectrogram", pytestconfig.rootpath / "params.yaml")
    places = folder / "midi", folder / "manifest.parquet", folder / "fonts", tmp_path / "samples", tmp_path / "pictures"
    found = iter([["clipped"], []])
    monkeypatch.setattr(samples, "render_clip", lambda *_: (np.zeros(22050, np.float32), None, next(found)))
    pairs = read_manifest(places[1]).query("count == 2")[:2]
    monkeypatch.setattr(samples, "chosen", lambda table, fonts: [(RenderSet("train", (), "A320U"), "two", pairs)])
    lay_open(1, clips, SMALL_FONTS, rendering, spectrogram, *places)
    (midi,) = read_midi_of(places[0], pairs[1:]).values()
    assert (tmp_path / "samples" / "two.mid").read_bytes() == midi


def test_a_midi_shard_cut_off_is_named(corpus, tmp_path):
    for path in (corpus[0] / "midi").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[: 900 if path.name == shard_name(2) else None])
    with pytest.raises(ShardError, match="shard-00002"):
        render(corpus, tmp_path, midi=tmp_path)
    assert not (tmp_path / "audio" / "rendering.parquet").exists()


def test_a_damaged_midi_file_is_named_by_its_clip(corpus, tmp_path):
    manifest = read_manifest(corpus[0] / "manifest.parquet")
    for shard, group in manifest.groupby("shard"):
        names = [item_name(clip, "mid") for clip in group["clip"]]
        content = read_shard(corpus[0] / "midi" / shard_name(shard), names)
        members = [(name, b"words" if name == item_name(5, "mid") else midi) for name, midi in content.items()]
        write_shard(tmp_path / shard_name(shard), members)
    with pytest.raises(MidiError, match="clip 5: not a readable MIDI file"):
        render(corpus, tmp_path, midi=tmp_path)


def test_a_font_that_wasn_t_collected_is_named(corpus, tmp_path):
    with pytest.raises(FontError, match=r"A320U\.sf2: missing; run the stage collect_fonts"):
        render(corpus, tmp_path, fonts=tmp_path)


# --- audio files


@pytest.mark.parametrize("container", ["FLAC", "WAV"])
def test_audio_comes_back_within_16_bits(container):
    samples = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    np.testing.assert_allclose(decode(encode(samples, 22050, container), "x", 22050), samples, atol=1.6 / 32768)


@pytest.mark.parametrize("keep", [0, 10, 60, 0.3, 0.9])
def test_a_flac_cut_off_is_an_audio_error(keep):
    content = encode(np.random.default_rng(0).uniform(-1, 1, 20000).astype(np.float32), 22050, "FLAC")
    with pytest.raises(AudioError, match=r"^clip 7: "):
        decode(content[: keep if isinstance(keep, int) else int(len(content) * keep)], "clip 7", 22050)


def test_audio_of_another_rate_is_an_audio_error():
    with pytest.raises(AudioError, match=r"44100 Hz.*must be mono at 22050 Hz"):
        decode(encode(np.zeros(100, np.float32), 44100, "FLAC"), "clip 7", 22050)

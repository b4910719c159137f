"""The music of the pipeline's prompts, by a tiny composer that takes orders, a tiny CLAP and a small font."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_clap import tiny_clap
from tiny_conditioned import save_conditioned
from tiny_model import chorale

from reprise.audio.files import decode
from reprise.audio.fonts import FONTS, locate
from reprise.audio.play import TAIL_S
from reprise.checked import build
from reprise.errors import BadInput, ParamsError
from reprise.music.readers.midi import read_midi
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.shards import item_name, read_shard, shard_name
from reprise.taste.generate import REAL_BPM, TasteParams, generate_taste, items_of

RATE = 22050
OWN = [
    {"id": "loud", "instrument": "flute", "description": "a loud, very high tune at 120 BPM, staccato, 5 bars"},
    {"id": "low", "instrument": "cello, tuba", "description": "low, for two, in D minor, at 70 BPM"},
]
QUICK = [{"id": "short", "description": "a flute solo of 1 bar at 200 BPM"}]
PARAMS = TasteParams(seed=1, sets={"base": 1, "own.json": 1}, unconditioned=1, real=1, seconds=2.0, guidance=2.0)
SERIAL = ComputeParams("serial", 1, "", "cpu", False)
REAL = [chorale(20), chorale(21)]
COLUMNS = [
    "item",
    "shard",
    "set",
    "prompt",
    "take",
    "text",
    "tastes",
    "understood",
    "tempo_bpm",
    "metre",
    "programs",
    "asked",
    "home",
    "told",
]


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> Path:
    """A folder with a model, a CLAP and own prompts."""
    folder = tmp_path_factory.mktemp("given")
    save_conditioned(folder / "model")
    tiny_clap(folder / "clap")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "own.json").write_text(json.dumps(OWN))
    (folder / "prompts" / "quick.json").write_text(json.dumps(QUICK))
    return folder


def run(given: Path, folder: Path, params: TasteParams = PARAMS, scratch: Path | None = None) -> Path:
    scratch = scratch or folder.with_name(f"{folder.name}-scratch")
    model, clap, prompts = (given / name for name in ("model", "clap", "prompts"))
    small_font = locate(FONTS["TimGM6mb"])
    generate_taste(params, model, clap, small_font, REAL, prompts, RATE, folder, scratch, SERIAL)
    return folder


@pytest.fixture(scope="module")
def made(given, tmp_path_factory) -> Path:
    return run(given, tmp_path_factory.mktemp("made") / "taste")


@pytest.fixture(scope="module")
def rows(made) -> list[dict]:
    return pd.read_parquet(made / "manifest.parquet").to_dict("records")


def music(folder: Path, row: dict):
    """The piece and the sound of a row."""
    names = [item_name(row["item"], kind) for kind in ("mid", "flac")]
    midi, flac = (read_shard(folder / shard_name(row["shard"]), names)[name] for name in names)
    return read_midi(midi, names[0]), decode(flac, names[1], RATE)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def of_set(rows: list[dict], name: str) -> list[dict]:
    return [row for row in rows if row["set"] == name]


# --- items


def test_items_are_the_sets_in_order_prompt_by_prompt_then_the_controls(tmp_path):
    (tmp_path / "own.json").write_text(json.dumps(OWN))
    params = replace(PARAMS, sets={"own.json": 2, "base": 1}, unconditioned=5, real=9)
    items = items_of(params, REAL, tmp_path)
    assert [item.number for item in items] == list(range(15))
    names = [(item.set, item.prompt.id if item.prompt else None, item.take) for item in items]
    assert names == [
        *[("own", name, take) for name in ("loud", "low") for take in (0, 1)],
        *[("base", taste, 0) for taste in ("sweet", "sour", "salty", "bitter")],
        *[("unconditioned", taste, 0) for taste in ("sweet", "sour", "salty", "bitter")],
        ("unconditioned", "sweet", 1),
        *[("real", None, 0)] * 2,
    ]
    assert [item.piece for item in items[-2:]] == REAL


def test_a_set_of_none_and_no_controls_make_nothing(tmp_path):
    assert items_of(replace(PARAMS, sets={"base": 0}, unconditioned=0, real=0), REAL, tmp_path) == []


@pytest.mark.parametrize("name", ["base.json", "real.json", "unconditioned.json", "descriptive.json"])
def test_a_file_is_not_mistaken_for_a_set_that_means_something(tmp_path, name):
    (tmp_path / name).write_text(json.dumps(OWN))
    with pytest.raises(BadInput, match=name):
        items_of(replace(PARAMS, sets={name: 1}), REAL, tmp_path)


def test_a_set_that_isnt_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"none\.json: no such file"):
        items_of(replace(PARAMS, sets={"none.json": 1}), REAL, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sets": {"base": -1}}, "taste.sets.base: is -1; it must be a whole number"),
        ({"sets": {"base": "many"}}, "taste.sets.base: is 'many'; it must be a whole number"),
        ({"sets": ["base"]}, "taste.sets: is ['base']; it must be a mapping"),
        ({"unconditioned": -1}, "taste.unconditioned: is -1; "),
        ({"real": -1}, "taste.real: is -1; "),
        ({"seconds": 0.5}, "taste.seconds: is 0.5; "),
        ({"guidance": 20.5}, "taste.guidance: is 20.5; "),
        ({"prompts": 1}, "taste.prompts: unknown key; "),
    ],
)
def test_params_out_of_range_are_refused_by_name(wrong, said):
    with pytest.raises(ParamsError) as caught:
        build(TasteParams, asdict(PARAMS) | wrong, "taste")
    assert str(caught.value).startswith(said)


# --- what is made


def test_the_manifest_has_a_row_an_item(rows, made):
    assert list(pd.read_parquet(made / "manifest.parquet").columns) == COLUMNS
    assert [row["item"] for row in rows] == list(range(8)) and [row["shard"] for row in rows] == [0] * 8
    assert [row["set"] for row in rows] == ["base"] * 4 + ["own"] * 2 + ["unconditioned", "real"]
    assert [list(row["tastes"]) for row in rows] == [["sweet"], ["sour"], ["salty"], ["bitter"], [], [], ["sweet"], []]
    assert rows[4]["text"] == f"{OWN[0]['description']}, flute" and rows[7]["text"] == "chorale 20"


def test_every_prompt_gets_what_it_asks_for(rows, made):
    for row in rows[:7]:
        piece, sound = music(made, row)
        assert piece.tempo_bpm == pytest.approx(row["tempo_bpm"], abs=1e-3)
        assert "{}/{}".format(*piece.metre) == row["metre"] == "4/4"
        assert set(piece.programs) <= set(row["programs"])
        assert len(piece.notes) and abs(len(sound) / RATE - piece.duration_s - TAIL_S) < 0.01
        assert np.isfinite(sound).all() and np.abs(sound).max() > 0.01


def test_words_reach_the_music(rows, made):
    (loud, low) = of_set(rows, "own")
    assert (loud["tempo_bpm"], list(loud["programs"])) == (120, [73])
    told = json.loads(loud["told"])
    assert (told["pitch"], told["bars"], told["parts"], told["tonic"]) == (84, 5, 4, None)
    told = json.loads(low["told"])
    assert (told["tonic"], told["mode"], told["parts"], told["pitch"]) == (2, "minor", 2, 50)
    assert low["home"] == "D minor"
    assert "tempo 70 BPM (from '70 bpm')" in low["understood"]
    high_piece, low_piece = music(made, loud)[0], music(made, low)[0]
    assert set(low_piece.programs) <= {42, 58}
    assert high_piece.notes["pitch"].mean() > low_piece.notes["pitch"].mean() + 12
    assert high_piece.notes["velocity"].mean() > low_piece.notes["velocity"].mean()


def test_tastes_are_played_by_the_table(rows):
    assert [row["tempo_bpm"] for row in of_set(rows, "base")] == [70, 90, 140, 60]
    attributes = [json.loads(row["told"]) for row in of_set(rows, "base")]
    assert all({"onset_density", "dissonance"} <= one.keys() for one in attributes)
    assert attributes[0]["dissonance"] < attributes[1]["dissonance"]


def test_the_unconditioned_are_told_nothing_of_their_text(rows):
    (row,) = of_set(rows, "unconditioned")
    told = json.loads(row["told"])
    assert told.keys() == {"tonic", "mode", "bars", "parts", "pitch"}
    assert told["tonic"] is told["mode"] is told["pitch"] is None and row["home"]


def test_real_passages_are_played_from_their_beginning(rows, made):
    (row,) = of_set(rows, "real")
    piece, sound = music(made, row)
    assert piece.tempo_bpm == pytest.approx(REAL_BPM, abs=1e-3) and np.isnan(row["tempo_bpm"])
    own = REAL[0].notes[REAL[0].notes["onset"] < 4]  # 2 s at 96 BPM are a bar of 2.5 s
    assert sorted(piece.notes["pitch"].tolist()) == sorted(own["pitch"].tolist())
    assert row["told"] == "{}" and list(row["understood"]) == []
    assert np.abs(sound).max() > 0.01


def test_samples_of_the_base_prompts_and_one_control_are_laid_open(made):
    names = {f"base_{taste}" for taste in ("sweet", "sour", "salty", "bitter")} | {"unconditioned_sweet"}
    kinds = ("mid", "musicxml", "svg", "wav")
    assert {path.name for path in (made / "samples").iterdir()} == {f"{n}.{kind}" for n in names for kind in kinds}
    shard = read_shard(made / shard_name(0), [item_name(1, "mid")])
    assert (made / "samples" / "base_sour.mid").read_bytes() == shard[item_name(1, "mid")]


def test_the_same_params_give_the_same_bytes_and_another_seed_other_music(given, made, tmp_path):
    few = replace(PARAMS, sets={"quick.json": 2}, unconditioned=0, real=0)
    first, second = (run(given, tmp_path / name, few) for name in ("a", "b"))
    assert content(first) == content(second)
    other = run(given, tmp_path / "c", replace(few, seed=2))
    assert content(first)[shard_name(0)] != content(other)[shard_name(0)]


def test_a_piece_does_not_depend_on_what_is_made_beside_it(given, tmp_path):
    one = replace(PARAMS, sets={"quick.json": 2}, unconditioned=0, real=0)
    alone, more = run(given, tmp_path / "alone", one), run(given, tmp_path / "more", replace(one, real=2))
    names = [item_name(item, kind) for item in range(2) for kind in ("mid", "flac")]
    assert read_shard(alone / shard_name(0), names) == read_shard(more / shard_name(0), names)


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(given, tmp_path, monkeypatch):
    params = replace(PARAMS, sets={"quick.json": 9}, unconditioned=0, real=0)  # in two shards
    whole = run(given, tmp_path / "whole", params)
    started, scratch = tmp_path / "started", tmp_path / "started-scratch"
    started.mkdir()
    shutil.copytree(tmp_path / "whole-scratch", scratch)
    shutil.copy(whole / shard_name(0), started)
    (scratch / "1.json").unlink()
    before = (started / shard_name(0)).stat().st_mtime_ns
    run(given, started, params, scratch)
    assert content(started) == content(whole)
    assert (started / shard_name(0)).stat().st_mtime_ns == before


def test_a_prompt_that_asks_for_what_can_not_be_had_is_refused_by_its_name(given, tmp_path):
    prompts = given / "prompts"
    (prompts / "odd.json").write_text(json.dumps([{"id": "five-four", "description": "in 5/4"}]))
    with pytest.raises(BadInput, match=r"five-four.*metre: is 5/4"):
        run(given, tmp_path / "odd", replace(PARAMS, sets={"odd.json": 1}, unconditioned=0, real=0))

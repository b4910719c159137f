"""The music of a model on disk: the same whatever made it, and it comes back with the openings of others."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tiny_model import MUSIC, chorale, make_tiny_model, save_tiny_model
from tiny_pieces import piece_of

from reprise.composition.models.trained import load_model
from reprise.composition.sampling import generate, samples
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.generate import draw_openings, generate_music
from reprise.composition.sampling.music import MusicParams, load_music
from reprise.errors import BadInput, ParamsError, ShardError
from reprise.music.excerpts import after_bar, cut_at_bar
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.shards import item_name, read_shard, shard_name

TRAINED = make_tiny_model("lstm")
PARAMS = replace(MUSIC, seed=3, pieces=4)
SERIAL = ComputeParams("serial", 1, "", "cpu", False)
SCORES = [chorale(seed) for seed in (50, 51)]


def make(folder: Path, model: Path, params: MusicParams = PARAMS, compute: ComputeParams = SERIAL) -> dict[str, bytes]:
    """The files made in `folder`/music."""
    generate_music(model, SCORES, params, Path("no font"), folder / "music", folder / "notes", compute)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "music").rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("model"), "lstm")


@pytest.fixture(scope="module")
def made(tmp_path_factory, model) -> tuple[Path, dict[str, bytes]]:
    """A folder of music and its files."""
    folder = tmp_path_factory.mktemp("made")
    return folder / "music", make(folder, model)


def rows(piece: Piece) -> list[tuple]:
    return [
        tuple(round(float(value), 6) for value in row) for row in piece.notes[["onset", "duration", "pitch"]].tolist()
    ]


def test_items_run_over_temperatures_then_openings_then_nothing(made):
    manifest, pieces = load_music(made[0])
    assert manifest["item"].tolist() == list(range(8)) and len(pieces) == 8
    assert manifest["temperature"].tolist() == [0.5] * 4 + [1.5] * 4
    assert manifest["origin"].tolist() == ["opening", "opening", "nothing", "nothing"] * 2
    assert manifest["shard"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert manifest["opening_bars"].tolist() == [1, 1, 0, 0] * 2
    openings = manifest["opening"].tolist()
    assert openings[:2] == openings[4:6] and all(name.startswith("chorale 5") for name in openings[:2])
    assert openings[2:4] == ["", ""]


def test_what_comes_back_is_what_was_composed(made, model):
    manifest, pieces = load_music(made[0])
    trained = load_model(model)
    openings = draw_openings(SCORES, trained, PARAMS)
    for first, starts in ((0, openings), (2, [None, None])):
        rules = PARAMS.rules(0.5)
        orders = [Order((3, 1, first + i), bars=3, start=start, rules=rules) for i, start in enumerate(starts)]
        whole = compose(trained, orders)
        for item, piece in enumerate(whole, first):
            assert manifest["notes"][item] == len(piece.notes)
            assert rows(pieces[item]) == rows(piece) and len(after_bar(piece, 1).notes)
            assert (piece.notes["onset"] + piece.notes["duration"]).max() <= 12


def test_an_item_is_midi(made):
    members = read_shard(made[0] / shard_name(2), [item_name(item, "mid") for item in (4, 5)])
    assert all(len(read_midi(content, name).notes) for name, content in members.items())


@pytest.mark.slow
def test_every_engine_writes_the_same_bytes(made, model, tmp_path):
    assert make(tmp_path, model, compute=replace(SERIAL, engine="processes", workers=2)) == made[1]


def test_an_interrupted_run_goes_on_to_the_same_bytes(made, model, tmp_path, monkeypatch):
    calls, original = [], generate.compose

    def breaks(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(generate, "compose", breaks)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, model)
    assert not (tmp_path / "music" / "manifest.parquet").exists()
    assert make(tmp_path, model) == made[1]
    assert len(calls) == 3 + 2, "two of four shards were left to do"


def test_another_seed_makes_other_music(made, model, tmp_path):
    other = make(tmp_path, model, replace(PARAMS, seed=4))
    assert other.keys() == made[1].keys()
    assert all(other[name] != made[1][name] for name in other if name.endswith(".tar"))


def test_a_damaged_shard_is_refused(model, tmp_path):
    make(tmp_path, model, replace(PARAMS, temperatures=(1.0,), pieces=2))
    path = tmp_path / "music" / shard_name(1)
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(ShardError, match="shard-00001"):
        load_music(tmp_path / "music")


def test_samples_of_each_kind_are_laid_open(tmp_path, tmp_path_factory, monkeypatch):
    """Played in silence: the sound has tests of its own."""
    monkeypatch.setattr(samples, "play_piece", lambda piece, font, rate, level: np.zeros(rate // 10, np.float32))
    vae = save_tiny_model(tmp_path_factory.mktemp("vae"), "vae")
    files = make(tmp_path, vae, replace(PARAMS, temperatures=(1.0,), pieces=2, bars=2, open_samples=1))
    laid_open = {Path(name).name for name in files if name.startswith("music/samples/")}
    names = ["t1_opening_0000", "t1_nothing_0001", *(f"between_{step}" for step in range(1, 6))]
    assert laid_open == {f"{name}.{kind}" for name in names for kind in ("mid", "musicxml", "svg", "wav")}
    sample = read_midi(files["music/samples/t1_nothing_0001.mid"], "sample")
    assert rows(sample) == rows(load_music(tmp_path / "music")[1][1])
    assert files["music/samples/t1_nothing_0001.wav"].startswith(b"RIFF")
    titles = {
        name: ElementTree.fromstring(files[f"music/samples/{name}.musicxml"]).findtext("work/work-title")
        for name in ("t1_nothing_0001", "between_2")
    }
    assert titles["t1_nothing_0001"] == "vae model, seed 3, item 1, temperature 1"
    assert titles["between_2"] == "vae model, seed 3, step 2 of 5"
    continued = ElementTree.fromstring(files["music/samples/t1_opening_0000.musicxml"])
    assert re.fullmatch(r"after chorale 5[01], bar \d", continued.findtext("identification/creator"))


# --- openings


def test_openings_are_bars_that_begin_with_a_note():
    """Bars 1 and 3 begin with one, 2 with a rest, 4 is an upbeat; two bars from 3 on run over the rest of the piece."""
    score = piece_of((0, 12, 60, 0), (60, 12, 61, 0), (96, 12, 62, 0), (180, 12, 63, 0), source="score")
    found = draw_openings([score], TRAINED, replace(PARAMS, pieces=20, opening_bars=2))
    assert {opening.source for opening in found} == {"score, bar 1", "score, bar 3"} and len(found) == 10
    by_bar = {opening.source[-1]: rows(opening) for opening in found}
    assert by_bar == {"1": [(0.0, 1.0, 60.0), (5.0, 1.0, 61.0)], "3": [(0.0, 1.0, 62.0), (7.0, 1.0, 63.0)]}


def test_each_place_comes_once_while_there_are_enough():
    names, again, others = (
        [opening.source for opening in draw_openings(SCORES, TRAINED, replace(PARAMS, pieces=8, seed=seed))]
        for seed in (3, 3, 9)
    )
    assert len(set(names)) == 4 and names == again != others


def test_openings_are_cut_out_of_their_piece():
    for opening in draw_openings(SCORES, TRAINED, PARAMS):
        source, bar = opening.source.split(", bar ")
        (score,) = [score for score in SCORES if score.source == source]
        assert rows(opening) == rows(cut_at_bar(after_bar(score, int(bar) - 1), 1))
        assert (opening.tempo_bpm, opening.programs, opening.metre) == (score.tempo_bpm, score.programs, score.metre)


def test_scores_in_unknown_metres_or_too_short_are_no_use():
    waltz = replace(SCORES[0], metre=(3, 4))
    found = draw_openings([waltz, SCORES[1]], TRAINED, PARAMS)
    assert all(opening.source.startswith("chorale 51") for opening in found)
    for scores, params in (([waltz], PARAMS), (SCORES, replace(PARAMS, opening_bars=100, bars=200)), ([], PARAMS)):
        with pytest.raises(
            BadInput, match=rf"no opening of {params.opening_bars} bars in 4/4 .*corpus\.opening_composer"
        ):
            draw_openings(scores, TRAINED, params)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("seed", -1, "seed"),
        ("temperatures", (), "temperatures"),
        ("temperatures", (1.0, 1.0), "temperatures"),
        ("temperatures", (1.0, -1.0), r"temperatures\[1\]: is -1.0"),
        ("temperatures", (float("nan"),), r"temperatures\[0\]: is nan"),
        ("pieces", 3, "pieces"),
        ("pieces", 0, "pieces"),
        ("bars", 1, "bars"),
        ("opening_bars", 2000, "opening_bars"),
        ("opening_bars", 0, "opening_bars"),
        ("open_samples", 3, "open_samples"),
        ("top_p", 0.0, "top_p"),
        ("pitch_factor", 0.0, "pitch_factor"),
        ("copy_limit", 1, "copy_limit"),
    ],
)
def test_params_out_of_range_are_named(field, value, named):
    with pytest.raises(ParamsError, match=f"^{named}"):
        replace(PARAMS, **{field: value})


def test_rules_are_those_of_the_params():
    rules = replace(PARAMS, top_k=3, top_p=0.9, min_p=0.1, repeat_limit=5).rules(0.7)
    assert (rules.temperature, rules.top_k, rules.top_p, rules.min_p) == (0.7, 3, 0.9, 0.1)
    assert (rules.repeat_limit, rules.copy_limit, rules.key) == (5, 16, "")
    found = rules.temperatures(("step", "pitch"))
    assert found == {"step": 0.7, "pitch": 0.7 * 0.8}, "pitches have a temperature of their own"

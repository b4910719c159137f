"""The whole evaluation of music written by hand: what its metrics hold, in what it can differ, and its pictures."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from tiny_clap import tiny_clap

from reprise.audio.files import encode
from reprise.embedding.maps import Map
from reprise.errors import BadInput, ShardError
from reprise.music.piece import Piece, note_table
from reprise.music.writers.midi import midi_bytes
from reprise.pipeline.shards import item_name, shard_name, write_shard
from reprise.taste.evaluation.evaluate import TasteEvaluationParams, evaluate_taste, loudness_of
from reprise.taste.evaluation.made import Made, load_made
from reprise.taste.evaluation.plots import draw_taste
from reprise.taste.words.prompts import TASTES

PARAMS = TasteEvaluationParams(seed=1, resamples=50)
ESTIMATE = {"value", "low", "high", "count"}
BPM = {"sweet": 70.0, "sour": 90.0, "salty": 140.0, "bitter": 60.0}
SHARD = 8


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    return tiny_clap(tmp_path_factory.mktemp("clap"))


def items() -> list[dict]:
    """Three pieces a taste, four of an own set with keys, and three of each control."""
    base = [("base", taste, f"{taste} music, ambient for fine restaurant") for taste in TASTES for _ in range(3)]
    own = [("own", f"own-{n}", f"a {taste} song in D minor") for n, taste in enumerate(TASTES)]
    controls = [("unconditioned", "sweet", "sweet music, ambient for fine restaurant")] * 3 + [("real", "", "Bach")] * 3
    return [
        {"set": name, "prompt": prompt, "text": text, "tastes": [t for t in TASTES if t in text and name != "real"]}
        for name, prompt, text in (*base, *own, *controls)
    ]


def piece_of(number: int, row: dict) -> Piece:
    rng = np.random.default_rng(number)
    taste = row["tastes"][0] if row["tastes"] else "salty"
    height = {"sweet": 76, "sour": 79, "salty": 62, "bitter": 45}[taste]
    rows = [(n / 2, 0.5, height + int(rng.integers(-6, 7)), 64, n % 2) for n in range(8)]
    return Piece(note_table(rows), BPM[taste], (0, 40))


def write(folder, rate: int, order=None):
    """The folder as `generate_taste` writes it; in another order of items, where one is given."""
    made = items()
    made = [made[place] for place in (range(len(made)) if order is None else order)]
    seeds = list(range(len(made))) if order is None else list(order)
    rows = []
    folder.mkdir()
    for shard in range(-(-len(made) // SHARD)):
        members = []
        for item in range(shard * SHARD, min((shard + 1) * SHARD, len(made))):
            piece = piece_of(seeds[item], made[item])
            sound = 0.1 * np.random.default_rng(seeds[item]).standard_normal(rate).astype(np.float32)
            members.append((item_name(item, "mid"), midi_bytes(piece)))
            members.append((item_name(item, "flac"), encode(sound, rate, "FLAC")))
            told = {"tonic": 2, "mode": "minor"} if made[item]["set"] == "own" else {}
            is_real = made[item]["set"] == "real"
            rows.append({
                "item": item,
                "shard": shard,
                "take": 0,
                **made[item],
                "understood": [],
                "tempo_bpm": None if is_real else piece.tempo_bpm,
                "metre": None if is_real else "4/4",
                "programs": [] if is_real else [0, 40],
                "asked": [] if is_real else ["tempo_bpm", "metre", "instrument", "key"],
                "home": "" if is_real else "D minor",
                "told": json.dumps(told),
            })  # fmt: skip
        write_shard(folder / shard_name(shard), members)
    pd.DataFrame(rows).to_parquet(folder / "manifest.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, clap):
    return write(tmp_path_factory.mktemp("taste") / "made", clap.sample_rate)


@pytest.fixture(scope="module")
def found(clap, folder) -> tuple[dict, Map]:
    return evaluate_taste(PARAMS, clap, folder)


def numbers(value) -> list[float]:
    if isinstance(value, dict):
        return [one for own in value.values() for one in numbers(own)]
    return [value] if isinstance(value, int | float) else []


def test_the_metrics_hold_what_others_read_of_them(found):
    metrics, _ = found
    assert {"value", "p", "chance"} <= metrics["accuracy"].keys()
    assert metrics["scores"].keys() == {"true", "shuffled", "silence", "noise", "unconditioned", "real"}
    assert all(row.keys() == ESTIMATE for row in metrics["scores"].values())
    assert {"tempo_bin", "key", "metre", "instruments"} <= metrics["adherence"].keys()
    assert metrics["pieces"] == {"base": 12, "own": 4, "unconditioned": 3, "real": 3}
    assert metrics["matrix"].keys() == set(TASTES)
    others = {"accuracy_of_other_prompts", "matrix_of_other_prompts"}
    assert metrics["notes"].keys() == {"accuracy", "matrix", "scores"} | others
    assert not {"silence", "noise"} & metrics["notes"]["scores"].keys()


def test_every_number_is_finite_and_the_metrics_are_json(found):
    assert all(math.isfinite(value) for value in numbers(found[0]))
    assert json.loads(json.dumps(found[0], allow_nan=False)) == found[0]


def test_what_was_written_is_what_is_judged(found):
    adherence = found[0]["adherence"]
    assert adherence["tempo_bin"]["value"] == adherence["metre"]["value"] == adherence["instruments"]["value"] == 1
    assert adherence["tempo_bin"]["count"] == 8 and adherence["key"]["count"] == 4  # prompts; controls don't count
    assert found[0]["accuracy"]["count"] == 4  # prompts
    assert found[1].labels == tuple(taste for taste in TASTES for _ in range(3))


def test_the_same_music_gives_the_same_metrics(found, clap, folder):
    assert evaluate_taste(PARAMS, clap, folder)[0] == found[0]


def test_the_order_of_files_does_not_matter(found, clap, tmp_path):
    """Controls first and tastes the other way round, in other shards; what is drawn at random may differ."""
    order = list(range(len(items())))[::-1]
    metrics = evaluate_taste(PARAMS, clap, write(tmp_path / "other", clap.sample_rate, order))[0]
    for name in ("true", "shuffled", "silence", "noise", "unconditioned", "real"):
        assert metrics["scores"][name]["value"] == pytest.approx(found[0]["scores"][name]["value"], abs=2e-4)
    assert metrics["accuracy"]["value"] == found[0]["accuracy"]["value"]
    assert metrics["matrix"] == found[0]["matrix"]
    assert metrics["adherence"] == found[0]["adherence"]
    assert metrics["kad_from_real"]["made"]["value"] == pytest.approx(
        found[0]["kad_from_real"]["made"]["value"], abs=0.01
    )


def test_pictures_are_written_and_the_same_each_time(found, tmp_path):
    for name in ("a", "b"):
        draw_taste(found[0], tmp_path / name)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"matrix.png", "scores.png"}
    for path in (tmp_path / "a").iterdir():
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG") and content == (tmp_path / "b" / path.name).read_bytes()


def test_pieces_are_read_with_their_rows(folder, clap):
    made = load_made(folder, clap.sample_rate)
    assert [one.row["item"] for one in made] == list(range(22)) and made[0].set == "base"
    assert made[0].tastes == ("sweet",) and made[0].told == {} and made[12].told["mode"] == "minor"
    assert made[3].piece.tempo_bpm == pytest.approx(90, abs=1e-3) and len(made[3].piece.notes) == 8
    assert made[3].sound.shape == (clap.sample_rate,) and made[3].sound.std() == pytest.approx(0.1, rel=0.05)


def test_music_that_is_cut_off_or_missing_is_refused(folder, clap, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    shard = tmp_path / shard_name(1)
    shard.write_bytes(shard.read_bytes()[:5000])
    with pytest.raises(ShardError):
        load_made(tmp_path, clap.sample_rate)
    shard.unlink()
    with pytest.raises(ShardError):
        load_made(tmp_path, clap.sample_rate)


def test_music_without_base_prompts_is_refused_in_words(clap, folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = pd.read_parquet(folder / "manifest.parquet")
    rows[rows["set"] != "base"].to_parquet(tmp_path / "manifest.parquet", index=False)
    with pytest.raises(BadInput):
        evaluate_taste(PARAMS, clap, tmp_path)


def test_loudness_is_of_what_sounds_and_silence_has_none():
    def made(sound: np.ndarray) -> Made:
        return Made({}, Piece(note_table([]), 100.0, (0,)), sound.astype(np.float32))

    tone = np.sin(2 * np.pi * 100 * np.arange(8000) / 8000) * 10 ** (-20 / 20) * math.sqrt(2)
    half = np.concatenate([tone, np.zeros(8000)])
    levels = loudness_of([made(tone), made(half), made(np.zeros(8000)), made(tone / 2)], 8000)
    assert levels[0] == pytest.approx(-20, abs=0.1) and levels[1] == pytest.approx(-20, abs=0.3)
    assert levels[2] == -np.inf and levels[3] == pytest.approx(-26.02, abs=0.1)

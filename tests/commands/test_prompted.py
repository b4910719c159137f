"""`reprise generate --prompt` as a person or a script meets it, with a tiny composer that takes orders."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_clap import tiny_clap
from tiny_conditioned import save_conditioned
from tiny_model import save_tiny_model

from reprise.audio.fonts import FONTS, locate
from reprise.cli import main
from reprise.commands.composition import generate
from reprise.composition.sampling.rules import SAMPLING, USUAL, save_rules
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.music.scores import read_piece

SHORT = "a slow flute solo of 2 bars"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder as `models` is, with a model that takes orders and one that doesn't; no CLAP."""
    folder = tmp_path_factory.mktemp("models")
    save_rules(USUAL, save_conditioned(folder / "composer" / "conditioned") / SAMPLING)
    save_tiny_model(folder / "composer" / "lstm", "lstm")
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, models) -> Path:
    """An empty folder to work in, with the pipeline's models where the command line looks for them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/composer").symlink_to(models / "composer")
    monkeypatch.setattr(generate, "_font", lambda: locate(FONTS["TimGM6mb"]))
    return tmp_path


def read(path) -> Piece:
    return read_midi(Path(path).read_bytes(), str(path))


def run_json(capsys, *arguments) -> dict:
    assert main(["generate", *map(str, arguments), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == "" and output.out.count("\n") == 1
    return json.loads(output.out)


def refuse(capsys, *arguments) -> str:
    """Run what must be refused; returns what is said, which is all that is printed and made."""
    before = set(Path().iterdir())
    try:
        code = main(["generate", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    assert code == 2 and output.out == "" and "Traceback" not in output.err
    assert set(Path().iterdir()) == before
    return output.err.splitlines()[-1]


# --- what is made


def test_a_prompt_becomes_notes_a_score_and_sound(place, capsys):
    outs = ("new.mid", "new.musicxml", "new.wav")
    arguments = ["generate", "--prompt", "a quiet violin solo in 4/4, 120 BPM, 2 bars", "--seed", "1"]
    assert main([*arguments, *(word for out in outs for word in ("-o", out))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "  tempo 120 BPM (from '120 bpm')",
        "  metre 4/4 (from '4/4')",
        "  1 part (from 'solo')",
        "  2 bars (from '2 bars')",
    ]
    assert "  loudness low (from 'quiet')" in lines and "  Violin (from 'violin')" in lines
    assert lines[-1].startswith("new.mid, new.musicxml, new.wav: ") and lines[-1].endswith("; seed 1")
    piece, score = read("new.mid"), read_piece(Path("new.musicxml"))
    assert piece.tempo_bpm == 120 and piece.programs == (40,) and piece.metre == (4, 4)
    assert (piece.notes["onset"] + piece.notes["duration"]).max() <= 8
    assert score.tempo_bpm == 120 and score.notes["pitch"].tolist() == piece.notes["pitch"].tolist()
    sound, rate = soundfile.read("new.wav")
    assert rate == 44100 and 2 < len(sound) / rate < 7 and np.abs(sound).max() > 0.01


def test_louder_words_make_louder_sound(place, capsys):
    levels = {}
    for word in ("pianissimo", "fortissimo"):
        run_json(capsys, "--prompt", f"{word} cello solo, 1 bar", "--seed", "1", "-o", f"{word}.wav")
        levels[word] = soundfile.read(f"{word}.wav")[0].std()
    assert levels["fortissimo"] > 3 * levels["pianissimo"]


def test_json_says_what_was_understood_told_and_made(place, capsys):
    said = run_json(capsys, "--prompt", "a low trio in G minor at 77 BPM, 4 bars", "--seed", "3", "-o", "new.mid")
    assert said.keys() == {"prompt", "understood", "told", "guidance", "model", "seed", "pieces"}
    assert said["prompt"] == "a low trio in G minor at 77 BPM, 4 bars"
    assert said["told"] == {"tonic": 7, "mode": "minor", "bars": 4, "parts": 3, "pitch": 50}
    assert (said["model"], said["seed"], said["guidance"]) == ("conditioned", 3, 3.0)
    (piece,) = said["pieces"]
    assert piece["files"] == ["new.mid"] and piece["metre"] == "4/4" and piece["tempo_bpm"] == 77
    assert "register low (from 'low')" in said["understood"]


def test_attributes_are_told_too(place, capsys):
    said = run_json(capsys, "--prompt", "bitter music, 1 bar", "--seed", "1", "-o", "new.mid")
    assert {"onset_density", "dissonance"} <= said["told"].keys()
    assert "tempo 60 BPM (from bitter, by the crossmodal table)" in said["understood"]


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_music(place, capsys):
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        run_json(capsys, "--prompt", SHORT, "--seed", seed, "-o", f"{name}.mid", "-o", f"{name}.wav")
    for kind in ("mid", "wav"):
        a, b, c = (Path(f"{name}.{kind}").read_bytes() for name in "abc")
        assert a == b != c
    drawn = run_json(capsys, "--prompt", SHORT, "-o", "d.mid")["seed"]
    run_json(capsys, "--prompt", SHORT, "--seed", drawn, "-o", "e.mid")
    assert Path("d.mid").read_bytes() == Path("e.mid").read_bytes()


def test_many_pieces_get_numbers_and_none_depends_on_how_many_there_are(place, capsys):
    said = run_json(capsys, "--prompt", SHORT, "--seed", 1, "--count", 10, "-o", "a.mid")
    names = [f"a-{number:02d}.mid" for number in range(1, 11)]
    assert [piece["files"] for piece in said["pieces"]] == [[name] for name in names]
    contents = [Path(name).read_bytes() for name in names]
    assert len(set(contents)) == 10
    run_json(capsys, "--prompt", SHORT, "--seed", 1, "-o", "b.mid")
    assert Path("b.mid").read_bytes() == contents[0]


def test_guidance_and_sampling_options_are_used(place, capsys):
    for name, options in {"a": (), "b": ("--guidance", 9), "c": ("--temperature", 0.3)}.items():
        said = run_json(capsys, "--prompt", "sparse, very high, 4 bars", "--seed", 1, *options, "-o", f"{name}.mid")
        assert said["guidance"] == (9 if name == "b" else 3)
    assert len({tuple(read(f"{name}.mid").notes["pitch"].tolist()) for name in "abc"}) == 3


def test_sampling_options_are_used_where_nobody_measured_the_model_too(place, capsys):
    save_conditioned(place / "unmeasured")
    for name, temperature in (("a", 1), ("b", 0)):
        options = ("--temperature", temperature, "--model", "unmeasured", "--seed", 1)
        run_json(capsys, "--prompt", SHORT, *options, "-o", f"{name}.mid")
    assert read("a.mid").notes["pitch"].tolist() != read("b.mid").notes["pitch"].tolist()


# --- overrides and options


def test_an_override_counts_above_the_prompt(place, capsys):
    said = run_json(
        capsys, "--prompt", f"{SHORT}, high", "--override", "90 BPM, for cello, loud", "--seed", 1, "-o", "new.mid"
    )
    piece = read("new.mid")
    assert piece.tempo_bpm == pytest.approx(90, abs=1e-3) and piece.programs == (42,)
    assert "tempo 90 BPM (from '90 bpm')" in said["understood"]
    assert "register high (from 'high')" in said["understood"]  # what it doesn't speak of stays


def test_bars_and_key_count_above_prompt_and_override(place, capsys):
    said = run_json(
        capsys,
        *("--prompt", "a solo of 9 bars in C major", "--override", "12 bars, in D minor"),
        *("--bars", 3, "--key", "Bb", "--seed", 1, "-o", "new.mid"),
    )
    assert said["pieces"][0]["bars"] == 3
    assert (said["told"]["tonic"], said["told"]["mode"], said["told"]["bars"]) == (10, "major", 3)
    assert {"3 bars (from --bars)", "key Bb major (from --key)"} <= set(said["understood"])


def test_bars_count_above_seconds(place, capsys):
    said = run_json(capsys, "--prompt", "a solo of 60 seconds", "--bars", 2, "--seed", 1, "-o", "new.mid")
    assert said["pieces"][0]["bars"] == 2


def test_a_folder_is_a_model_too(place, models, capsys):
    said = run_json(
        capsys, "--prompt", SHORT, "--model", models / "composer" / "conditioned", "--seed", 1, "-o", "a.mid"
    )
    run_json(capsys, "--prompt", SHORT, "--model", "conditioned", "--seed", 1, "-o", "b.mid")
    assert said["model"] == "conditioned" and Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_the_small_clap_is_asked_where_there_is_one(place, capsys, monkeypatch):
    """With the weights of nobody's training it may understand anything; it must be asked, and change no word's wish."""
    from reprise.embedding.clap.model import SmallClap

    tiny_clap(place / "models" / "clap")
    asked = []
    plain = SmallClap.embed_text
    monkeypatch.setattr(SmallClap, "embed_text", lambda self, texts: asked.append(list(texts)) or plain(self, texts))
    said = run_json(capsys, "--prompt", f"{SHORT} like thunder", "--seed", 1, "-o", "new.mid")
    assert len(asked) == 1 and "thunder" in asked[0][0] and "loud music" in asked[0]
    assert "tempo 60 BPM (from 'slow')" in said["understood"]


# --- odd texts


@pytest.mark.parametrize(
    "text", ["🎹 悲しい曲, 1 bar", "<b>&amp;\"'</b> 1 bar", "1 bar\nof\tmusic", "a \\ b % c {} 1 bar"]
)
def test_odd_texts_are_written_into_every_format(place, capsys, text):
    said = run_json(capsys, "--prompt", text, "--seed", 1, "-o", "a.mid", "-o", "a.musicxml", "-o", "a.svg")
    assert said["prompt"] == text
    assert len(read_piece(Path("a.musicxml")).notes) and len(read("a.mid").notes)


@pytest.mark.parametrize("text", ["1 bar \x01 bell\x07", "1 bar \x1b[31m", "1 bar \ufffe", "1 bar \udcff"])
def test_characters_that_no_score_can_hold_spoil_none(place, capsys, text):
    run_json(capsys, "--prompt", text, "--seed", 1, "-o", "a.mid", "-o", "a.musicxml", "-o", "a.svg")
    assert len(read_piece(Path("a.musicxml")).notes) and len(read("a.mid").notes)


# --- refusals


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prompt", ""), "prompt: has 0 characters; it must have 1 to 2,000"),
        (("--prompt", "  \n"), "prompt: has 0 characters"),
        (("--prompt", "x" * 10_000), "prompt: has 10,000 characters"),
        (("--prompt", "in 5/4"), "metre: is 5/4; the composer knows 4/4"),
        (("--prompt", "0 bars"), "length: is 0 bars; it must be 1 to 200"),
        (("--prompt", SHORT, "--bars", "201"), "length: is 201 bars"),
        (("--prompt", SHORT, "--bars", "0"), "--bars: is '0'"),
        (("--prompt", SHORT, "--override", "purple"), "override: nothing in 'purple' is understood"),
        (("--prompt", SHORT, "--override", ""), "override: "),
        (("--prompt", SHORT, "--override", "x" * 2001), "override: "),
        (("--prompt", SHORT, "--key", "H major"), "key: is 'H major'"),
        (("--prompt", SHORT, "--guidance", "-1"), "is '-1'; it must be a number from 0 to 20"),
        (("--prompt", SHORT, "--guidance", "nan"), "is 'nan'; it must be a number from 0 to 20"),
        (("--prompt", SHORT, "--guidance", "much"), "is 'much'; it must be a number from 0 to 20"),
        (("--prompt", SHORT, "--opening", "x.mid"), "--opening: doesn't go with --prompt"),
        (("--prompt", SHORT, "--opening-bars", "2"), "--opening-bars: doesn't go with --prompt"),
        (("--prompt", SHORT, "--notes", "20"), "--notes: doesn't go with --prompt"),
        (("--prompt", SHORT, "--model", "lstm"), "lstm: takes no orders; it must be a model with conditions"),
        (("--prompt", SHORT, "--model", "nothing"), "nothing: has no model that takes orders"),
        (("--prompt", SHORT, "--lowest", "70", "--highest", "60"), "lowest"),
        (("--override", "slow"), "--override: needs a --prompt"),
        (("--guidance", "2"), "--guidance: needs a --prompt"),
    ],
)
def test_what_can_not_be_done_is_refused_in_one_line(place, capsys, options, said):
    assert said in refuse(capsys, *options, "--seed", "1", "-o", "new.mid")


@pytest.mark.parametrize("out", ["new.mp3", "nowhere/new.mid", "models"])
def test_what_can_not_be_written_is_refused_before_the_work(place, capsys, out):
    assert f"--out: is {out}" in refuse(capsys, "--prompt", SHORT, "-o", out)


def test_a_file_that_is_there_is_kept_without_force(place, capsys):
    Path("new.mid").write_bytes(b"mine")
    assert "new.mid is there already" in refuse(capsys, "--prompt", SHORT, "-o", "new.mid")
    assert Path("new.mid").read_bytes() == b"mine"
    run_json(capsys, "--prompt", SHORT, "--seed", 1, "--force", "-o", "new.mid")
    assert len(read("new.mid").notes)


def test_without_a_model_that_takes_orders_it_says_how_to_get_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refuse(capsys, "--prompt", SHORT, "-o", "new.mid")
    assert "models/composer/conditioned: has no model that takes orders; make it with ./run" in said


def test_without_a_font_sound_is_refused_before_the_work(tmp_path, capsys, monkeypatch, models):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(models)
    (tmp_path / "params.yaml").write_text((Path(__file__).parents[2] / "params.yaml").read_text())
    assert "./run repro collect_fonts" in refuse(capsys, "--prompt", SHORT, "-o", "new.wav")


def test_a_damaged_clap_is_named(place, capsys):
    tiny_clap(place / "models" / "clap")
    (place / "models" / "clap" / "weights.safetensors").write_bytes(b"broken")
    assert "models/clap" in refuse(capsys, "--prompt", SHORT, "--seed", "1", "-o", "new.mid")


def test_damaged_conditions_are_named(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = save_conditioned(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["conditions"]["knots"]["onset_density"][0] = "low"
    (folder / "config.json").write_text(json.dumps(config))
    assert "knots.onset_density" in refuse(capsys, "--prompt", SHORT, "--model", "model", "-o", "new.mid")

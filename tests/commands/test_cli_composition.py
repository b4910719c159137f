"""`reprise generate`, `evaluate-music` and `likelihood` as a person or a script meets them."""

import json
import math
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_model import BARS, MIDDLES, chorale, write_scores

from reprise.audio.fonts import FONTS, locate
from reprise.cli import main
from reprise.composition.sampling.rules import SAMPLING, SamplingRules, save_rules
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece, note_table
from reprise.music.readers.midi import read_midi
from reprise.music.scores import read_piece
from reprise.music.writers.midi import midi_bytes

SMALL_FONT = "TimGM6mb"


@pytest.fixture
def scores(tmp_path) -> Path:
    return write_scores(tmp_path / "scores", range(20, 24))


def read(path) -> Piece:
    return read_midi(Path(path).read_bytes(), str(path))


def run_json(capsys, *arguments) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == "" and output.out.count("\n") == 1
    return json.loads(output.out)


def refuse(capsys, *arguments) -> str:
    """Run what must be refused; returns what is said, which is all that is printed."""
    try:
        code = main([*map(str, arguments)])
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    assert code == 2 and output.out == ""
    return output.err.splitlines()[-1]


# --- generate


def test_generate_makes_as_many_notes_as_asked_for_and_says_what(place, capsys):
    assert main(["generate", "--notes", "60", "--seed", "5", "-o", "new.mid"]) == 0
    output = capsys.readouterr()
    piece = read("new.mid")
    assert len(piece.notes) == 60
    seconds = (piece.notes["onset"] + piece.notes["duration"]).max() * 60 / 90
    bars = math.ceil((piece.notes["onset"] + piece.notes["duration"]).max() / 4)
    line = rf"new\.mid: 60 notes, {bars} bars of 4/4, [A-G][b#]? (major|minor), {seconds:.1f} s; seed 5\n"
    assert re.fullmatch(line, output.out) and output.err == ""


@pytest.mark.parametrize("model", ["lstm", "transformer", "vae"])
def test_each_model_of_the_pipeline_has_its_name(place, capsys, model):
    result = run_json(capsys, "generate", "--model", model, "--bars", "4", "--seed", "1", "-o", "new.mid")
    assert result["model"] == model and result["pieces"][0]["bars"] == 4
    ends = read("new.mid").notes["onset"] + read("new.mid").notes["duration"]
    assert 12 < ends.max() <= 16


def test_a_folder_is_a_model_too_and_sixteen_bars_are_made_by_default(place, models, capsys):
    by_name = run_json(capsys, "generate", "--seed", "1", "-o", "a.mid")
    by_path = run_json(capsys, "generate", "--seed", "1", "--model", models / "transformer", "-o", "b.mid")
    assert by_name["pieces"][0]["bars"] == by_path["pieces"][0]["bars"] == 16
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_the_same_seed_gives_the_same_music_and_another_one_other_music(place, capsys):
    for seed, name in ((1, "a.mid"), (1, "b.mid"), (2, "c.mid")):
        run_json(capsys, "generate", "--notes", "30", "--seed", seed, "-o", name)
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()
    drawn = run_json(capsys, "generate", "--notes", "30", "-o", "d.mid")["seed"]
    run_json(capsys, "generate", "--notes", "30", "--seed", drawn, "-o", "e.mid")
    assert Path("d.mid").read_bytes() == Path("e.mid").read_bytes()


def test_many_pieces_get_numbers_and_none_depends_on_how_many_there_are(place, capsys):
    result = run_json(capsys, "generate", "--notes", "20", "--seed", "1", "--count", "11", "-o", "a.mid")
    names = [f"a-{number:02d}.mid" for number in range(1, 12)]
    assert [piece["files"] for piece in result["pieces"]] == [[name] for name in names]
    contents = [Path(name).read_bytes() for name in names]
    assert len(set(contents)) == 11 and all(len(read(name).notes) == 20 for name in names)
    run_json(capsys, "generate", "--notes", "20", "--seed", "1", "--count", "2", "-o", "b.mid")
    run_json(capsys, "generate", "--notes", "20", "--seed", "1", "-o", "c.mid")
    assert [Path(name).read_bytes() for name in ("b-1.mid", "b-2.mid", "c.mid")] == [*contents[:2], contents[0]]


def test_every_format_holds_the_same_music(place, capsys):
    (place / "data/fonts").mkdir(parents=True)
    shutil.copy(locate(FONTS[SMALL_FONT]), place / "data/fonts")
    (place / "params.yaml").write_text(
        f"fonts: {{train: [FluidR3_GM], clean: {SMALL_FONT}, unseen: A320U, train_without: []}}\n"
    )
    names = ["new.mid", "new.musicxml", "new.wav"]
    outs = [word for name in names for word in ("-o", name)]
    result = run_json(capsys, "generate", "--notes", "24", "--seed", "3", *outs)
    assert result["pieces"][0]["files"] == names
    midi, xml = read("new.mid"), read_piece(Path("new.musicxml"))
    assert sorted(xml.notes["pitch"]) == sorted(midi.notes["pitch"])
    samples, rate = soundfile.read("new.wav")
    assert rate == 44100 and samples.ndim == 1 and np.abs(samples).max() > 0.1
    assert len(samples) / rate == pytest.approx(result["pieces"][0]["duration_s"] + 2, abs=0.01)


def test_nothing_is_overwritten_unless_told_so(place, capsys):
    """Of several pieces none may be there."""
    Path("new-2.mid").write_text("mine")
    arguments = ("generate", "--notes", "5", "--seed", "1", "--count", "2", "-o", "new.mid")
    assert "--out: new-2.mid is there already; give another name, or --force" in refuse(capsys, *arguments)
    assert Path("new-2.mid").read_text() == "mine" and not Path("new-1.mid").exists()
    run_json(capsys, *arguments, "--force")
    assert read("new-2.mid").notes.size == 5


def test_a_seed_file_is_continued(place, capsys):
    """Its first two bars come first, note for note; the rest of it is not taken."""
    Path("seed.mid").write_bytes(midi_bytes(chorale(99)))
    opening = cut_at_bar(chorale(99), 2).notes
    arguments = ("--seed-file", "seed.mid", "--seed", "1", "--force", "-o", "new.mid")
    run_json(capsys, "generate", "--notes", len(opening) + 20, *arguments)
    found = read("new.mid").notes
    assert len(found) == len(opening) + 20
    assert found[: len(opening)].tolist() == opening.tolist()
    assert run_json(capsys, "generate", "--bars", 5, "--opening-bars", 3, *arguments)["pieces"][0]["bars"] == 5
    by_default = run_json(capsys, "generate", *arguments)["pieces"][0]
    assert by_default["bars"] == 16 and read("new.mid").notes[: len(opening)].tolist() == opening.tolist()


def far_away() -> Piece:
    """The chorale 40 semitones higher, in thirds of a beat, with velocities, and a fifth and sixth part."""
    notes = chorale(99).notes.copy()
    notes["onset"], notes["duration"], notes["pitch"] = (
        notes["onset"] * 2 / 3,
        notes["duration"] * 2 / 3,
        notes["pitch"] + 40,
    )
    notes["velocity"] = 30 + np.arange(len(notes)) % 90
    more = notes[notes["part"] == 0].copy()
    more["part"] = 4
    return replace(chorale(99), notes=np.concatenate([notes, more]), programs=(1, 2, 3, 4, 5), tempo_bpm=77.0)


def test_an_opening_stays_as_it_is_and_what_was_read_otherwise_is_said(place, capsys):
    Path("seed.mid").write_bytes(midi_bytes(far_away()))
    theirs = read("seed.mid").notes
    kept = theirs[(theirs["onset"] < 8) & (theirs["part"] < 4)]
    arguments = ("generate", "--seed-file", "seed.mid", "--seed", "1", "--force", "-o", "new.mid")
    told = run_json(capsys, *arguments)["opening"]
    piece = read("new.mid")
    ours = piece.notes[: len(kept)]
    assert (
        ours[["onset", "pitch", "velocity", "part"]].tolist() == kept[["onset", "pitch", "velocity", "part"]].tolist()
    )
    assert piece.programs[:4] == (1, 2, 3, 4) and piece.tempo_bpm == pytest.approx(77, abs=0.01)
    assert told["file"] == "seed.mid" and told["notes"] == told["velocities_not_read"] == len(kept)
    assert told["read_higher_by_semitones"] < -20 and told["parts_left_out"] == 1
    assert piece.notes["pitch"][len(kept) :].min() > 60, "what follows is as high"
    assert main(list(arguments)) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith(f"seed.mid: its opening stays as it is, {len(kept)} notes; the model reads it moved by -")
    cut = np.count_nonzero((theirs["onset"] < 8) & (theirs["part"] == 4))
    assert line.endswith(
        f"without their velocities; 1 parts are left out, as the model has no more; left out of the file: {cut} notes "
        "of further parts"
    )


def test_music_is_drawn_as_it_was_measured_unless_told_otherwise(place, models, capsys, tmp_path):
    """A model in a folder of its own, with rules beside it: the likeliest notes but for the pitches."""
    own = tmp_path / "mine"
    shutil.copytree(models / "transformer", own)
    save_rules(SamplingRules(temperature=0.5, pitch_factor=0.2, top_k=4), own / SAMPLING)
    arguments = ("generate", "--model", own, "--notes", "40", "--seed", "1")
    by_rules = run_json(capsys, *arguments, "-o", "a.mid")
    sampling = by_rules["sampling"]
    assert (sampling["temperature"], sampling["pitch_factor"], sampling["top_k"]) == (0.5, 0.2, 4)
    assert by_rules["sampling_is_measured"]
    spelt_out = ("--temperature", "0.5", "--pitch-factor", "0.2", "--top-k", "4")
    (own / SAMPLING).unlink()
    assert not run_json(capsys, *arguments, *spelt_out, "-o", "b.mid")["sampling_is_measured"]
    run_json(capsys, *arguments, "-o", "c.mid")
    run_json(
        capsys, *arguments, "--field-temperature", "pitch=0.1", "--temperature", "0.5", "--top-k", "4", "-o", "d.mid"
    )
    a, b, c, d = (Path(f"{name}.mid").read_bytes() for name in "abcd")
    assert a == b == d != c
    assert main([*map(str, arguments), "-o", "e.mid"]) == 0
    assert capsys.readouterr().out.startswith(f"{own / SAMPLING}: isn't there, so the sampling options are as")


def test_the_best_model_composes_and_help_names_it(place, models, tmp_path, capsys, monkeypatch):
    """In the tests the Transformer says that it is best; here the LSTM is, in models of its own."""
    shutil.copytree(models, tmp_path / "other/models/composer")
    config = tmp_path / "other/models/composer/lstm/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"validation_nats": 1.1}))
    for folder, best in ((place, "transformer"), (tmp_path / "other", "lstm")):
        monkeypatch.chdir(folder)
        assert run_json(capsys, "generate", "--notes", "5", "--seed", "1", "--force", "-o", "new.mid")["model"] == best
        with pytest.raises(SystemExit):
            main(["generate", "--help"])
        said = " ".join(capsys.readouterr().out.split())
        assert f"fewest nats a note on validation pieces, now {best})" in said
        assert "only the likeliest values that have so much probability together; 1 for all; a number above 0" in said


def test_key_and_range_hold(place, capsys):
    options = ("--key", "B♭", "--lowest", "36", "--highest", "84")
    told = run_json(capsys, "generate", "--notes", "60", "--seed", "1", *options, "-o", "new.mid")
    piece = read("new.mid")
    assert piece.notes["pitch"].min() >= 36 and piece.notes["pitch"].max() <= 84
    assert told["pieces"][0]["key"] == "Bb major" and piece.key_fifths == -2


def test_temperature_zero_ignores_the_seed_and_a_field_may_have_its_own(place, capsys):
    for seed, name in ((1, "a.mid"), (2, "b.mid")):
        run_json(capsys, "generate", "--notes", "20", "--temperature", "0", "--seed", seed, "-o", name)
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()
    fields = [word for name in ("step", "part", "pitch") for word in ("--field-temperature", f"{name}=0")]
    for seed, name in ((1, "a.mid"), (2, "b.mid")):
        run_json(capsys, "generate", "--notes", "20", *fields, "--seed", seed, "--force", "-o", name)
    a, b = (read(name).notes for name in ("a.mid", "b.mid"))
    assert not np.array_equal(a["duration"], b["duration"])  # drawn at temperature 1, the others not drawn
    assert a["pitch"][0] == b["pitch"][0] and a["onset"][0] == b["onset"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "-1"], "--temperature: is '-1'; it must be a number from 0 to 100"),
        (["--temperature", "nan"], "--temperature: is 'nan'; it must be a number from 0 to 100"),
        (["--temperature", "1e9"], "--temperature: is '1e9'; it must be a number from 0 to 100"),
        (["--temperature", "warm"], "--temperature: is 'warm'; it must be a number from 0 to 100"),
        (["--notes", "0"], "--notes: is '0'; it must be a whole number from 1 to 20,000"),
        (["--notes", "-1"], "--notes: is '-1'"),
        (["--notes", "1e9"], "--notes: is '1e9'"),
        (["--notes", "many"], "--notes: is 'many'"),
        (["--notes", "1_0"], "--notes: is '1_0'"),
        (["--bars", "0"], "--bars: is '0'"),
        (["--notes", "9", "--bars", "9"], "not allowed with argument"),
        (["--seed", "-1"], "--seed: is '-1'; it must be a whole number from 0 to 4,294,967,295"),
        (["--seed", "4294967296"], "--seed: is '4294967296'"),
        (["--count", "0"], "--count: is '0'"),
        (["--field-temperature", "step"], "is 'step'; it must be a field and a number from 0 to 100, such as step=0.8"),
        (["--field-temperature", "loudness=1"], "'loudness' is no field of the model; it must be step, part, pitch"),
        (["--field-temperature", "step=nan"], "--field-temperature: is 'step=nan'; it must be"),
        (["--top-k", "-1"], "--top-k: is '-1'"),
        (["--top-k", "５"], "--top-k: is '５'"),
        (["--top-p", "0"], "--top-p: is '0'; it must be a number above 0, at most 1"),
        (["--min-p", "2"], "--min-p: is '2'; it must be a number from 0 to 1"),
        (["--key", "H major"], "key: is 'H major'; it must be a tonic and a mode"),
        (["--lowest", "128"], "--lowest: is '128'"),
        (["--lowest", "80", "--highest", "70"], "lowest: is 80; it must be from 0 to highest (70)"),
        (["--lowest", "120"], "the model's own"),
        (["--model", "gpt"], "model: is 'gpt'; it must be lstm, transformer, vae or a folder with a model"),
        (["--model", "models"], "models/config.json: no model there"),
        (["--opening-bars", "4"], "--opening-bars: is 4, but there is no --opening"),
        (["--opening", "none.mid"], "none.mid: isn't there"),
        (["--opening", "text.mid"], "text.mid: not a readable MIDI file"),
        (["--opening", "short.mid"], "short.mid: is 0.50 bars long; an opening must be at least one bar long"),
        (["--opening", "rests.mid"], "rests.mid: has no note in its first 2 bars"),
        (["--opening", "waltz.mid"], "waltz.mid: is in 3/4; the model knows 4/4"),
        (["--opening", "long.mid", "--bars", "2"], "--bars: is 2; it must be more than the 2 of the opening"),
        (["--opening", "long.mid", "--notes", "3"], "ask for more than that"),
        (["-o", "new.pdf"], "--out: is new.pdf; it must end in .mid, .musicxml, .svg, .wav"),
        (["-o", "nowhere/new.mid"], "--out: is nowhere/new.mid; it must be in a folder that exists"),
        (["-o", "folder.mid"], "--out: is folder.mid, a folder; it must be a file"),
        (["--taste", "sweet"], "unrecognized arguments"),
    ],
)
def test_generate_refuses_what_cannot_be(place, capsys, arguments, message):
    def seed_file(name, rows, metre=(4, 4)):
        (place / name).write_bytes(midi_bytes(Piece(note_table(rows), 90.0, (0,), metre)))

    (place / "text.mid").write_text("la la la")
    (place / "folder.mid").mkdir()
    seed_file("short.mid", [(0, 2, 60, 64, 0)])
    seed_file("rests.mid", [(20, 2, 60, 64, 0)])
    seed_file("waltz.mid", [(beat, 1, 60, 64, 0) for beat in range(12)], (3, 4))
    (place / "long.mid").write_bytes(midi_bytes(chorale(1)))
    before = set(os.listdir(place))
    assert message in refuse(capsys, "generate", *arguments, "-o", "new.mid")
    assert set(os.listdir(place)) == before


def test_generate_names_what_is_missing_for_sound(place, capsys):
    assert "params.yaml: cannot be read" in refuse(capsys, "generate", "-o", "new.wav")
    (place / "params.yaml").write_text(
        "fonts: {train: [FluidR3_GM], train_without: [], clean: FluidR3_GM, unseen: TimGM6mb}\n"
    )
    message = refuse(capsys, "generate", "-o", "new.wav")
    assert "data/fonts/FluidR3_GM.sf2: missing" in message and "./run repro collect_fonts" in message


def test_generate_without_trained_models_says_how_to_get_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    message = refuse(capsys, "generate", "-o", "new.mid")
    assert "models/composer: no model there" in message and "./run" in message


def test_a_length_is_needed_by_no_one_but_a_place_is(place, capsys):
    assert "required: -o/--out" in refuse(capsys, "generate")


# --- playing


def test_tempo_and_instruments_are_those_asked_for_and_the_notes_stay(place, capsys):
    run_json(capsys, "generate", "--bars", 2, "--seed", 3, "-o", "plain.mid")
    asked = ("--tempo", 72, "--instruments", "violin, French Horn, cello")
    run_json(capsys, "generate", "--bars", 2, "--seed", 3, *asked, "-o", "played.mid")
    plain, played = read("plain.mid"), read("played.mid")
    assert played.notes.tolist() == plain.notes.tolist()
    assert played.tempo_bpm == pytest.approx(72) and played.programs == (40, 60, 42, 42)


def test_a_continuation_can_be_written_without_its_opening(place, scores, capsys):
    common = ("generate", "--opening", scores / "20.mid", "--opening-bars", 2, "--bars", 4, "--seed", 3)
    run_json(capsys, *common, "-o", "whole.mid")
    described = run_json(capsys, *common, "--without-opening", "-o", "own.mid")
    whole, own = read("whole.mid"), read("own.mid")
    later = whole.notes[whole.notes["onset"] >= 8]
    assert own.notes["pitch"].tolist() == later["pitch"].tolist()
    assert (own.notes["onset"] + 8).tolist() == later["onset"].tolist()
    assert described["pieces"][0]["bars"] == 2 and described["opening"]["notes"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tempo", "slow"), "argument --tempo: is 'slow'; it must be a number"),
        (("--tempo", "0"), "--tempo: is 0 BPM; it must be 4 to 6,000"),
        (("--instruments", "violin, violinn"), "'violinn' is unknown; it must be an instrument, such as violin"),
        (("--instruments", "violin,"), "'' is unknown"),
        (("--instruments", "a sad violin"), "'a sad violin' is unknown"),
        (("--instruments", "violin,viola,cello,harp,flute"), "are 5; the music has 4 parts"),
        (("--without-opening",), "there is no --opening; give that too"),
        (("--tempo", "90", "--prompt", "slow music"), "--tempo: doesn't go with --prompt; say it there"),
        (("--without-opening", "--prompt", "slow music"), "--without-opening: doesn't go with --prompt"),
    ],
)
def test_playing_that_cannot_be_is_refused(place, capsys, options, said):
    assert said in refuse(capsys, "generate", "--bars", 2, "-o", "a.mid", *options)


# --- candidates


def test_the_best_of_several_pieces_is_one_of_those_that_would_be_made(place, capsys):
    common = ("generate", "--bars", 3, "--seed", 3)
    run_json(capsys, *common, "--count", 4, "-o", "all.mid")
    everything = [read(f"all-{n}.mid").notes.tolist() for n in range(1, 5)]
    for rule in ("style", "likelihood"):
        best = run_json(capsys, *common, "--count", 2, "--candidates", 2, "--choose", rule, "-o", f"{rule}.mid")
        for n, piece in enumerate(best["pieces"]):
            assert read(f"{rule}-{n + 1}.mid").notes.tolist() == everything[2 * n + piece["candidate"] - 1]
            assert piece["candidates"] == 2 and piece[rule] > 0
    assert main([*map(str, common), "--candidates", "2", "-o", "one.mid"]) == 0
    assert "; candidate " in capsys.readouterr().out


def test_candidates_that_cannot_be_are_refused(place, capsys):
    assert "--choose: is style, but there is one candidate" in refuse(
        capsys, "generate", "-o", "a.mid", "--choose", "style"
    )
    assert "--candidates: is '0'; it must be a whole number from 1 to 100" in refuse(
        capsys, "generate", "-o", "a.mid", "--candidates", "0"
    )


# --- evaluate-music


def test_evaluate_music_prints_a_table(place, scores, capsys):
    assert main(["evaluate-music", str(scores)]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0] == "4 pieces, 0 skipped; 95 % intervals in brackets" and output.err == ""
    # Four parts without rests, so that four notes always sound, and all of them in C major.
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:]}
    assert rows["polyphony"] == ["4.000", "(4.000-4.000)"]
    assert rows["empty_bar_rate"][0] == "0.000"


def test_evaluate_music_compares_with_a_reference(place, scores, capsys):
    twins = run_json(capsys, "evaluate-music", scores, "--reference", scores)
    assert twins["pieces"] == twins["reference"]["pieces"] == 4
    assert set(twins["standardised_difference"].values()) == {0.0}
    assert twins["originality"]["copied_ngram_share"]["value"] == 1.0
    assert twins["originality"]["worst_copied_run"] == max(len(chorale(seed).notes) for seed in range(20, 24))
    others = write_scores(place / "others", range(50, 53))
    apart = run_json(capsys, "evaluate-music", scores, "--reference", others)
    assert apart["originality"]["copied_ngram_share"]["value"] == 0.0
    assert apart["standardised_difference"]["note_density"] != 0
    assert main(["evaluate-music", str(scores), "--reference", str(others)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("4 pieces, against 3, 0 skipped") and "worst_copied_run" in output


def test_what_a_measure_cannot_tell_is_null(place, capsys):
    write_scores(place / "one", range(1))
    result = run_json(capsys, "evaluate-music", "one", "--reference", "one")
    assert set(result["standardised_difference"].values()) == {None}
    assert main(["evaluate-music", "one", "--reference", "one"]) == 0


def test_one_piece_in_two_formats_counts_once_and_folders_are_searched(place, capsys):
    write_scores(place / "scores/a/b", range(2))
    run_json(capsys, "generate", "--bars", "2", "--seed", "1", "-o", "scores/x.mid", "-o", "scores/x.musicxml")
    shutil.copy("scores/x.musicxml", "scores/y.musicxml")
    (place / "scores/readme.txt").write_text("no score")
    assert run_json(capsys, "evaluate-music", "scores")["pieces"] == 4


@pytest.mark.parametrize("command", [["evaluate-music"], ["likelihood", "--model", "lstm"]])
def test_the_others_are_measured_beside_a_broken_score(place, scores, capsys, command):
    (scores / "20.mid").write_text("la la la")
    assert main([*command, str(scores), "--json"]) == 2
    output = capsys.readouterr()
    result = json.loads(output.out)
    assert result["pieces"] == 3
    assert [row["file"] for row in result["skipped"]] == [str(scores / "20.mid")]
    assert output.err == f"reprise: {result['skipped'][0]['error']}\n"
    assert output.err.startswith(f"reprise: {scores / '20.mid'}: not a readable MIDI file")
    assert main([*command, str(scores)]) == 2
    assert "1 skipped" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("command", ["evaluate-music", "likelihood"])
def test_a_folder_without_music_is_refused(place, capsys, command):
    assert "none: no such folder" in refuse(capsys, command, "none")
    (place / "empty").mkdir()
    assert "empty: has no scores; it must hold files that end in .mid, .midi" in refuse(capsys, command, "empty")
    (place / "empty/a.mid").write_text("la la la")
    assert "empty: none of its scores can be read" in refuse(capsys, command, "empty")


# --- likelihood


def test_likelihood_adds_up(place, scores, capsys):
    result = run_json(capsys, "likelihood", scores, "--model", "transformer")
    rows = result["scores"]
    assert [row["file"] for row in rows] == [str(scores / f"{seed}.mid") for seed in range(20, 24)]
    assert [row["notes"] for row in rows] == [len(chorale(seed).notes) for seed in range(20, 24)]
    assert result["notes"] == sum(row["notes"] for row in rows) and not result["is_bound"]
    mean = sum(row["notes"] * row["nats_per_note"] for row in rows) / result["notes"]
    assert result["nats_per_note"]["value"] == pytest.approx(mean, abs=2e-4) and result["nats_per_note"]["count"] == 4
    for row in (*rows, {**result, "nats_per_note": mean}):
        assert sum(row["nats"].values()) == pytest.approx(row["nats_per_note"], abs=4e-4)
        assert row["perplexity"] == pytest.approx(math.exp(row["nats_per_note"]), rel=2e-4)
    # The parts are as good as random to weights that are: between four of them lie log 4 nats.
    assert result["nats"]["part"] == pytest.approx(math.log(4), abs=0.5)


def test_likelihood_prints_a_line_for_each_score_and_one_for_all(place, scores, capsys):
    assert main(["likelihood", str(scores), "--model", "lstm"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4 scores, ") and "nats a note, perplexity" in lines[1] and "bound" not in lines[1]
    assert lines[2].split() == [
        "score",
        "notes",
        "nats",
        "a",
        "note",
        "perplexity",
        "step",
        "part",
        "pitch",
        "duration",
    ]
    assert [line.split()[0] for line in lines[3:]] == [str(scores / f"{seed}.mid") for seed in range(20, 24)] + ["all"]


def test_the_figure_of_a_model_with_latents_is_called_a_bound(place, scores, capsys):
    result = run_json(capsys, "likelihood", scores, "--model", "vae")
    assert result["is_bound"] and result["kl_nats"] >= 0
    assert sum(result["nats"].values()) + result["kl_nats"] == pytest.approx(result["nats_per_note"]["value"], abs=5e-4)
    assert result == run_json(capsys, "likelihood", scores, "--model", "vae")  # its latents are drawn, each time alike
    assert main(["likelihood", str(scores), "--model", "vae"]) == 0
    output = capsys.readouterr().out
    assert "at most" in output and "a bound" in output


def test_what_the_vocabulary_cannot_express_is_reported(place, scores, capsys):
    too_high = Piece(note_table([(beat, 1.0, 120, 64, 0) for beat in range(8)]), 90.0, (0,))
    (scores / "high.mid").write_bytes(midi_bytes(too_high))
    assert main(["likelihood", str(scores), "--json"]) == 2
    output = capsys.readouterr()
    result = json.loads(output.out)
    assert result["pieces"] == 4 and [row["file"] for row in result["skipped"]] == [str(scores / "high.mid")]
    assert "high.mid: has pitches 120-120; the model knows" in output.err
    for seed in range(20, 24):
        (scores / f"{seed}.mid").unlink()
    assert "the model can express no score" in refuse(capsys, "likelihood", scores)


def test_the_chorales_are_what_the_tests_take_them_for():
    piece = chorale(20)
    for part in range(len(MIDDLES)):
        own = piece.notes[piece.notes["part"] == part]
        assert own["duration"].sum() == 4 * BARS
    assert set(piece.notes["pitch"] % 12) <= {0, 2, 4, 5, 7, 9, 11}

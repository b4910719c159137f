"""The command line as a person or a script meets it: what is printed where, and the exit codes."""

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_recognizer import RATE, save_tiny_recognizer, tone_of

from reprise.cli import main
from reprise.commands.output import print_table
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.use import recognize as recognize_module
from reprise.recognition.use import timeline


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A recognizer that hears the first three instruments everywhere, and no other anywhere."""
    thresholds = tuple(0.0 if index < 3 else 1.1 for index in range(len(INSTRUMENT_NAMES)))
    return save_tiny_recognizer(tmp_path_factory.mktemp("model"), thresholds)


@pytest.fixture
def song(tmp_path) -> Path:
    soundfile.write(tmp_path / "song.flac", tone_of("violin", 5), RATE)
    return tmp_path / "song.flac"


@pytest.fixture
def labelled(tmp_path) -> tuple[Path, Path]:
    """A folder with two recordings, and their labels: the first has a piano, the second hasn't."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(folder / name, tone_of("violin", 2), RATE)
    table = tmp_path / "labels.csv"
    table.write_text("file,acoustic_grand_piano,trumpet\na.wav,1,0\nb.wav,0,0\n")
    return folder, table


def test_help_is_instant_and_shows_an_example():
    """Nothing heavy is imported before a command runs."""
    code = (
        "import sys; from reprise.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'soundfile', 'librosa', 'music21', 'fastapi', 'uvicorn'}\n"
        "assert not heavy & set(sys.modules)"
    )
    names = ["recognize", "evaluate-recognizer", "generate", "evaluate-music", "likelihood", "serve"]
    names += ["search-music", "search-captions", "embed", "clap-score"]
    texts = [
        subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout
        for arguments in (["--help"], *([name, "--help"] for name in names))
    ]
    for name, text in zip(names, texts[1:]):
        assert f"\n  {name}" in texts[0].replace("\n    ", "\n  ")
        assert re.search(rf"examples?: reprise {name} ", " ".join(text.split()))


def test_recognize_prints_a_table(song, model, capsys):
    assert main(["recognize", str(song), "--model", str(model)]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    lines = output.out.splitlines()
    assert lines[0] == f"{song}: 0:05, 22,050 Hz, 1 channel, -13.5 dBFS"
    assert lines[1].split() == ["instrument", "confidence", "sounds", "for", "from-to", "(min:s)"]
    assert sorted(line.split()[0] for line in lines[2:]) == sorted(INSTRUMENT_NAMES[:3])
    assert all("0:05" in line and line.endswith("0:00-0:05") for line in lines[2:])


def test_recognize_prints_one_json_object(song, model, capsys):
    assert main(["recognize", str(song), str(song), "--model", str(model), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == "" and output.out.count("\n") == 1
    result = json.loads(output.out)
    assert result["model"] == str(model) and result["errors"] == []
    assert [recording["file"] for recording in result["recordings"]] == [str(song)] * 2
    recording = result["recordings"][0]
    assert {row["instrument"] for row in recording["instruments"]} == set(INSTRUMENT_NAMES[:3])
    assert recording["instruments"][0]["spans"] == [[0.0, 5.0]]
    assert set(recording["confidence"]) == set(recording["windows"][0]["probabilities"]) == set(INSTRUMENT_NAMES)


def test_silence_is_told_as_such(tmp_path, model, capsys):
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    thresholds = tuple(0.01 for _ in INSTRUMENT_NAMES)
    save_tiny_recognizer(tmp_path / "model", thresholds)
    assert main(["recognize", str(tmp_path / "a.wav"), "--model", str(tmp_path / "model")]) == 0
    output = capsys.readouterr().out
    assert "silence" in output and "none of the instruments" in output
    assert main(["recognize", str(tmp_path / "a.wav"), "--model", str(tmp_path / "model"), "--json"]) == 0
    recording = json.loads(capsys.readouterr().out)["recordings"][0]
    assert recording["level_dbfs"] is None and recording["instruments"] == []


def test_a_low_sample_rate_is_noted(tmp_path, model, capsys):
    soundfile.write(tmp_path / "a.wav", tone_of("violin", 2, 8000), 8000)
    assert main(["recognize", str(tmp_path / "a.wav"), "--model", str(model)]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("  note: has nothing above 4,000 Hz")
    assert main(["recognize", str(tmp_path / "a.wav"), "--model", str(model), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["recordings"][0]["notes"]) == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_the_others_are_heard_beside_a_bad_file(song, model, tmp_path, capsys, as_json):
    text = tmp_path / "text.wav"
    text.write_text("la la la")
    arguments = [str(tmp_path / "none.wav"), str(song), str(text), "--model", str(model)]
    assert main(["recognize", *arguments, *["--json"] * as_json]) == 2
    output = capsys.readouterr()
    errors = output.err.splitlines()
    assert errors[0].startswith(f"reprise: {tmp_path / 'none.wav'}: there is no such file")
    assert errors[1].startswith(f"reprise: {text}: holds no sound") and len(errors) == 2
    if as_json:
        result = json.loads(output.out)
        assert [recording["file"] for recording in result["recordings"]] == [str(song)]
        assert [row["file"] for row in result["errors"]] == [str(tmp_path / "none.wav"), str(text)]
        assert f"reprise: {result['errors'][0]['error']}" == errors[0]
    else:
        assert output.out.startswith(f"{song}: ")


def test_recognize_draws(song, model, tmp_path):
    assert main(["recognize", str(song), "--model", str(model), "--plot", str(tmp_path / "song.png")]) == 0
    assert (tmp_path / "song.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("files", "plot", "message"),
    [
        (2, "song.png", "--plot: one picture shows one recording, but 2 are given"),
        (1, "song.pdf", "song.pdf; it must end in .png"),
        (1, "nowhere/song.png", "a folder that exists"),
        (1, "song.flac/song.png", "a folder that exists"),
        (1, "folder.png", "folder.png, a folder; it must be a file"),
        (1, "there.png", "--plot: {}/there.png is there already; give another name, or --force to write over it"),
    ],
)
def test_a_picture_that_cannot_be_is_refused_before_the_work(song, model, tmp_path, capsys, files, plot, message):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "there.png").write_text("mine")
    arguments = ["recognize", *[str(song)] * files, "--model", str(model), "--plot", str(tmp_path / plot)]
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert message.format(tmp_path) in output.err and output.out == ""
    assert (tmp_path / "there.png").read_text() == "mine"


def test_a_picture_is_written_over_another_when_told_so(song, model, tmp_path):
    (tmp_path / "song.png").write_text("old")
    plot = ["--plot", str(tmp_path / "song.png"), "--force"]
    assert main(["recognize", str(song), "--model", str(model), *plot]) == 0
    assert (tmp_path / "song.png").read_bytes().startswith(b"\x89PNG")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"reprise {version('reprise')}\n"


def test_a_folder_is_heard_recording_by_recording(song, model, tmp_path, capsys):
    (tmp_path / "more").mkdir()
    soundfile.write(tmp_path / "more" / "b.wav", tone_of("violin", 1), RATE)
    (tmp_path / "more" / "c.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(50))
    (tmp_path / "more" / "notes.txt").touch()
    assert main(["recognize", str(tmp_path / "more"), str(song), "--model", str(model), "--json"]) == 2
    output = capsys.readouterr()
    assert f"{tmp_path}/more/c.m4a: M4A is not supported: convert it" in output.err
    assert [row["file"] for row in json.loads(output.out)["recordings"]] == [f"{tmp_path}/more/b.wav", str(song)]


def test_a_name_that_is_not_utf_8_is_heard_drawn_and_told(song, model, tmp_path, capsys):
    odd = song.rename(tmp_path / os.fsdecode(b"caf\xe9.flac"))
    plot = ["--plot", str(tmp_path / os.fsdecode(b"\xe9.png"))]
    assert main(["recognize", str(odd), "--model", str(model), "--json", *plot]) == 0
    told = json.loads(capsys.readouterr().out.encode())  # every text of it is UTF-8
    assert told["recordings"][0]["file"] == f"{tmp_path}/caf\\xe9.flac"
    assert main(["recognize", str(odd), "--model", str(model)]) == 0


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("{} recognize {} --model {} >&-", 0),
        ("{} recognize none.wav >&- 2>&-", 2),
        ("{} --help >&-", 0),
        ("{} --help > /dev/full", 1),
        ("{} recognize {} --model {} > /dev/full", 1),
    ],
)
def test_a_closed_or_full_stdout_is_no_traceback(song, model, shell, code):
    reprise = f"{sys.executable} -m reprise.cli"
    command = shell.format(reprise, song, model)
    # Unbuffered, argparse itself meets the full disk, and keeps it to itself.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == code and done.stdout == ""
    assert done.stderr == ("reprise: [Errno 28] No space left on device\n" if "full" in shell else "")


def test_help_into_a_reader_that_goes_away_is_no_traceback():
    command = f"{sys.executable} -m reprise.cli --help | (exec <&-; sleep 0.1)"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["recognize", "{song}", "--model", "{song}"],
        ["evaluate-recognizer", "--audio", "{song}", "--labels", "x.csv", "--model", "{model}"],
        ["evaluate-music", "{song}"],
        ["serve", "--models", "{song}"],
    ],
)
def test_a_file_where_a_folder_is_meant_is_named(song, model, capsys, arguments):
    assert main([argument.format(song=song, model=model) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert f"{song}, a file; it must be" in error or f"{song}: is a file; it must be" in error


def test_a_failure_exits_with_1(song, model, tmp_path, capsys, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(timeline, "draw_timeline", full_disk)
    assert main(["recognize", str(song), "--model", str(model), "--plot", str(tmp_path / "song.png")]) == 1
    assert "reprise: [Errno 28] No space left on device" in capsys.readouterr().err


def test_an_interrupt_exits_as_shells_expect(song, model, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recognize_module, "recognize", interrupted)
    assert main(["recognize", str(song), "--model", str(model)]) == 130
    assert capsys.readouterr().err == "reprise: interrupted\n"


def test_a_missing_or_damaged_model_is_named(song, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["recognize", str(song)]) == 2
    output = capsys.readouterr()
    assert "models/recognizer" in output.err and "./run" in output.err and output.out == ""
    folder = save_tiny_recognizer(tmp_path / "model")
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[: len(weights) // 2])
    assert main(["recognize", str(song), "--model", str(folder), "--json"]) == 2
    output = capsys.readouterr()
    assert str(folder) in output.err and output.out == ""


@pytest.mark.parametrize(
    "arguments",
    [[], ["recognize"], ["recognise", "a.wav"], ["recognize", "a.wav", "--device", "tpu"], ["evaluate-recognizer"]],
)
def test_a_wrong_command_line_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    output = capsys.readouterr()
    assert "usage: reprise" in output.err and output.out == ""


def test_a_reader_that_goes_away_is_no_traceback(song, model):
    code = "import sys; from reprise.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "recognize", str(song), "--model", str(model)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.wait() == 1
    assert process.stderr.read() == ""


def test_evaluate_recognizer_prints_figures(labelled, model, capsys):
    folder, table = labelled
    arguments = ["evaluate-recognizer", "--audio", str(folder), "--labels", str(table), "--model", str(model)]
    assert main(arguments) == 0
    output = capsys.readouterr()
    assert output.err == ""
    lines = [line.split() for line in output.out.splitlines()]
    assert lines[0][:2] == ["2", "recordings,"]
    # The piano is heard in both recordings and is in one of them: precision 1/2, recall 1, F1 2/3. None has a trumpet.
    assert lines[1][:2] == ["macro_f1", "0.667"]
    assert lines[2][:2] == ["micro_f1", "0.667"]
    assert lines[4][:2] == ["mean_base_rate", "0.500"]
    assert lines[5][:2] == ["false_alarms_a_recording", "0.500"]
    assert ["acoustic_grand_piano", "0.667", "0.500", "1.000"] in [line[:4] for line in lines]
    assert ["trumpet", "-", "-", "-", "-", "0.000", "0", "0", "2"] in lines
    assert "no recording has trumpet" in output.out
    assert "1 recordings are right in every label, 1 aren't" in output.out
    assert lines[-1] == ["b.wav", "-", "acoustic_grand_piano"]


def test_evaluate_recognizer_prints_one_json_object_and_writes_csv(labelled, model, tmp_path, capsys):
    folder, table = labelled
    table.write_text("file,acoustic_grand_piano,trumpet\na.wav,1,\nb.wav,0,0\n")
    arguments = ["--audio", str(folder), "--labels", str(table), "--model", str(model), "--json"]
    written = ["--csv", str(tmp_path / "out.csv")]
    assert main(["evaluate-recognizer", *arguments, *written]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result["macro_f1"]) == {"value", "low", "high", "count"}
    assert result["macro_f1"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert result["per_instrument"]["acoustic_grand_piano"]["support"] == 1
    assert result["per_instrument"]["trumpet"]["labelled"] == 1
    assert result["recordings"] == 2 and result["skipped"] == []
    assert [row["false_alarms"] for row in result["files"]] == [[], ["acoustic_grand_piano"]]
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert len(lines) == 5 and lines[2].startswith("a.wav,trumpet,,")
    assert main(["evaluate-recognizer", *arguments, *written]) == 2
    assert "out.csv is there already" in capsys.readouterr().err


def test_evaluate_recognizer_goes_on_beside_a_bad_recording(labelled, model, capsys):
    folder, table = labelled
    (folder / "b.wav").write_text("la la la")
    arguments = ["--audio", str(folder), "--labels", str(table), "--model", str(model), "--json"]
    assert main(["evaluate-recognizer", *arguments]) == 2
    output = capsys.readouterr()
    assert json.loads(output.out)["recordings"] == 1
    assert output.err.startswith(f"reprise: {folder / 'b.wav'}: holds no sound")


def test_evaluate_recognizer_refuses_bad_labels(labelled, model, capsys):
    folder, table = labelled
    table.write_text("file,tuba\na.wav,1\n")
    assert main(["evaluate-recognizer", "--audio", str(folder), "--labels", str(table), "--model", str(model)]) == 2
    output = capsys.readouterr()
    assert "labels.csv: column 'tuba' is no instrument" in output.err and output.out == ""


def test_tables_are_aligned(capsys):
    print_table("<>", ["name", "n"], [["a", "1"], ["longer", "100"]])
    assert capsys.readouterr().out == "  name       n\n  a          1\n  longer   100\n"


def test_a_stdout_of_another_kind_is_printed_to():
    text = io.StringIO()
    with redirect_stdout(text), pytest.raises(SystemExit):
        main(["--version"])
    assert text.getvalue().startswith("reprise ")

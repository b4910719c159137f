"""`reprise harmonise` and `reprise fill` as a person or a script meets them."""

import json
from pathlib import Path

import pytest
from tiny_infilling import save_infilling
from tiny_model import chorale

from reprise.cli import main
from reprise.composition.sampling.rules import SAMPLING, USUAL, save_rules
from reprise.music.excerpts import first_parts
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.music.scores import read_piece
from reprise.music.writers.midi import midi_bytes


@pytest.fixture(scope="module")
def models(models, tmp_path_factory) -> Path:
    """A model of either sort: one that composes, one that sees given notes ahead."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "lstm").symlink_to(models / "lstm")
    save_rules(USUAL, save_infilling(folder / "infilling") / SAMPLING)
    return folder


@pytest.fixture
def place(place) -> Path:
    """With a melody and a piece."""
    (place / "melody.mid").write_bytes(midi_bytes(first_parts(chorale(9), 1)))
    (place / "piece.mid").write_bytes(midi_bytes(chorale(9)))
    return place


def read(path: str) -> Piece:
    return read_midi(Path(path).read_bytes(), path)


def rows(piece: Piece) -> set[tuple]:
    return {tuple(note) for note in piece.notes[["onset", "duration", "pitch", "part"]].tolist()}


def refuse(capsys, *arguments: str) -> str:
    try:
        code = main(list(arguments))
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    assert code == 2 and output.out == ""
    return output.err.splitlines()[-1]


def test_harmonise_writes_the_other_parts_in_each_format(place, capsys):
    assert main(["harmonise", "melody.mid", "--seed", "3", "-o", "out.mid", "-o", "out.musicxml"]) == 0
    output = capsys.readouterr()
    assert output.err == "" and "part 1 is voice 1 of the model" in output.out and "seed 3" in output.out
    made = read("out.mid")
    assert rows(read("melody.mid")) <= rows(made) and len(made.programs) == 4
    assert len(read_piece(Path("out.musicxml")).notes) == len(made.notes)


def test_fill_writes_the_bars_alone(place, capsys):
    assert main(["fill", "piece.mid", "--bars", "3-4", "--seed", "3", "-o", "out.mid"]) == 0
    assert "bars 3-4 are written anew" in capsys.readouterr().out
    before, after = rows(read("piece.mid")), rows(read("out.mid"))
    assert {row for row in before ^ after if not 8 <= row[0] < 16} == set() and before != after


@pytest.mark.parametrize("command", [("harmonise", "melody.mid"), ("fill", "piece.mid", "--bars", "2")])
def test_the_same_seed_gives_the_same_bytes(place, command):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main([*command, "--seed", seed, "-o", f"{name}.mid"]) == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() != Path("c.mid").read_bytes()


def test_as_json(place, capsys):
    assert main(["harmonise", "piece.mid", "--part", "4", "--parts", "2", "--count", "2", "-o", "x.mid", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "infilling" and told["sampling_is_measured"] is True
    assert told["given"] | {"file": "piece.mid"} == told["given"]
    assert (told["given"]["part"], told["given"]["voice"], told["given"]["parts"]) == (4, 4, 2)
    assert [piece["files"] for piece in told["pieces"]] == [["x-1.mid"], ["x-2.mid"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("harmonise nowhere.mid -o out.mid", "nowhere.mid"),
        ("harmonise melody.mid -o out.txt", "--out: is out.txt; it must end in"),
        ("harmonise melody.mid --part 2 -o out.mid", "part: is 2; melody.mid has notes in part 1"),
        ("harmonise melody.mid --parts 1 -o out.mid", "--parts: is '1'; it must be a whole number from 2"),
        ("harmonise melody.mid --model lstm -o out.mid", "model: is 'lstm'; it must be infilling or a folder"),
        ("harmonise melody.mid --model models/composer/lstm -o out.mid", "one that sees given notes ahead"),
        ("generate --model models/composer/infilling -o out.mid", "one that composes"),
        ("generate --model infilling -o out.mid", "model: is 'infilling'; it must be lstm or a folder"),
        ("fill piece.mid -o out.mid", "--bars"),
        ("fill piece.mid --bars 9-8 -o out.mid", "--bars: is '9-8'; it must be FIRST-LAST, such as 5-8"),
        ("fill piece.mid --bars x -o out.mid", "--bars: is 'x'; it must be FIRST-LAST, such as 5-8"),
        ("fill piece.mid --bars 0-2 -o out.mid", "--bars: is '0-2'; it must be FIRST-LAST"),
        ("fill piece.mid --bars 5-9 -o out.mid", "bars: are 5-9; they must lie within 1-6, the bars of piece.mid"),
        ("fill piece.mid --bars 1-6 -o out.mid", "bars: are 1-6, all of piece.mid; some of it must stand"),
        ("fill piece.mid --bars 2 --lowest 70 --highest 60 -o out.mid", "lowest: is 70; it must be from 0 to highest"),
        ("harmonise melody.mid --field-temperature x=1 -o out.mid", "field_temperature: 'x' is no field of the model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_name_before_anything_is_written(place, capsys, arguments, said):
    assert said in refuse(capsys, *arguments.split())
    assert not Path("out.mid").exists()


def test_a_file_that_is_there_stays_without_force(place, capsys):
    Path("out.mid").write_text("mine")
    assert "is there already" in refuse(capsys, "harmonise", "melody.mid", "-o", "out.mid")
    assert main(["harmonise", "melody.mid", "-o", "out.mid", "--force"]) == 0


def test_generate_takes_no_model_that_fills_in(place, capsys):
    """Though its figure is the best one."""
    assert main(["generate", "--notes", "12", "--seed", "1", "-o", "new.mid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "lstm"

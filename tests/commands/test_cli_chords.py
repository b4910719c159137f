"""`reprise generate --chords` as a person or a script meets it."""

import json
from pathlib import Path

import pytest
from tiny_conditioned import save_conditioned
from tiny_model import chorale, save_tiny_model

from reprise.cli import main
from reprise.composition.sampling.chords.compliance import compliance
from reprise.composition.sampling.chords.progression import progression
from reprise.composition.sampling.rules import SAMPLING, USUAL, save_rules
from reprise.music.analysis.keyfinding import parse_key
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes

RIGHT = {"struck": 1.0, "sounding": 1.0, "bass": 1.0}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_rules(USUAL, save_tiny_model(folder / "lstm", "lstm") / SAMPLING)
    save_conditioned(folder / "conditioned")
    return folder


@pytest.fixture
def place(place) -> Path:
    """The folder of all commands about music, and an opening in it."""
    (place / "opening.mid").write_bytes(midi_bytes(chorale(30)))
    return place


def generate(capsys, *arguments: str) -> tuple[dict, str]:
    """What is said of the music in new.mid, and on stderr."""
    assert main(["generate", "--model", "lstm", "--seed", "1", "--force", "-o", "new.mid", "--json", *arguments]) == 0
    output = capsys.readouterr()
    return json.loads(output.out), output.err


@pytest.mark.parametrize(
    ("arguments", "bars"),
    [
        (["--chords", "C F G7 C"], 4),
        (["--chords", "I IV:2 V7:2 I", "--key", "D major"], 3),
        (["--chords", "C F | G7 | C", "--bars", "7"], 7),
        (["--chords", "i V", "--opening", "opening.mid"], 4),
        (["--chords", "i V", "--key", "E minor", "--opening", "opening.mid", "--opening-bars", "1"], 3),
    ],
)
def test_music_has_as_many_bars_as_its_chords_take_and_holds_them(place, capsys, arguments, bars):
    (said,) = generate(capsys, *arguments)[0]["pieces"]
    assert said["bars"] == bars
    assert {name: said["chords"][name] for name in RIGHT} == RIGHT


def test_numerals_count_in_the_key_which_is_written(place, capsys):
    generate(capsys, "--chords", "I IV V7 I", "--key", "D major", "--count", "2", "--candidates", "2")
    for name in ("new-1.mid", "new-2.mid"):
        piece = read_midi(Path(name).read_bytes(), name)
        assert (piece.key_fifths, piece.key_mode) == (2, "major")
        found = compliance(piece, progression("D G A7 D", (4, 4), None))
        assert found.struck == found.sounding == found.bass == 1


def test_without_chords_the_music_is_as_it_was(place, capsys):
    said, _ = generate(capsys, "--notes", "40")
    assert "chords" not in said["pieces"][0] and said["sampling"]["chords"] == ""


def test_a_piece_of_so_many_notes_holds_its_chords_too(place, capsys):
    said, _ = generate(capsys, "--chords", "C F", "--notes", "33")
    assert said["pieces"][0]["notes"] == 33 and said["pieces"][0]["chords"]["bass"] == 1


def test_chords_that_no_longer_come_are_told(place, capsys):
    _, told = generate(capsys, "--chords", "C F G7 Am", "--bars", "2")
    assert told == (
        "reprise: --chords: take 4 bars, and the piece has 2: it ends with chord 2 ('F') of 4; give --bars 4 for all\n"
    )
    assert generate(capsys, "--chords", "C F", "--bars", "3")[1] == ""


def test_music_from_words_holds_chords_in_the_key_of_the_words(place, capsys):
    arguments = ["--prompt", "music in D minor", "--bars", "3", "--chords", "i iv V7"]
    assert main(["generate", "--seed", "1", "-o", "new.mid", *arguments]) == 0
    capsys.readouterr()
    piece = read_midi(Path("new.mid").read_bytes(), "new")
    assert compliance(piece, progression("i iv V7", (4, 4), parse_key("D minor"))).struck == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--chords", ""], "--chords: is ''; it must be a text such as C F G7 C or I IV V7 I"),
        (["--chords", "C H"], "chords: chord 2: 'H' is no chord that is known; it must be a symbol such as C"),
        (["--chords", "C:0"], "chords: chord 1 ('C') lasts '0'; it must be a number of beats above 0, at most 64"),
        (["--chords", "I V"], "chords: chord 1 ('I') is a numeral, but no key is known that it counts in"),
        (["--chords", "C:5 | F"], "chords: bar 1 has 4 beats, but its chords have 5; they must fill the bar"),
        (["--chords", "C F G | C"], "chords: chord 1 ('C') lasts 1.333 beats; the model knows no notes that fill them"),
        (["--chords", "C F", "--lowest", "61", "--highest", "64"], "lowest, highest: leave no pitch for chord 1 ('C')"),
        (["--opening", "opening.mid", "--key", "C"], "key: is 'C', but what continues an opening stays in the opening"),
    ],
)
def test_wrong_chords_are_refused_by_name_and_nothing_is_written(place, capsys, arguments, said):
    try:
        code = main(["generate", "--model", "lstm", "-o", "new.mid", *arguments])
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    assert code == 2 and output.out == "" and said in output.err.splitlines()[-1]
    assert not Path("new.mid").exists()


def test_help_has_examples_of_each_way_to_write_chords(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert '--chords "I IV V7 I" --key "D major"' in said
    assert '"C:2 F:2 G7 C/E"' in said and '"C F | G7 | C"' in said

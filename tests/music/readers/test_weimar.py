"""The Weimar Jazz Database: notes where its bars, beats and tatums put them, and files that only look like it."""

from pathlib import Path

import pytest
from tiny_corpus import SCHEMA, make_database, solo_note

from reprise.errors import ScoreError
from reprise.music.piece import Piece
from reprise.music.readers.weimar import read_solos


def the_one(path: Path, performer: str = "") -> Piece | ScoreError:
    ((_, result),) = read_solos(path, performer)
    return result


def test_a_solo_by_hand(tmp_path):
    """An upbeat on the second of two tatums of beat 4, then a triplet on beat 1 of the next bar."""
    notes = [
        solo_note(0, 4, 2, 2, 62),
        solo_note(1, 1, 1, 3, 65),
        solo_note(1, 1, 2, 3, 64),
        solo_note(1, 1, 3, 3, 62, duration=1.0),
    ]
    piece = the_one(make_database(tmp_path / "wjazzd.db", ({}, notes)))
    assert piece.notes["onset"].tolist() == [3.5, 4.0, pytest.approx(4 + 1 / 3), pytest.approx(4 + 2 / 3)]
    assert piece.notes["duration"].tolist() == pytest.approx([0.5, 1 / 3, 1 / 3, 2.0])  # cut at the next onset
    assert piece.notes["pitch"].tolist() == [62, 65, 64, 62]
    assert (piece.metre, piece.tempo_bpm, piece.programs, piece.key_fifths) == ((4, 4), 120.0, (56,), 0)
    assert piece.source == "wjazzd.db#1 Miles Davis: So What"


def test_a_compound_metre_has_beats_of_three_eighths(tmp_path):
    notes = [
        solo_note(1, 1, 1, 3, 60, period=2),
        solo_note(1, 1, 3, 3, 62, period=2),
        solo_note(1, 2, 1, 1, 64, period=2),
    ]
    piece = the_one(make_database(tmp_path / "w.db", ({"signature": "6/8", "avgtempo": 100.0}, notes)))
    assert piece.notes["onset"].tolist() == [0.0, 1.0, 1.5]
    assert piece.metre == (6, 8) and piece.tempo_bpm == 150.0


@pytest.mark.parametrize(
    ("key", "fifths", "mode"),
    [
        ("C-maj", 0, "major"),
        ("Bb-blues", -2, None),
        ("F#-min", 3, "minor"),
        ("G-dor", -1, "dorian"),
        ("Eb-maj", -3, "major"),
        ("Bb-mix", -3, "mixolydian"),
        ("E-phry", 0, "phrygian"),
        ("A-aeol", 0, "aeolian"),
        ("C-chrom", None, None),
        ("H-maj", None, None),
        ("", None, None),
        ("C", None, None),
    ],
)
def test_keys(tmp_path, key, fifths, mode):
    piece = the_one(make_database(tmp_path / "w.db", ({"key": key}, [solo_note(1, 1, 1, 1, 60)])))
    assert (piece.key_fifths, piece.key_mode) == (fifths, mode)


def test_only_the_solos_of_the_performer_are_read(tmp_path):
    path = make_database(
        tmp_path / "w.db",
        *(({"performer": name}, [solo_note(1, 1, 1, 1, 60)]) for name in ("Miles Davis", "Chet Baker")),
    )
    assert [name for name, _ in read_solos(path, "Chet Baker")] == ["w.db#2 Chet Baker: So What"]
    assert len(list(read_solos(path))) == 2
    with pytest.raises(ScoreError, match="no solo by 'Miles'; it has solos by Chet Baker, Miles Davis"):
        list(read_solos(path, "Miles"))


@pytest.mark.parametrize(
    ("changes", "notes", "message"),
    [
        ({}, [solo_note(1, 1, 1, 1, 200)], "pitch is 200"),
        ({}, [solo_note(1, 5, 1, 1, 60)], "beat is 5"),
        ({}, [solo_note(1, 1, 3, 2, 60)], "tatum is 3"),
        ({}, [solo_note(1, 1, 1, 1, "C4")], "pitch is 'C4'"),
        ({}, [solo_note(1, 1, 1, 1, 60, beatdur=None)], "beatdur is None"),
        ({}, [solo_note(1, 1, 1, 1, 60), solo_note(2, 1, 1, 1, 60, period=3)], "changes its metre in bar 2"),
        ({}, [], "has 0 notes"),
        ({"signature": "4/4 3/4"}, [solo_note(1, 1, 1, 1, 60)], "signature is '4/4 3/4'"),
        ({"signature": "4/5"}, [solo_note(1, 1, 1, 1, 60)], "metre 4/5"),
        ({"avgtempo": None}, [solo_note(1, 1, 1, 1, 60)], "avgtempo is None"),
    ],
)
def test_a_bad_solo_is_told_apart_and_the_next_one_is_read(tmp_path, changes, notes, message):
    path = make_database(tmp_path / "w.db", (changes, notes), ({}, [solo_note(1, 1, 1, 1, 60)]))
    (_, bad), (_, good) = read_solos(path)
    assert isinstance(bad, ScoreError) and message in str(bad)
    assert isinstance(good, Piece)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("CREATE TABLE other (x)", "no table 'solo_info'"),
        (SCHEMA.replace("avgtempo", "tempo"), "lacks the column 'avgtempo'"),
        (
            SCHEMA.replace("CREATE TABLE melody", "CREATE TABLE notes") + "CREATE VIEW melody AS SELECT * FROM notes;",
            "'melody'",
        ),
    ],
)
def test_another_database_is_refused_with_its_name(tmp_path, schema, message):
    with pytest.raises(ScoreError, match=f"w.db.*{message}"):
        list(read_solos(make_database(tmp_path / "w.db", schema=schema)))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(range(256)) * 20])
def test_a_file_that_is_no_database_is_refused(tmp_path, content):
    (tmp_path / "w.db").write_bytes(content)
    with pytest.raises(ScoreError, match=r"w\.db"):
        list(read_solos(tmp_path / "w.db"))


def test_a_missing_file_is_refused_and_not_made(tmp_path):
    with pytest.raises(ScoreError, match="no such file"):
        list(read_solos(tmp_path / "w.db"))
    assert not (tmp_path / "w.db").exists()


def test_reading_leaves_the_file_and_its_folder_alone(tmp_path):
    path = make_database(tmp_path / "w #1?.db", ({}, [solo_note(1, 1, 1, 1, 60)]))
    before = path.read_bytes()
    path.chmod(0o444)
    assert isinstance(the_one(path), Piece)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]

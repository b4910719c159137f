"""Score files: every format, and no file, however broken or hostile, that gives anything but pieces or a ScoreError."""

import io
import os
import socket
import struct
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from bad_readers import crash, crash_at_tune_2, eat, hang

from benchmarks.music import mutated_scores
from reprise.errors import MidiError, ScoreError
from reprise.music import scores
from reprise.music.piece import Piece, note_table
from reprise.music.scores import EXTENSIONS, read_many, read_piece, read_pieces, write_piece
from reprise.music.writers.midi import midi_bytes
from reprise.music.writers.musicxml import musicxml_bytes

PIECE = Piece(note_table([(3.0, 1.0, 60, 64, 0), (4.0, 1 / 3, 62, 64, 0), (4.0, 3.0, 55, 64, 1)]), 100.0, (0, 40))
XML = musicxml_bytes(PIECE)
TUNE = "X:1\nT:Tune\nM:3/4\nL:1/4\nQ:1/4=80\nK:G\nD|G2A|(3B/A/G/ [DG]2|]\n"
BOOK = "%abc-2.1\nM:4/4\n\nX:7\nL:1/4\nK:D\nDEFG|\n\nX:8\nL:1/4\nK:C\n[[CE|\n\nX:9\nL:1/4\nK:F\nFGAB|\n"
KERN = "**kern\t**kern\n*M2/4\t*M2/4\n*k[b-]\t*k[b-]\n4F\t4a\n=1\t=1\n2C 2F\t[4a\n.\t8a]\n.\t8r\n==\t==\n*-\t*-\n"
ENTITY = '<?xml version="1.0"?><!DOCTYPE score-partwise [{}]><score-partwise>{}</score-partwise>'


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def saved(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def archive(**files: bytes) -> bytes:
    """A zip file; `__` in a name stands for a slash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


# --- the formats


@pytest.mark.parametrize("extension", [".mid", ".midi", ".musicxml", ".MUSICXML", ".xml"])
def test_what_is_written_is_read_again(tmp_path, extension):
    write_piece(PIECE, tmp_path / f"x{extension}")
    again = read_piece(tmp_path / f"x{extension}")
    assert rows(again) == rows(PIECE) and again.programs == (0, 40)
    assert again.source == str(tmp_path / f"x{extension}")
    assert os.listdir(tmp_path) == [f"x{extension}"], "nothing else is written"


def test_compressed_musicxml_is_read_with_and_without_a_container(tmp_path):
    for content in (mutated_scores.compressed(XML), archive(x__score=b"", a_score=b"", **{"score.xml": XML})):
        assert rows(read_piece(saved(tmp_path / "x.mxl", content))) == rows(PIECE)
        assert rows(read_piece(saved(tmp_path / "x.xml", content))) == rows(PIECE), "MusicXML under another name"


def test_an_encoding_other_than_utf_8_is_read(tmp_path):
    content = XML.decode().replace("utf-8", "utf-16").encode("utf-16")
    assert rows(read_piece(saved(tmp_path / "x.musicxml", content))) == rows(PIECE)


def test_an_abc_tune_with_its_upbeat(tmp_path):
    """G A in the first bar, then a triplet of eighths and a half-note fifth; the upbeat is the third beat of bar 0."""
    (piece,) = read_pieces(saved(tmp_path / "x.abc", TUNE))
    thirds = [((18 + i) / 3, 1 / 3, pitch, 0) for i, pitch in enumerate((71, 69, 67))]
    expected = [(2.0, 1.0, 62, 0), (3.0, 2.0, 67, 0), (5.0, 1.0, 69, 0), *thirds, (7.0, 2.0, 62, 0), (7.0, 2.0, 67, 0)]
    assert rows(piece) == expected
    assert (piece.metre, piece.key_fifths, piece.tempo_bpm) == ((3, 4), 1, 80)


def test_a_tune_book_gives_each_tune_and_each_broken_one_s_error(tmp_path):
    book = saved(tmp_path / "book.abc", BOOK)
    (first, pieces), (second, error) = read_many([book], 30)
    assert first == second == book
    assert [piece.notes["pitch"].tolist() for piece in pieces] == [[62, 64, 66, 67], [65, 67, 69, 70]]
    assert [piece.source for piece in pieces] == [f"{book}, tune 1 (X:7)", f"{book}, tune 3 (X:9)"]
    assert str(error).startswith(f"{book}, tune 2 (X:8): not a readable ABC file")
    with pytest.raises(ScoreError, match="tune 2"):
        read_pieces(book)


def test_a_humdrum_file_begins_with_its_rightmost_spine(tmp_path):
    """Humdrum writes the lowest voice first; its upbeat is the second beat of bar 0."""
    piece = read_piece(saved(tmp_path / "x.krn", KERN))
    assert rows(piece) == [(1, 1, 69, 0), (1, 1, 53, 1), (2, 1.5, 69, 0), (2, 2, 48, 1), (2, 2, 53, 1)]
    assert (piece.metre, piece.key_fifths) == ((2, 4), -1)


def test_a_piece_is_written_by_its_extension_alone(tmp_path):
    with pytest.raises(ScoreError, match=r"x\.wav: can't be written; its extension must be"):
        write_piece(PIECE, tmp_path / "x.wav")
    with pytest.raises(ScoreError, match="No such file"):
        write_piece(PIECE, tmp_path / "no" / "x.mid")


# --- what isn't read

LYING = bytearray(archive(**{"score.xml": bytes(30_000_000)}))
for _mark, _place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
    struct.pack_into("<I", LYING, LYING.index(_mark) + _place, 100)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.mid", "These are words.", "not a readable MIDI file"),
        ("a.mid", XML, "holds MusicXML, but is named as MIDI"),
        ("a.mid", midi_bytes(PIECE)[:60], "cut short"),
        ("a.mid", b"MThd" + bytes(20_000_000), "more than 20,000,000 bytes"),
        ("a.abc", midi_bytes(PIECE), "holds MIDI, but is named as ABC"),
        ("a.abc", "", "not a readable ABC file"),
        ("a.abc", "X:1\nM:a\nK:C\nCDE|", "not a readable ABC file"),
        ("a.abc", "X:1\nM:4/4\nL:1/4\nK:C\nCDE/0|", "not a readable ABC file"),
        ("a.abc", "X:1\nM:4/4\nL:1/4\nK:C\nzz|", "has no notes"),
        ("a.krn", "**kern\n*-\n", "has no notes"),
        ("a.krn", "words", "not a readable Humdrum"),
        ("a.musicxml", "", "not a readable MusicXML file"),
        ("a.musicxml", "<score-partwise>", "not a readable MusicXML file"),
        ("a.musicxml", XML[:-300], "not a readable MusicXML file"),
        ("a.musicxml", "<html/>", "holds <html>"),
        ("a.musicxml", "<score-timewise/>", "has no notes"),
        ("a.musicxml", "<score-partwise/>", "has no notes"),
        ("a.musicxml", ENTITY.format('<!ENTITY a "aa"><!ENTITY b "&a;&a;">', "&b;"), "defines entities"),
        ("a.musicxml", ENTITY.format('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"), "defines entities"),
        ("a.musicxml", ENTITY.format('<!ENTITY % a SYSTEM "http://localhost/x"> %a;', ""), "defines entities"),
        ("a.mxl", b"PK\x03\x04 and no more", "not a readable compressed MusicXML file"),
        ("a.mxl", archive(readme=b""), "holds no score"),
        ("a.mxl", archive(**{"a.xml": ENTITY.format('<!ENTITY a "aa">', "").encode()}), "defines entities"),
        ("a.mxl", archive(META__x=b"", **{f"{n}.xml": b"" for n in range(1001)}), "1002 files; at most 1000"),
        ("a.mxl", archive(**{"score.xml": bytes(30_000_000)}), "more than 20,000,000 bytes"),
        ("a.mxl", bytes(LYING), "not a readable compressed MusicXML file"),
        (
            "a.mxl",
            archive(**{"META-INF/container.xml": b'<c><rootfile full-path="/etc/passwd"/></c>'}),
            "holds no score",
        ),
        ("a.txt", TUNE, "must be one of .mid, .midi"),
    ],
)
def test_what_is_refused(tmp_path, name, content, why):
    path = saved(tmp_path / name, content)
    with pytest.raises(ScoreError) as error:
        read_piece(path)
    assert str(error.value).startswith(f"{path}: ") and why in str(error.value)


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    (tmp_path / "folder.mid").mkdir()
    os.mkfifo(tmp_path / "pipe.mid")
    for name in ("missing.mid", "folder.mid", "pipe.mid"):
        with pytest.raises(ScoreError, match="isn't there, or isn't a file"):
            read_piece(tmp_path / name)


def test_a_midi_file_s_error_is_a_midi_error(tmp_path):
    with pytest.raises(MidiError):
        read_piece(saved(tmp_path / "x.mid", midi_bytes(PIECE)[:-4]))


def test_a_document_type_is_not_fetched(tmp_path):
    """MusicXML names its document type by an address; here one that would be noticed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/partwise.dtd"
        content = XML.replace(b"http://www.musicxml.org/dtds/partwise.dtd", address.encode())
        assert address.encode() in content
        assert rows(read_piece(saved(tmp_path / "x.musicxml", content))) == rows(PIECE)
        with pytest.raises(TimeoutError):
            server.accept()


# --- many files


def test_results_come_in_the_order_of_the_files(tmp_path):
    contents = {".mid": midi_bytes(PIECE), ".musicxml": XML, ".abc": TUNE, ".krn": KERN, ".mxl": b"PK\x03\x04"}
    paths = [saved(tmp_path / f"{n}{list(contents)[n % 5]}", list(contents.values())[n % 5]) for n in range(30)]
    results = list(read_many(paths, 30))
    assert [path for path, _ in results] == paths
    assert all(isinstance(result, ScoreError) == (path.suffix == ".mxl") for path, result in results)
    assert list(read_many([], 30)) == [] and set(contents) < set(EXTENSIONS)


def test_a_plain_script_reads_scores(tmp_path):
    """One that isn't guarded by `if __name__ == "__main__"`: no child may run it again."""
    saved(tmp_path / "tune.abc", TUNE)
    script = (
        "from pathlib import Path\n"
        "from reprise.music.scores import read_piece\n"
        "print(len(read_piece(Path(__file__).with_name('tune.abc')).notes))\n"
        "open(Path(__file__).with_name('runs'), 'a').write('a run\\n')\n"
    )
    command = [sys.executable, saved(tmp_path / "script.py", script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("8\n", 0) and "Traceback" not in done.stderr
    assert (tmp_path / "runs").read_text() == "a run\n"


@pytest.mark.parametrize(
    ("reader", "timeout_s", "why"),
    [(hang, 0.5, "takes more than 0.5 s"), (crash, 60, "crashes its reader"), (eat, 60, "more than 2 GiB")],
)
def test_a_reader_that_hangs_crashes_or_eats_memory_is_stopped(tmp_path, monkeypatch, reader, timeout_s, why):
    monkeypatch.setattr(scores, "read_text", reader)
    paths = [saved(tmp_path / "a.abc", TUNE), saved(tmp_path / "b.mid", midi_bytes(PIECE)), tmp_path / "a.abc"]
    began = time.perf_counter()
    (_, first), (_, second), (_, third) = read_many(paths, timeout_s)
    assert time.perf_counter() - began < 30
    assert str(first) == str(third) and why in str(first) and str(first).startswith(str(paths[0]))
    assert rows(second[0]) == rows(PIECE)


def test_a_tune_that_takes_too_long_costs_itself_alone(tmp_path):
    """The limit holds for each tune: those after it in its book are read, however long the book takes in all."""
    endless = TUNE.replace("|]", "|" + "G2A|" * 300_000)
    book = saved(tmp_path / "x.abc", "\n".join([TUNE, endless.replace("X:1", "X:2"), TUNE.replace("X:1", "X:3")]))
    (_, pieces), (_, error) = read_many([book], 1)
    assert [piece.source for piece in pieces] == [f"{book}, tune 1", f"{book}, tune 3"]
    assert str(error) == f"{book}, tune 2: takes more than 1 s to read"


def test_a_tune_that_crashes_its_reader_costs_itself_alone(tmp_path, monkeypatch):
    book = saved(tmp_path / "x.abc", TUNE + "\n" + TUNE)
    monkeypatch.setattr(scores, "read_text", crash_at_tune_2)
    (_, [piece]), (_, error) = read_many([book], 60)
    assert piece.source == f"{book}, tune 1" and "tune 2 (X:1): crashes its reader" in str(error)


def test_a_book_may_be_larger_than_a_tune(tmp_path, monkeypatch):
    """More bytes than a file of another format may have, as long as each tune has fewer."""
    monkeypatch.setattr(scores, "MAX_FILE_BYTES", 150)
    monkeypatch.setattr(scores, "MAX_BOOK_BYTES", 1500)
    assert len(read_pieces(saved(tmp_path / "x.abc", "\n".join([TUNE] * 5)))) == 5
    with pytest.raises(ScoreError, match="more than 1,500 bytes"):
        read_pieces(saved(tmp_path / "y.abc", "\n".join([TUNE] * 50)))


def test_mutated_files_give_pieces_or_a_score_error(tmp_path):
    """`read_bent` fails at anything else, also at a piece with nothing in it or out of bounds."""
    found = Counter()
    for extension, is_read, _ in mutated_scores.read_bent(mutated_scores.bent_files(500, seed=1), tmp_path, 20):
        found[extension, is_read] += 1
    assert {extension for extension, _ in found} == {".mid", ".musicxml", ".mxl", ".abc", ".krn"}
    assert all(found[extension, False] for extension, _ in found), "some of each format are refused"
    assert all(found[extension, True] for extension, _ in found), "and some are read"

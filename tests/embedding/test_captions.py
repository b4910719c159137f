"""Captions read from CSV files, good and bad, and found by words; vectors kept in Parquet files."""

import csv
import json
import resource

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from tiny_clap import clip_set, tiny_clap
from tiny_recognizer import RATE

from reprise.cli import main
from reprise.embedding.captions import CaptionFile, embed_captions, nearest_rows
from reprise.embedding.vectors import CAPTIONS, MUSIC, VectorFile, write_vectors
from reprise.errors import BadInput
from reprise.music.scores import write_piece

HEADER = "ytid,start_s,end_s,aspect_list,caption"
ROWS = [
    [
        "-0Gj8-vB1q4",
        "30",
        "40",
        "['low quality', 'sustained strings']",
        "The low quality recording features\na ballad song, slow.",
    ],
    ["-0SdAVK79lg", "30", "40", "['guitar song']", "A guitar plays fast, high notes."],
    ["-0vPFx-wRRI", "30", "40", "['amateur']", ""],
    ["-0xzrMun0Rs", "30", "40", "['violin']", "This is a calm piece for violin."],
]  # of which the third has no caption


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clap")
    return folder, tiny_clap(folder)


@pytest.fixture
def captions(tmp_path):
    with open(tmp_path / "captions.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER.split(","), *ROWS])
    return tmp_path / "captions.csv"


def test_rows_come_with_all_columns_and_empty_captions_are_counted(captions):
    file = CaptionFile(captions)
    found = list(file)
    assert file.columns == HEADER.split(",") and (file.rows, file.empty) == (3, 1)
    assert [list(row.values()) for row in found] == [ROWS[0], ROWS[1], ROWS[3]]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_line_ends_of_any_kind_are_no_part_of_a_text(tmp_path, mark, end):
    (tmp_path / "a.csv").write_bytes(mark + f"caption,n{end}café, no{end}".replace("café, no", '"café, no",1').encode())
    assert list(CaptionFile(tmp_path / "a.csv")) == [{"caption": "café, no", "n": "1"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it must be a CSV file in UTF-8 with a column 'caption'"),
        (b"ytid,text\na,b\n", "its columns are 'ytid', 'text'; one must be 'caption'"),
        (b"caption,caption\na,b\n", "one must be 'caption', and none be there twice"),
        ("caption,n\na slow song,1\ncafé,2\n".encode("latin1"), r"line 3, byte 27 of the file: 0xe9 isn't UTF-8"),
        (b"\xef\xbb\xbfcaption\n\xff\n", r"line 2, byte 11 of the file: 0xff isn't UTF-8"),
        ("caption\na\n".encode("utf-16"), "is in UTF-16; save it as UTF-8"),
        (b"caption,n\na,1\nb, c,2\n", "line 3 ends a row of 3 fields, but there are 2 columns"),
        (b'caption,n\n"a,1\n', "line 2: unexpected end of data"),
        (b'caption,n\n"a"b,1\n', "line 2: "),
        (b"caption\n" + b"x" * 200_000 + b"\n", "line 2: field larger than field limit"),
        (b"caption\n" + b"x" * 2_000_000, "line 2 is longer than 1,048,576 bytes"),
    ],
)
def test_what_is_no_file_of_captions_is_one_clear_error(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BadInput, match=message):
        list(CaptionFile(tmp_path / "a.csv"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"none.csv: there is no such file"):
        CaptionFile(tmp_path / "none.csv")


def test_the_nearest_are_those_of_a_sort_and_equal_ones_stay_in_order():
    rng = np.random.default_rng(0)
    vectors = rng.integers(0, 4, (1000, 3)).astype(np.float32)
    query = np.array([1, 10, 100], np.float32)
    rows = [{"caption": str(number)} for number in range(1000)]
    batches = [(rows[start : start + 100], vectors[start : start + 100]) for start in range(0, 1000, 100)]
    right = np.argsort(-(vectors @ query), kind="stable")[:25]
    assert [row["caption"] for _, row in nearest_rows(query, batches, 25)] == [str(place) for place in right]
    assert len(nearest_rows(query, batches, 5000)) == 1000


class Words:
    """An embedder of texts by their letters, fast enough for a million."""

    name, checkpoint_sha256, sample_rate, window_s = "letters", "0" * 64, RATE, 1.0

    def embed_text(self, texts):
        return np.array([[len(text), text.count("a")] for text in texts], np.float32)


@pytest.mark.slow
def test_a_million_captions_are_read_in_little_memory(tmp_path):
    with open(tmp_path / "a.csv", "w") as file:
        file.write(f"{HEADER}\n")
        row = "x" * 11 + ",30,40,\"['low quality', 'sustained strings']\"," + "a calm piece for strings " * 4 + "{}\n"
        file.writelines(row.format(number) for number in range(1_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = CaptionFile(tmp_path / "a.csv")
    found = nearest_rows(np.array([1, 0], np.float32), embed_captions(source, Words()), 3)
    assert source.rows == 1_000_000 and [row["caption"][-7:] for _, row in found] == [" 100000", " 100001", " 100002"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB; the file has 180 MB


def test_vectors_come_back_as_they_were_written(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    rows = [{"caption": f"{number}", "n": "é"} for number in range(5)]
    batches = [(rows[:3], vectors[:3]), (rows[3:], vectors[3:])]
    assert write_vectors(tmp_path / "a.parquet", Words(), CAPTIONS, batches) == (5, 2)
    stored = VectorFile(tmp_path / "a.parquet", Words(), CAPTIONS)
    found = list(stored)
    assert stored.columns == ["caption", "n"] and stored.rows == 5
    assert [row for own, _ in found for row in own] == rows
    assert np.array_equal(np.concatenate([own for _, own in found]), vectors)
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("vector").type == pa.list_(pa.float32(), 2)
    assert (
        schema.metadata[b"reprise.embedder"] == b"letters"
        and schema.metadata[b"reprise.checkpoint_sha256"] == b"0" * 64
    )
    assert not list(tmp_path.glob("*.partial"))


def test_vectors_of_another_checkpoint_kind_or_program_are_refused(tmp_path):
    path = tmp_path / "a.parquet"
    write_vectors(path, Words(), CAPTIONS, [([{"caption": "x"}], np.ones((1, 2), np.float32))])
    other = Words()
    other.name, other.checkpoint_sha256 = "other", "1" * 64
    with pytest.raises(
        BadInput, match=r"vectors of letters, checkpoint 0{12}\.\.\., but --embedder is other, checkpoint 1{12}"
    ):
        VectorFile(path, other, CAPTIONS)
    with pytest.raises(BadInput, match="has vectors of captions, not of music; search-captions searches them"):
        VectorFile(path, Words(), MUSIC)
    pq.write_table(pa.table({"vector": [1.0]}), path)
    with pytest.raises(BadInput, match="says nothing of an embedder"):
        VectorFile(path, Words(), CAPTIONS)
    path.write_bytes(b"PAR1")
    with pytest.raises(BadInput, match="can't be read"):
        VectorFile(path, Words(), CAPTIONS)


def test_nothing_half_written_is_left(tmp_path):
    def broken():
        yield [{"caption": "x"}], np.ones((1, 2), np.float32)
        raise BadInput("stop")

    with pytest.raises(BadInput, match="stop"):
        write_vectors(tmp_path / "a.parquet", Words(), CAPTIONS, broken())
    with pytest.raises(BadInput, match="column 'vector' is there already"):
        write_vectors(tmp_path / "a.parquet", Words(), CAPTIONS, [([{"vector": "x"}], np.ones((1, 2), np.float32))])
    assert not list(tmp_path.iterdir())


def test_captions_are_searched_in_a_csv_file_and_in_vectors_alike(clap, captions, tmp_path, capsys):
    embedder = ["--embedder", str(clap[0])]
    assert main(["search-captions", str(captions), "a slow violin", *embedder, "--json", "--count", "2"]) == 0
    output = capsys.readouterr()
    found = json.loads(output.out)
    assert output.err == f"reprise: {captions}: 1 rows have an empty caption and are left out\n"
    assert (found["captions"], found["empty_captions"], found["query_is"]) == (3, 1, "words")
    vectors = clap[1].embed_text([ROWS[row][-1] for row in (0, 1, 3)]) @ clap[1].embed_text(["a slow violin"])[0]
    assert [row["cosine"] for row in found["found"]] == pytest.approx(sorted(vectors, reverse=True)[:2], abs=1e-3)
    assert found["found"][0].keys() == {"cosine", *HEADER.split(",")}
    out = tmp_path / "c.parquet"
    assert main(["embed", str(captions), "-o", str(out), *embedder, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["vectors"], told["dimensions"], told["of"], told["empty_captions"]) == (3, 16, "captions", 1)
    assert main(["search-captions", str(out), "a slow violin", *embedder, "--json", "--count", "2"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["found"] == found["found"] and again["captions"] == 3
    assert main(["search-captions", str(captions), "a slow violin", *embedder]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["cosine", "ytid", "start_s", "end_s", "aspect_list", "caption"] and len(lines) == 4
    assert any("The low quality recording features a ballad song, slow." in line for line in lines)


def test_music_is_searched_in_a_folder_and_in_vectors_alike(clap, tmp_path, capsys):
    folder, embedder = tmp_path / "music", ["--embedder", str(clap[0])]
    folder.mkdir()
    soundfile.write(folder / "a.wav", np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
    write_piece(clip_set(1).pieces[0], folder / "b.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    out = tmp_path / "m.parquet"
    assert main(["embed", str(folder), "-o", str(out), *embedder]) == 2
    output = capsys.readouterr()
    assert (
        output.out == f"{out}: 2 vectors of music, 16 dimensions, by small CLAP\n" and output.err.count("broken") == 1
    )
    assert main(["embed", str(folder), "-o", str(out), *embedder]) == 2
    assert "m.parquet is there already" in capsys.readouterr().err
    found = []
    for source in (folder, out):
        main(["search-music", str(source), "slow", *embedder, "--json"])
        found.append(json.loads(capsys.readouterr().out)["found"])
    assert found[0] == found[1] and {row["read_as"] for row in found[0]} == {"audio", "notes"}
    tiny_clap(tmp_path / "other", seed=1)
    assert main(["search-music", str(out), "slow", "--embedder", str(tmp_path / "other")]) == 2
    assert "vectors of two checkpoints don't compare" in capsys.readouterr().err
    assert main(["search-captions", str(out), "slow", *embedder]) == 2
    assert "search-music searches them" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["embed", "search-captions"])
def test_a_file_without_captions_is_refused(clap, tmp_path, capsys, command):
    (tmp_path / "a.csv").write_text("caption,n\n,1\n")
    more = ["-o", str(tmp_path / "a.parquet")] if command == "embed" else ["slow"]
    assert main([command, str(tmp_path / "a.csv"), *more, "--embedder", str(clap[0])]) == 2
    assert "a.csv: has no captions" in capsys.readouterr().err
    assert not (tmp_path / "a.parquet").exists()

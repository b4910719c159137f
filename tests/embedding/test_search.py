"""Music found by words, by sound and by notes; what can't be read is told and costs no other file."""

import json

import numpy as np
import pytest
import soundfile
from tiny_clap import clip_set, tiny_clap
from tiny_laion import laion_weights, save_folder, save_pt, tiny_laion, tokenizer_folder
from tiny_recognizer import RATE

from reprise.cli import main
from reprise.embedding.search import AUDIO, NOTES, TOGETHER, embed_file, embed_query, find_music, index, nearest
from reprise.errors import BadInput
from reprise.music.scores import write_piece


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clap")
    return folder, tiny_clap(folder)


@pytest.fixture
def music(tmp_path):
    """Two recordings, a score below them, a broken file of each kind, and what is no music."""
    folder = tmp_path / "music"
    (folder / "below").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        soundfile.write(folder / f"{name}.wav", rng.normal(0, 0.1, RATE * 2), RATE)
    write_piece(clip_set(1).pieces[0], folder / "below" / "c.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    (folder / "broken.flac").write_bytes(b"fLaC")
    (folder / "notes.txt").write_text("no music")
    (folder / ".hidden.wav").write_bytes(b"")
    return folder


def test_every_readable_file_is_indexed_by_what_it_is(clap, music):
    problems = []
    files = index(find_music(music), clap[1], problems.append)
    assert {(file.path.name, file.kind) for file in files} == {("a.wav", AUDIO), ("b.wav", AUDIO), ("c.mid", NOTES)}
    assert len(problems) == 2 and all("broken" in str(error) for error in problems)


def test_a_recording_longer_than_what_is_held_at_once_is_embedded_as_a_whole(clap, tmp_path):
    samples = np.random.default_rng(1).normal(0, 0.1, int(RATE * (TOGETHER + 2.5))).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", samples, RATE, subtype="FLOAT")
    found = embed_file(tmp_path / "long.wav", clap[1])
    assert found.vector == pytest.approx(clap[1].embed_audio([samples])[0], abs=1e-5)


def test_a_file_is_nearest_to_itself_and_the_order_is_by_cosine(clap, music):
    files = index(find_music(music), clap[1], lambda error: None)
    for file in files:
        kind, query = embed_query(str(file.path), clap[1])
        found = nearest(query, files, 2)
        assert kind == file.kind and found[0][1] is file and found[0][0] == pytest.approx(1, abs=1e-5)
        assert len(found) == 2 and found[0][0] >= found[1][0]


@pytest.mark.parametrize("query", ["", "   ", "x" * 10_000])
def test_an_empty_and_an_endless_query_are_refused(clap, query):
    with pytest.raises(BadInput, match=r"QUERY: has .* characters; it must have 1 to 1,000"):
        embed_query(query, clap[1])


def test_words_in_another_script_have_a_vector(clap):
    kind, vector = embed_query("медленная музыка 慢", clap[1])
    assert kind == "words" and np.isfinite(vector).all()


def test_the_command_prints_what_it_found_and_ends_with_2_where_a_file_is_broken(clap, music, capsys):
    arguments = ["search-music", str(music), "a violin", "--embedder", str(clap[0])]
    assert main([*arguments, "--json", "--count", "2"]) == 2
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["query_is"] == "words" and found["files"] == 3 and len(found["found"]) == 2 == len(found["errors"])
    assert found["checkpoint_sha256"] == clap[1].checkpoint_sha256 and shown.err.count("broken") == 2
    for path in music.glob("broken*"):
        path.unlink()
    assert main(arguments) == 0
    assert "read as" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "message"),
    [("none", "is no folder"), ("empty", "has no recordings and no scores"), ("bad", "none of its")],
)
def test_a_folder_without_music_is_refused(clap, tmp_path, capsys, folder, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.mid").write_bytes(b"MThd")
    assert main(["search-music", str(tmp_path / folder), "slow", "--embedder", str(clap[0])]) == 2
    assert message in capsys.readouterr().err


def test_without_a_model_the_error_says_how_to_get_one(tmp_path, capsys):
    assert main(["search-music", str(tmp_path), "slow", "--embedder", str(tmp_path / "none")]) == 2
    assert "no CLAP there; make one with ./run" in capsys.readouterr().err


def test_an_embedder_without_notes_leaves_scores_out_and_says_so(music, tmp_path, capsys):
    folder = save_folder(tmp_path / "laion", tiny_laion())
    for path in music.glob("broken*"):
        path.unlink()
    capsys.readouterr()
    assert main(["search-music", str(music), "slow", "--embedder", str(folder), "--json"]) == 2
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert {row["file"] for row in found["found"]} == {str(music / "a.wav"), str(music / "b.wav")}
    assert (
        shown.err == f"reprise: {music / 'below' / 'c.mid'}: is a score, and laion reads no notes; "
        "give it a recording of it\n"
    )
    assert main(["search-music", str(music), str(music / "below" / "c.mid"), "--embedder", str(folder)]) == 2
    assert "reads no notes" in capsys.readouterr().err


def test_a_pt_is_searched_with_the_tokenizer_named(music, tmp_path, capsys):
    path, folder = save_pt(tmp_path / "a.pt", laion_weights(tiny_laion())), tokenizer_folder(tmp_path / "tokenizer")
    arguments = ["search-music", str(music), "slow", "--embedder", str(path), "--json"]
    assert main(arguments) == 2
    assert "--tokenizer must name the folder of roberta-base's tokenizer" in capsys.readouterr().err
    main([*arguments, "--tokenizer", str(folder)])
    assert json.loads(capsys.readouterr().out)["embedder"] == "a.pt"

"""The CLAP score of recordings against a calculation by hand, its controls, and which recording is of which prompt."""

import numpy as np
import pytest
import soundfile

from reprise.embedding.scores import clap_scores, match_recordings
from reprise.errors import BadInput, RepriseError

RATE = 8000
DIRECTIONS = {"quiet": (1.0, 0.0), "loud": (0.6, 0.8), "noisy": (0.0, 1.0)}


class Levels:
    """An embedder that hears levels: a sound of level 0 lies at (1, 0), of level 1 at (0, 1)."""

    name, checkpoint_sha256, sample_rate, window_s = "levels", "0" * 64, RATE, 1.0

    def embed_audio(self, sounds):
        angles = np.array([np.abs(sound).mean() for sound in sounds]) * np.pi / 2
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    def embed_text(self, texts):
        return np.array([DIRECTIONS[text] for text in texts], np.float32)


LEVELS = Levels()


class AllAlike(Levels):
    def embed_text(self, texts):
        return np.ones((len(texts), 2), np.float32) / np.sqrt(2)


@pytest.fixture
def folder(tmp_path):
    """Three sounds of level 0, .5 and 1, and a broken one."""
    for name, level in (("1", 0.0), ("2_a", 0.5), ("2_b", 0.999)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(RATE, level), RATE, subtype="FLOAT")
    (tmp_path / "3.wav").write_bytes(b"RIFF")
    return tmp_path


def score(folder, embedder=LEVELS, texts=("quiet", "loud", "loud", "noisy")):
    problems = []
    paths = [folder / f"{name}.wav" for name in ("1", "2_a", "2_b", "3")]
    return clap_scores(embedder, paths, texts, problems.append), problems


def test_a_score_is_the_mean_cosine_and_its_control_that_with_other_texts(folder):
    found, problems = score(folder)
    sounds = LEVELS.embed_audio([np.full(8, level) for level in (0, 0.5, 0.999)])
    true = [sounds[0] @ (1, 0), sounds[1] @ (0.6, 0.8), sounds[2] @ (0.6, 0.8)]
    shuffled = [sounds[0] @ (0.6, 0.8), sounds[1] @ (1, 0), sounds[2] @ (1, 0)]
    assert found["recordings"] == 3 and len(problems) == 1 and "3.wav" in str(problems[0])
    assert found["clap_score"]["value"] == pytest.approx(np.mean(true), abs=1e-3)
    assert found["shuffled"]["value"] == pytest.approx(np.mean(shuffled), abs=1e-3)
    assert found["difference"]["value"] == pytest.approx(np.mean(true) - np.mean(shuffled), abs=1e-3)
    assert found["clap_score"]["count"] == 2  # two takes of one text are no two texts
    assert found["clap_score"]["low"] <= found["clap_score"]["value"] <= found["clap_score"]["high"]
    assert found["text_cosine"] == pytest.approx(0.6)


def test_of_one_text_there_is_no_control(folder):
    found, _ = score(folder, texts=["loud"] * 4)
    assert found.keys() == {"recordings", "clap_score"} and found["clap_score"].keys() == {"value", "count"}


def test_texts_that_an_embedder_cannot_tell_apart_are_refused(folder):
    with pytest.raises(
        RepriseError, match=r"levels: 2 different texts have the mean cosine 1, above 0.9: it can't tell"
    ):
        score(folder, AllAlike())


def test_without_a_recording_that_can_be_read_there_is_no_score(folder):
    with pytest.raises(BadInput, match="none of the recordings can be read"):
        clap_scores(LEVELS, [folder / "3.wav"], ["loud"], lambda error: None)


def test_recordings_are_matched_by_the_longest_id_that_begins_their_name(tmp_path):
    for name in ("1.wav", "1_2.wav", "1_take.flac", "12.wav", "other.wav", "1_2_x.ogg", "notes.txt"):
        (tmp_path / name).touch()
    matched, others = match_recordings(tmp_path, ["1", "1_2"])
    assert {path.name: own for path, own in matched} == {
        "1.wav": "1",
        "1_2.wav": "1_2",
        "1_2_x.ogg": "1_2",
        "1_take.flac": "1",
    }
    assert [path.name for path in others] == ["12.wav", "other.wav"]
    with pytest.raises(BadInput, match="no recording is named after a prompt"):
        match_recordings(tmp_path, ["2"])
    with pytest.raises(BadInput, match="is no folder"):
        match_recordings(tmp_path / "none", ["1"])

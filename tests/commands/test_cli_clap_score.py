"""`reprise clap-score`: figures for people and as JSON; what is of no prompt, has no recording, or can't be read."""

import json

import numpy as np
import pytest
import soundfile
from tiny_clap import CONFIG, tiny_clap
from tiny_recognizer import RATE

from reprise.cli import main
from reprise.learning.weights import save_network

PROMPTS = [
    {"id": 1, "instrument": "piano", "description": "slow, low music"},
    {"id": 2, "instrument": "violin", "description": "fast, high and loud music"},
    {"id": "3", "instrument": "", "description": "a staccato piece"},
]


@pytest.fixture
def arguments(tmp_path):
    """Two recordings of prompts 1 and 2, one of none, and a broken one."""
    clap = tiny_clap(tmp_path / "clap")
    _tell_texts_apart(clap)
    save_network(clap.model, CONFIG, tmp_path / "clap")
    (tmp_path / "made").mkdir()
    rng = np.random.default_rng(0)
    for name, level in (("1", 0.01), ("2_take1", 0.3), ("2_take2", 0.2), ("other", 0.1)):
        soundfile.write(tmp_path / "made" / f"{name}.wav", rng.normal(0, level, RATE), RATE)
    (tmp_path / "prompts.json").write_text(json.dumps(PROMPTS))
    named = ["--audio", str(tmp_path / "made"), "--prompts", str(tmp_path / "prompts.json")]
    return ["clap-score", *named, "--embedder", str(tmp_path / "clap")]


def _tell_texts_apart(clap):
    """Take the mean of texts away, as training does."""
    norm = clap.model.text.centre
    norm.momentum = 1.0
    norm.train()
    clap.embed_text([prompt["description"] for prompt in PROMPTS])
    norm.eval()


def test_scores_are_printed_for_people(arguments, capsys):
    assert main(arguments) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0].startswith("small CLAP, checkpoint ") and "3 recordings of 2 prompts, 0 failed" in lines[0]
    assert [line.split("  ")[1] for line in lines[1:4]] == [
        "cosine with its own prompt",
        "with the other prompts",
        "difference",
    ]
    assert lines[4].startswith("  1 without a prompt, and left out: ") and lines[4].endswith("other.wav")
    assert lines[5] == "  1 without a recording, and left out: 3" and output.err == ""


def test_scores_are_one_json_object_and_failures_are_in_it(arguments, tmp_path, capsys):
    (tmp_path / "made" / "3.wav").write_bytes(b"RIFF")
    assert main([*arguments, "--json"]) == 2
    output = capsys.readouterr()
    found = json.loads(output.out)
    assert found["recordings"] == 3 and len(found["errors"]) == 1 and "3.wav" in output.err
    assert set(found["clap_score"]) == {"value", "low", "high", "count"} and len(found["checkpoint_sha256"]) == 64
    assert found["difference"]["value"] == pytest.approx(
        found["clap_score"]["value"] - found["shuffled"]["value"], abs=2e-4
    )
    assert found["without_prompt"] == [str(tmp_path / "made" / "other.wav")] and found["without_recording"] == []


def test_prompts_that_are_none_are_refused(arguments, tmp_path, capsys):
    (tmp_path / "prompts.json").write_text('[{"id": 1}]')
    assert main(arguments) == 2
    assert "prompts.json: row 1" in capsys.readouterr().err

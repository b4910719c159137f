"""Every command of the guide to corpora, run as it stands there; only its addresses are replaced by local ones.

A DVC repository with the stages that lead to a corpus alone goes through the guide from top to bottom.
"""

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Clone
from ruamel.yaml import YAML
from tiny_corpus import make_database, make_piece, make_tune, put, solo_note

from reprise.composition.corpus.collect import RARE
from reprise.music.excerpts import FURTHER_PARTS
from reprise.music.piece import LEFT_OUT
from reprise.params import read_yaml
from scripts import profile_clone

GUIDE = (ROOT / "docs/corpora.md").read_text(encoding="utf-8")
SECTIONS = {  # heading, and the pieces that the corpus then has beside its openings
    "Your own scores": 5,
    "Chopin, Mozart, Grieg and 22 more for piano": 6,
    "Bach's Cello Suites": 4,
    "Miles Davis": 7,
    "Sharing and undoing": None,
}
STAGES = ["check_params", "collect_corpus"]


def blocks(heading: str) -> list[tuple[str, str]]:
    """The fenced blocks of a section: language and text."""
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)


def test_every_block_of_the_guide_lies_in_a_section_that_is_tried():
    assert sum(len(blocks(heading)) for heading in SECTIONS) == GUIDE.count("```") / 2
    assert {language for heading in SECTIONS for language, _ in blocks(heading)} == {"sh", "yaml"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What lies at each address of the guide: where its stand-in is."""
    folder = tmp_path_factory.mktemp("world")
    for number in range(5):
        put(folder / f"own/{number}.mid", make_piece(number, parts=2))
    for start, composer in ((10, "Chopin"), (20, "Mozart"), (30, "Grieg")):
        for number in range(6):
            put(folder / f"piano/midis/{composer}/{number}.mid", make_piece(start + number, parts=2))
    profile_clone.git(folder, "init", "--quiet", "piano")
    profile_clone.git(folder / "piano", "add", ".")
    identity = ("-c", "user.name=tests", "-c", "user.email=tests")
    profile_clone.git(folder / "piano", *identity, "commit", "--quiet", "--message", "scores")
    with zipfile.ZipFile(folder / "jsbach.zip", "w") as archive:
        for number in range(4):
            put(folder / "suite.mid", make_piece(40 + number, parts=1 + number))  # double stops have their own tracks
            archive.write(folder / "suite.mid", f"www.jsbach.net/midi/cs1-{number}.mid")
        archive.write(folder / "suite.mid", "www.jsbach.net/midi/vp1-1.mid")
    make_database(
        folder / "wjazzd.db", *(make_solo(50 + n, "Chet Baker" if n > 6 else "Miles Davis") for n in range(9))
    )
    return {
        "/path/to/your/scores": str(folder / "own"),
        "https://github.com/cheriell/ClassicalPianoMIDI-dataset": str(folder / "piano"),
        "https://github.com/asigalov61/Tegridy-MIDI-Dataset/raw/b33a1bc7ac13c4e7da9d005f381d4a084692d51d/Misc/"
        "www_jsbach_net_mirror_copy.zip": str(folder / "jsbach.zip"),
        "https://jazzomat.hfm-weimar.de/download/downloads/wjazzd.db": str(folder / "wjazzd.db"),
    }


def make_solo(seed: int, performer: str) -> tuple[dict, list[dict]]:
    tune = make_tune(seed, 40)
    return {"performer": performer}, [solo_note(1 + i // 4, 1 + i % 4, 1, 1, p, 0.5) for i, p in enumerate(tune)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, dvc_settings: Path) -> Iterator[Clone]:
    """A repository with this one's code, params and the stages that lead to a corpus alone, committed."""
    clone = Clone(tmp_path_factory.mktemp("guide") / "repository", dvc_settings)
    shutil.copytree(ROOT / "src", clone.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", clone.folder / "requirements")
    for path in (
        *(f"stages/{stage}.py" for stage in STAGES),
        "params.yaml",
        "scores/README.md",
        ".dvcignore",
        ".gitignore",
        "data/.gitignore",
    ):
        (clone.folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, clone.folder / path)
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    YAML().dump({"stages": {stage: stages[stage] for stage in STAGES}}, clone.folder / "dvc.yaml")
    profile_clone.git(clone.folder, "init", "--quiet")
    clone.dvc("init", "--quiet")
    clone.commit("before the guide")
    yield clone
    shutil.rmtree(clone.folder)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unzip"), reason="the guide's unzip isn't installed")
def test_the_commands_of_the_guide(repository, world):
    for heading, pieces in SECTIONS.items():
        for language, text in blocks(heading):
            if language == "yaml":
                profile_clone.overlay(repository.folder / "params.yaml", YAML(typ="safe").load(text), "docs/corpora.md")
            for command in text.splitlines() if language == "sh" else ():
                for address, place in world.items():
                    command = command.replace(address, place)
                assert "http" not in command, "an address that the test has no stand-in for"
                repository.run("bash", "-e", "-c", command)
        if pieces is not None:
            assert repository.stages_run == STAGES, heading
            counts = json.loads((repository.folder / "metrics/corpus.json").read_text())["pieces"]
            assert counts.pop("opening") > 0 and sum(counts.values()) == pieces, heading
    assert profile_clone.git(repository.folder, "ls-files", "--others", "--exclude-standard", "scores") == ""
    assert repository.git("diff", "--name-only", "--", "params.yaml").strip() == ""


def test_the_addresses_are_those_of_the_guide(world):
    commands = "".join(text for heading in SECTIONS for language, text in blocks(heading) if language == "sh")
    assert all(address in commands for address in world)


def test_the_guide_explains_every_kind_that_is_counted():
    assert all(f"`{kind}`" in GUIDE for kind in (*LEFT_OUT, RARE, FURTHER_PARTS))


def test_the_figures_of_the_default_corpus_are_those_of_the_metrics():
    metrics = json.loads((ROOT / "metrics/corpus.json").read_text())
    pieces, skipped = metrics["pieces"], metrics["corpus"]["skipped"]
    text = " ".join(GUIDE.split())
    assert f"Of {metrics['corpus']['found']} files in music21's Bach folder" in text
    assert f"{pieces['train']} to train, {pieces['validation']} to validate, {pieces['test']} to test" in text
    assert f"{skipped['metre']} in another metre, {skipped['parts']} with another number of parts" in text
    assert f"the {pieces['opening']} in 4/4 are openings" in text

"""What the README says of sharing, in a repository of one small stage."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

SHARE = (ROOT / "README.md").read_text(encoding="utf-8").split("## Share\n")[1].split("\n## ")[0]


def dvc_of(command: str) -> list[str]:
    """The one command of the README's section that starts so, as dvc's arguments."""
    (line,) = re.findall(rf"^\./run ({command}[^#\n]*)", SHARE, re.MULTILINE)
    return line.split()


@pytest.fixture
def dvc(tmp_path, monkeypatch):
    """Run dvc in a repository whose stage has run; returns its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text("stages: {make: {cmd: echo music >out, outs: [out]}}\n")

    def dvc(*args: str) -> tuple[int, str]:
        done = subprocess.run(["dvc", *args], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    subprocess.run(["git", "init", "--quiet"], check=True)
    assert dvc("init", "--quiet")[0] == dvc("repro", "--quiet")[0] == 0
    return dvc


def test_a_deleted_file_of_the_work_tree_comes_back(dvc):
    Path("out").unlink()
    assert dvc(*dvc_of("checkout"))[0] == 0 and Path("out").read_text() == "music\n"


def test_what_was_damaged_on_a_remote_is_refused(dvc):
    *add, _ = dvc_of("remote add")
    for args in ([*add, str(Path.cwd() / "shared")], dvc_of("remote modify"), dvc_of("push")):
        assert dvc(*args)[0] == 0
    (shared,) = (path for path in Path("shared").rglob("*") if path.is_file())
    shared.chmod(0o644)
    shared.write_text("noise\n")
    shutil.rmtree(".dvc/cache")
    Path("out").unlink()
    code, said = dvc(*dvc_of("pull"))
    assert code != 0 and not Path("out").exists(), said


STAGES = """
stages:
  make:
    cmd: echo music >out && echo ran >>log
    outs: [out]
  use:
    cmd: cat out %s >used
    deps: [out]
    outs: [used]
"""


def test_what_a_changed_stage_needs_is_fetched_not_made_again(dvc):
    Path("dvc.yaml").write_text(STAGES % "")
    *add, _ = dvc_of("remote add")
    for args in (["repro"], [*add, str(Path.cwd() / "shared")], dvc_of("push")):
        assert dvc(*args)[0] == 0
    shutil.rmtree(".dvc/cache")
    Path("out").unlink()
    Path("used").unlink()
    Path("dvc.yaml").write_text(STAGES % "out")
    assert dvc(*dvc_of("repro"))[0] == 0
    assert Path("used").read_text() == "music\nmusic\n" and Path("log").read_text() == "ran\n"

"""The linters: what they look at, and what they say."""

import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

MISSPELT = "# We rec" + "ieve it.\n"  # in two halves, since this file is looked at too


@pytest.fixture
def repository(tmp_path):
    """A repository with the script, its settings, one package and one stage, which git doesn't know yet."""
    for path in ("scripts/lint.py", "pyproject.toml", "src/reprise/__init__.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/nothing.py").touch()
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def lint(repository, *args: str) -> subprocess.CompletedProcess:
    command = [sys.executable, repository / "scripts/lint.py", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)


def test_what_is_misspelt_is_named(repository):
    (repository / "a.py").write_text(MISSPELT)
    error = lint(repository).stderr
    assert "a.py:1" in error and "spelling (codespell)" in error.splitlines()[-1]


def test_a_wrong_type_is_named(repository):
    (repository / "stages/a.py").write_text('x: int = ""\n')
    error = lint(repository).stderr
    assert "stages/a.py:1" in error and "types (mypy)" in error.splitlines()[-1]


def test_nobody_s_scores_are_spelt_and_nothing_that_git_ignores(repository):
    (repository / ".gitignore").write_text("page/\n")
    for folder in ("scores", "page"):
        (repository / folder).mkdir()
        (repository / folder / "a.abc").write_text(MISSPELT)
    assert "spelling" not in lint(repository).stderr


def test_layout_is_mended_when_asked(repository):
    (repository / "a.py").write_text("x=1\n")
    assert "layout (ruff format)" in lint(repository).stderr
    assert "layout (ruff format)" not in lint(repository, "--fix").stderr
    assert (repository / "a.py").read_text() == "x = 1\n"

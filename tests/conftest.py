"""Clones of this repository in which tests run the real pipeline on the smoke profile.

A clone has its own, empty DVC cache and none of the user's DVC or MLflow settings; nothing outside pytest's temporary
folder is written. A clone is some 200 MB, so each goes when its last test is done.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile  # noqa: F401  before any test module imports fluidsynth: reprise.audio.fluidsynth says why
from filelock import FileLock

from reprise.params import read_yaml
from reprise.pipeline.dvc_files import stage_entries
from scripts import profile_clone

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 1800
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ  # one of several processes that run the tests
SHARED = "REPRISE_TESTS_FOLDER"
CLONES = ("new_clone", "copy_of_smoke", "lasting_copy", "smoke_clone")


class Clone:
    """A clone with the smoke profile. `log` is what dvc and the stages printed in the last `dvc` call."""

    def __init__(self, folder: Path, settings: Path) -> None:
        self.folder, self.log = folder, ""
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("REPRISE_", "MLFLOW_", "GIT_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "src"),
            "PYTHONUNBUFFERED": "1",
            "REPRISE_ENGINE": "serial",
            "REPRISE_WORKERS": "2",
            "DVC_NO_ANALYTICS": "1",
            "DVC_GLOBAL_CONFIG_DIR": str(settings),
            "DVC_SYSTEM_CONFIG_DIR": str(settings),
            "DVC_SITE_CACHE_DIR": str(settings / "site"),
            **{f"GIT_{who}_{what}": "tests" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        if fonts := os.environ.get("REPRISE_FONTS"):
            self.environment["REPRISE_FONTS"] = fonts

    def start(self, *command: str) -> subprocess.Popen:
        """Start a command in the clone; its output goes to the file that `finish` reads."""
        with open(self.folder / ".git" / "test.log", "w") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def finish(self, process: subprocess.Popen) -> int:
        """Wait for a started command; returns its exit code and keeps what it printed in `log`."""
        try:
            code = process.wait(TIMEOUT_S)
        finally:
            process.kill()
            self.log = (self.folder / ".git" / "test.log").read_text(errors="replace")
        return code

    def run(self, *command: str) -> str:
        """Run a command to its end; it must succeed. Returns what it printed."""
        code = self.finish(self.start(*command))
        assert code == 0, f"{' '.join(command)} ended with {code}:\n{self.log[-4000:]}"
        return self.log

    def dvc(self, *args: str) -> str:
        return self.run("dvc", *args)

    def git(self, *args: str) -> str:
        return self.run("git", *args)

    def clone_from(self, repository: Path) -> None:
        """Make the folder: a plain clone of a repository's last commit."""
        profile_clone.git(repository, "clone", "--quiet", str(repository), str(self.folder))

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def set_params(self, changes: dict) -> None:
        """Overlay params.yaml with nested `changes`."""
        profile_clone.overlay(self.folder / "params.yaml", changes, "test")

    @property
    def stages_run(self) -> list[str]:
        """The stages whose command the last `dvc` call ran, or would have run, in order."""
        start = "Running stage '"
        return [line[len(start) :].split("'")[0] for line in self.log.splitlines() if line.startswith(start)]

    @property
    def lock(self) -> dict:
        """dvc.lock's stages."""
        return read_yaml(self.folder / "dvc.lock")["stages"]

    @property
    def stages(self) -> dict:
        """dvc.yaml's stages, those of a matrix one by one."""
        return stage_entries(self.folder / "dvc.yaml")


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Let what tests start hear SIGINT: the background job of a shell ignores it, and hands that on."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def dvc_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that stands for the user's and the system's DVC settings: empty."""
    folder = tmp_path_factory.mktemp("dvc-settings")
    yield folder
    shutil.rmtree(folder)


def pytest_configure() -> None:
    """A folder that all processes which run the tests share; the one that started them makes and removes it."""
    if IS_WORKER:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core for each, where no test says otherwise
    else:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="reprise-tests-")


def pytest_unconfigure() -> None:
    if not IS_WORKER:
        shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the smoke clone is slow, and what isn't slow is fast.

    The clones come first, those in which most runs before the others: of two processes one makes the smoke clone while
    the other runs the rest, and neither is left with a long test at the end.
    """

    def place(item: pytest.Item) -> int:
        used = getattr(item, "fixturenames", ())
        return next((at for at, fixture in enumerate(CLONES) if fixture in used), len(CLONES))

    for item in items:
        if place(item) < len(CLONES):
            item.add_marker("slow")
        if not item.get_closest_marker("slow"):
            item.add_marker("fast")
    items.sort(key=place)


@pytest.fixture(scope="session")
def smoke_clone(dvc_settings: Path) -> Clone:
    """The whole smoke pipeline, run from nothing, serially, for all processes.

    Tests read its files and nothing else, not even by dvc: another process may be copying them. Copies are theirs.
    """
    shared = Path(os.environ[SHARED])
    clone, log = Clone(shared / "smoke", dvc_settings), shared / "smoke.log"
    with FileLock(shared / "smoke.lock"):
        if not log.exists():
            profile_clone.make_clone(ROOT, "smoke", clone.folder)
            clone.dvc("repro", "--force", "--no-run-cache")
            log.write_text(clone.log)
    clone.log = log.read_text()
    return clone


@pytest.fixture
def new_clone(tmp_path: Path, smoke_clone: Clone, dvc_settings: Path) -> Iterator[Clone]:
    """A clone in which nothing ran yet, with the code that made the smoke clone: somebody may be editing meanwhile."""
    profile_clone.make_clone(smoke_clone.folder, "smoke", tmp_path / "clone")
    yield Clone(tmp_path / "clone", dvc_settings)
    shutil.rmtree(tmp_path / "clone", ignore_errors=True)


@pytest.fixture
def copy_of_smoke(tmp_path: Path, smoke_clone: Clone, dvc_settings: Path) -> Iterator[Clone]:
    """A copy of the smoke clone, data, models and cache included, to do with as a test likes."""
    yield from _copy(smoke_clone, tmp_path / "copy", dvc_settings)


@pytest.fixture(scope="module")
def lasting_copy(tmp_path_factory: pytest.TempPathFactory, smoke_clone: Clone, dvc_settings: Path) -> Iterator[Clone]:
    """A copy that the tests of a module share; each leaves it as it was."""
    yield from _copy(smoke_clone, tmp_path_factory.mktemp("lasting") / "copy", dvc_settings)


def _copy(clone: Clone, folder: Path, settings: Path) -> Iterator[Clone]:
    shutil.copytree(clone.folder, folder, symlinks=True)
    yield Clone(folder, settings)
    shutil.rmtree(folder, ignore_errors=True)

"""Throwaway clones in which benchmarks run the pipeline's stages on other params, and what a stage costs there.

A clone lies in `.reprise/benchmarks`, which git and DVC ignore. Its DVC cache is its own; or it begins with what the
repository has made, and shares its cache. Memory is that of all processes below dvc, without dvc itself, looked at ten
times a second: `peak_rss_mib` adds up their resident memory (pages that they share, files mapped into memory among
them, count in each), `peak_anonymous_mib` what no file backs. Linux only: it reads /proc.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from dvc.repo import Repo

from benchmarks.machine import ROOT
from reprise.errors import BadInput, RepriseError
from reprise.pipeline.dvc_files import DVC_LOCK
from scripts import profile_clone

CLONES = ROOT / ".reprise" / "benchmarks"
LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Usage:
    """What a run of stages took."""

    seconds: float
    peak_rss_mib: float
    peak_anonymous_mib: float


class Clone:
    """The clone `name`, made or brought up to date with the work tree, with `changes` laid over its params."""

    def __init__(self, name: str, changes: dict, begins_with_results: bool = False) -> None:
        self.folder = CLONES / name
        profile_clone.clone_work_tree(ROOT, self.folder)
        if begins_with_results:
            self._take_results()
        profile_clone.overlay(self.folder / "params.yaml", changes, "benchmark")

    def _take_results(self) -> None:
        """What the last run in the repository has made: the files in git, and the rest from DVC's cache."""
        with Repo(ROOT) as repo, Repo(self.folder).config.edit("local") as config:
            config["cache"]["dir"] = str(Path(repo.cache.local.path).parents[1])
        for path in (DVC_LOCK.name, "metrics", "plots"):
            copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy2
            shutil.rmtree(self.folder / path, ignore_errors=True)
            copy(ROOT / path, self.folder / path)
        with Repo(self.folder) as repo:
            repo.checkout(force=True, allow_missing=True)

    def repro(self, *args: str) -> Usage:
        """`dvc repro ARGS` in the clone; what it prints goes to stderr.

        Raises:
            RepriseError: it failed.
        """
        start = time.perf_counter()
        command = [sys.executable, "-m", "dvc", "repro", *args]
        process = subprocess.Popen(command, cwd=self.folder, env=self._environment(), stdout=sys.stderr)
        try:
            with MemoryWatch(process.pid) as watch:
                code = process.wait()
        finally:
            process.kill()
        if code:
            raise RepriseError(f"dvc repro {' '.join(args)} ended with {code} in {self.folder.relative_to(ROOT)}")
        return Usage(time.perf_counter() - start, watch.rss / 2**20, watch.anonymous / 2**20)

    def _environment(self) -> dict[str, str]:
        """This one's environment, less what would change what is measured, with the clone's own code."""
        kept = {key: value for key, value in os.environ.items() if key not in ("REPRISE_ENGINE", "REPRISE_WORKERS")}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "PYTHONUNBUFFERED": "1",
            "DVC_NO_ANALYTICS": "1",
        }

    def size(self, path: str) -> int:
        """Bytes of the files at or under `path`."""
        target = self.folder / path
        files = target.rglob("*") if target.is_dir() else [target]
        return sum(file.stat().st_size for file in files if file.is_file())

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class MemoryWatch:
    """Highest memory, in bytes, that all descendants of a process had at once while the `with` block ran."""

    def __init__(self, pid: int) -> None:
        self.pid, self.rss, self.anonymous = pid, 0, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.stop.wait(LOOK_EVERY_S):
            found = [memory_of(pid) for pid in descendants(self.pid)]
            self.rss = max(self.rss, sum(rss for rss, _ in found))
            self.anonymous = max(self.anonymous, sum(anonymous for _, anonymous in found))


def descendants(pid: int) -> list[int]:
    """Every process below `pid`."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended meanwhile
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def memory_of(pid: int) -> tuple[int, int]:
    """Resident memory of a process, and the part of it that no file backs, in bytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    fields = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    rss, anonymous = (int(fields[key][0]) * 1024 if key in fields else 0 for key in ("VmRSS", "RssAnon"))
    return rss, anonymous


def need_linux() -> None:
    """Refuse a system on which memory can't be watched.

    Raises:
        BadInput: it has no /proc.
    """
    if not Path("/proc/self/status").exists():
        raise BadInput(f"{sys.platform}: has no /proc; this benchmark reads memory there and runs on Linux alone")

"""What every pipeline stage shares: its work folder, its lock, its outs moved in whole, its errors.

DVC deletes a stage's outs before it starts the stage, and a killed DVC leaves the stage running. So partial work
lives below `.reprise/work` in STAGE/KEY, where KEY hashes the stage's entry in dvc.yaml with the content of its
dependencies and params: work of other code or params is never resumed. A file lock keeps two runs of one stage apart, a
stage whose parent dies stops, and outs are renamed into place at the very end.
"""

import errno
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
from filelock import FileLock, Timeout

import reprise
from reprise.errors import ParamsError, RepriseError
from reprise.params import load_section
from reprise.pipeline.compute import ComputeParams, load_compute
from reprise.pipeline.dvc_files import listed_paths, stage_entries
from reprise.pipeline.inputs import check_undamaged, input_hashes, stage_key
from reprise.pipeline.machine import record_machine
from reprise.pipeline.pins import FOLDER, check_installed
from reprise.pipeline.shards import write_atomically

T = TypeVar("T")

WORK = Path(".reprise/work")
LOCK_WAIT_S = 20.0


class Stage:
    """One run of a stage: `stage.params(...)` and `stage.dep(...)` to read, `stage.out(...)` to write, nothing else.

    A stage that dvc.yaml spreads over a matrix is named NAME@ITEM, and `item` is that item, ITEM-ITEM where the matrix
    has several keys; it is empty for others.
    """

    def __init__(self, name: str) -> None:
        self.name, self.item = name, name.partition("@")[2]
        self.entry = _stage_entry(name)
        self.compute: ComputeParams = load_compute()
        check_installed([Path(dep) for dep in listed_paths(self.entry, "deps") if FOLDER in Path(dep).parents])
        self.inputs = input_hashes(self.entry)
        check_undamaged(self.inputs)
        self.key = stage_key(self.inputs)
        self.work = (WORK / name / self.key).absolute()

    def params(self, cls: type[T], section: str) -> T:
        """Section `section` of params.yaml, such as `clips` or `models.lstm`; dvc.yaml must list it."""
        self._check_listed(section)
        return load_section(cls, section)

    def param(self, cls: type, section: str, key: str) -> Any:
        """The key alone of a section: dvc.yaml must list SECTION.KEY, so that the others don't make the stage stale."""
        self._check_listed(f"{section}.{key}")
        return getattr(load_section(cls, section), key)

    def _check_listed(self, params: str) -> None:
        if params not in self.entry.get("params", []):
            raise RepriseError(f"dvc.yaml: stage {self.name} reads params '{params}' without listing it")

    def dep(self, path: str) -> Path:
        """The dependency `path`, absolute: a worker's current folder may be another."""
        if path not in listed_paths(self.entry, "deps"):
            raise RepriseError(f"dvc.yaml: stage {self.name} reads '{path}' without listing it")
        return Path(path).absolute()

    def out(self, path: str) -> Path:
        """Where to write the out `path` for now, absolute; it is moved to `path` when the stage is done."""
        if path not in listed_paths(self.entry, "outs", "metrics", "plots"):
            raise RepriseError(f"dvc.yaml: stage {self.name} writes '{path}' without listing it")
        target = self.work / "outs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def write_metrics(self, path: str, metrics: dict) -> None:
        """Write a metrics file: JSON, keys in the order given."""
        write_atomically(self.out(path), (json.dumps(metrics, indent=2) + "\n").encode())

    @property
    def scratch(self) -> Path:
        """A folder for what a later run needs to go on; it is no out."""
        return self.work / "scratch"

    def publish(self) -> list[str]:
        """Move every out into its place and forget the work; returns the outs."""
        outs = listed_paths(self.entry, "outs", "metrics", "plots")
        for path in map(Path, outs):
            made = self.work / "outs" / path
            if not made.exists():
                raise RepriseError(f"stage {self.name} did not write '{path}'")
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove(path)
            _move(made, path)
        shutil.rmtree(self.work.parent, ignore_errors=True)
        return outs


def run_stage(main: Callable[[Stage], None]) -> None:
    """Run `main` as the stage named like the script that calls this, @ its arguments if any; ends the process."""
    start, items = time.monotonic(), "-".join(sys.argv[1:])
    name = f"{Path(sys.argv[0]).stem}@{items}" if items else Path(sys.argv[0]).stem
    try:
        _stop_with_parent()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        with _stage_lock(name):
            _check_own_code()
            stage = Stage(name)
            _drop_older_work(stage)
            main(stage)
            made = stage.publish()
            print(f"{name}: made {', '.join(made)} in {_duration(time.monotonic() - start)}", file=sys.stderr)
            with FileLock(WORK / "machines.lock"):  # of stages that run side by side each keeps its line
                record_machine(name, stage_entries())
    except KeyboardInterrupt:
        _end(130, f"{name}: interrupted; what was done is kept, run it again to go on")
    except RepriseError as error:
        _end(error.exit_code, f"{name}: {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _end(1, f"{name}: no space left on the disk; free some and run it again: it goes on where it stopped")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _stage_entry(name: str) -> dict:
    stages = stage_entries()
    if name not in stages:
        raise ParamsError(f"dvc.yaml: has no stage '{name}'; run stages from the repository's root")
    return stages[name]


def _check_own_code() -> None:
    """Refuse to run another folder's `reprise`, which an editable installation brings into queued experiments.

    Raises:
        RepriseError: the package isn't the one below the current folder.
    """
    package, own = Path(reprise.__file__).resolve().parent, Path("src/reprise").resolve()
    if package != own:
        raise RepriseError(
            f"this folder's results would be made with the code in {package}, not with that in {own}; set "
            "PYTHONPATH=src, as ./run does, and run it again"
        )


def _move(made: Path, path: Path) -> None:
    """Move a file or folder into its place, whole or not at all, also onto another file system."""
    try:
        made.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        near = path.with_name(f".{path.name}.partial")  # renamed when all of it is there
        _remove(near)
        if made.is_dir():
            shutil.copytree(made, near)
        else:
            shutil.copy2(made, near)
        near.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _drop_older_work(stage: Stage) -> None:
    if stage.work.parent.is_dir():
        for folder in stage.work.parent.iterdir():
            if folder.name != stage.key:
                shutil.rmtree(folder, ignore_errors=True)
    if stage.work.is_dir():
        print(f"{stage.name}: goes on from what an earlier run left", file=sys.stderr)
    stage.work.mkdir(parents=True, exist_ok=True)


class _stage_lock:
    """The stage's file lock; a run of the same stage that is still alive gets a few seconds to end."""

    def __init__(self, name: str) -> None:
        WORK.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.holder = WORK / f"{name}.pid"
        self.lock = FileLock(WORK / f"{name}.lock")

    def __enter__(self) -> None:
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            print(f"{self.name}: waits for process {self._holder()}, an earlier run of it", file=sys.stderr)
            try:
                self.lock.acquire(timeout=LOCK_WAIT_S)
            except Timeout:
                raise RepriseError(
                    f"an earlier run is still at work as process {self._holder()}; let it end or stop it and run again"
                ) from None
        self.holder.write_text(str(os.getpid()))

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def _holder(self) -> str:
        return self.holder.read_text() if self.holder.exists() else "?"


def _stop_with_parent() -> None:
    """Stop this stage soon after the process that started it is gone: nobody would record its outs."""
    parent = os.getppid()
    shell, above = _shell_between()

    def started() -> bool:
        try:
            return os.getppid() == parent and (shell is None or shell.ppid() == above)
        except psutil.NoSuchProcess:
            return False

    def watch() -> None:
        while started():
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _shell_between() -> tuple[psutil.Process, int] | tuple[None, None]:
    """The `sh -c` that waits for this stage, and what started it; bash makes way for its command, other shells wait."""
    try:
        parent = psutil.Process(os.getppid())
        command = parent.cmdline()
        if command and command[0].endswith("sh") and "-c" in command:
            return parent, parent.ppid()
    except psutil.Error:  # hidden from us: then its end alone can tell
        pass
    return None, None


def _end(code: int, message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)

"""Run the stages that are stale, independent ones side by side: `side_by_side.py MADE [FOLDER]`, before `dvc repro`.

Each is a `dvc repro --single-item` of its own and starts when nothing above it is stale. What the first music needs
comes first, then what most stages wait for. With one job only the first music is made, and dvc does the rest.
MADE is a file that gets the name of each stage that is done; FOLDER, with a slash at its end, is what messages put
before the paths of the current folder.

DVC's lock of the repository is free while a stage's command runs; --wait-for-lock waits for it where a stage begins and
ends, and dvc.lock is read anew before a stage is written into it. DVC's list of paths that are read and written isn't
waited for, but refuses no reader beside a reader, and what writes a path never runs beside what reads it.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

from reprise.checked import require
from reprise.errors import BadInput, RepriseError
from reprise.pipeline.machine import usable_cores

MOST_JOBS = 4  # by default: each takes its memory
MUSIC_STAGE, MUSIC = "generate_music@lstm", Path("data/music/lstm")  # the quickest music there is
END_S = 20.0  # for what was told to stop
NOISE = (  # what dvc says after each stage
    "Generating lock file",
    "Updating lock file",
    "To track the changes with git, run:",
    "\tgit add ",
    "To enable auto staging, run:",
    "\tdvc config core.autostage true",
    "Use `dvc push` to send your updates",
)


class Child(NamedTuple):
    """A command at work, which leads a session of its own, and the threads that pass on what it prints."""

    process: subprocess.Popen
    readers: tuple[threading.Thread, ...]

    def at_work(self) -> bool:
        """Is it alive, or anything that it started?"""
        return self.process.poll() is None or any(reader.is_alive() for reader in self.readers)

    def send(self, number: int) -> None:
        """Send a signal to all of its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def start(name: str, command: list[str], environment: dict[str, str]) -> Child:
    """Start a command; each line that it prints goes out as `NAME | LINE`, to stdout or stderr as it came."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    streams = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
    readers = tuple(threading.Thread(target=_pass_on, args=(name, *pair), daemon=True) for pair in streams)
    for reader in readers:
        reader.start()
    return Child(process, readers)


def _pass_on(name: str, source: IO[str], target: TextIO) -> None:
    for line in map(str.rstrip, source):
        if line and not line.startswith(NOISE):
            with contextlib.suppress(OSError):  # nobody listens any more: the stage need not wait for that
                target.write(f"{name} | {line}\n")
                target.flush()


def stop(children: dict[str, Child], number: int) -> None:
    """End all children by signal `number`; those that don't end are killed."""
    if children:
        say(f"stopping {', '.join(children)}; what is done is kept")
    for child in children.values():
        child.send(number)
    end = time.monotonic() + END_S
    while any(child.at_work() for child in children.values()) and time.monotonic() < end:
        time.sleep(0.1)
    for child in children.values():
        if child.at_work():
            child.send(signal.SIGKILL)


def in_order(above: dict[str, set[str]], first: set[str]) -> dict[str, set[str]]:
    """The stages in the order in which they start where there is a choice: `first`, then what most stages wait for."""
    waiting = {name: sum(name in others for others in above.values()) for name in above}
    return {name: above[name] for name in sorted(above, key=lambda name: (name not in first, -waiting[name]))}


def run_stale(
    above: dict[str, set[str]],
    stale: set[str],
    jobs: int,
    find_stale: Callable[[set[str]], set[str]],
    start_stage: Callable[[str], Child],
    told: Callable[[], int],
) -> Iterator[str]:
    """Run what is stale, `jobs` at most at a time; yields the name of each stage that is done.

    Args:
        above: every stage, in order, with all the stages that it depends on, also through others.
        find_stale: which of some stages dvc would run; asked again about what a stage that ran may have changed.
        told: the number of a signal that came and ends everything, or 0.

    Raises:
        SystemExit: a stage failed, with its exit code, when those beside it have ended; or a signal came.
    """
    stale, unsure, running, code = set(stale), set[str](), dict[str, Child](), 0
    try:
        while running or not code:
            asked = {name for name in unsure if not above[name] & stale}
            if asked and not code:
                stale |= find_stale(asked)
                unsure -= asked
            ready = [name for name in above if name in stale - running.keys() and not above[name] & stale]
            if number := told():
                sys.exit(128 + number)
            for name in [] if code else ready[: jobs - len(running)]:
                running[name] = start_stage(name)
            if not running:
                return
            time.sleep(0.1)
            for name in [name for name, child in running.items() if child.process.poll() is not None]:
                child = running.pop(name)
                for reader in child.readers:
                    reader.join(END_S)
                if child.process.returncode == 0:
                    stale.discard(name)
                    unsure |= {other for other in above if name in above[other]} - stale
                    yield name
                    continue
                code = code or child.process.returncode
                others = f"; no other stage starts, {', '.join(running)} may end" if running else ""
                say(f"{name} failed: see the lines that begin with '{name} |'{others}")
        sys.exit(code)
    finally:
        stop(running, told() or signal.SIGTERM)


def stages_above(repo: Any) -> dict[str, set[str]]:
    """Each stage that `dvc repro` would look at, in the order of dvc.yaml, with all that it depends on."""
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    graph = get_active_graph(repo.index.graph)
    stages = plan_repro(graph, collect_stages(repo, ["dvc.yaml"]))
    return {stage.addressing: {other.addressing for other in plan_repro(graph, [stage])[:-1]} for stage in stages}


def stale_stages(repo: Any, names: set[str]) -> set[str]:
    """Those of some stages that `dvc repro` would run now."""
    from dvc.repo import lock_repo

    with lock_repo(repo):  # and read dvc.lock anew
        return {stage.addressing for stage in repo.index.stages if stage.addressing in names and stage.status()}


def job_count() -> int:
    """How many stages may run at a time.

    Raises:
        ParamsError: REPRISE_JOBS is no whole number of 1 or more.
    """
    jobs = os.environ.get("REPRISE_JOBS", str(min(usable_cores(), MOST_JOBS)))
    digits = jobs.isascii() and jobs.isdigit()
    require(digits and int(jobs) > 0, "REPRISE_JOBS", jobs, "a whole number of 1 or more")
    return int(jobs)


def say(text: str) -> None:
    print(f"-- {text}", file=sys.stderr, flush=True)


def starter(first: set[str], jobs: int) -> Callable[[str], Child]:
    """What starts a stage; until the first music is there, all that isn't among `first` gives way."""
    threads = max(1, usable_cores() // jobs)  # of what doesn't set their number itself
    environment = {"OMP_NUM_THREADS": str(threads), **os.environ, "PYTHONUNBUFFERED": "1"}

    def start_stage(name: str) -> Child:
        gives_way = first and name not in first and not MUSIC.is_dir()
        command = ["dvc", "--wait-for-lock", "repro", "--single-item", name]
        return start(name, ["nice", *command] if gives_way else command, environment)

    return start_stage


def listen(parent: int) -> Callable[[], int]:
    """From now on signals are kept; returns what tells the first one, or SIGTERM once the process `parent` is gone."""
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: signals.append(number))
    return lambda: signals[0] if signals else signal.SIGTERM if os.getppid() != parent else 0


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise BadInput("usage: side_by_side.py MADE [FOLDER]")
    jobs, began, parent, music_is_there = job_count(), time.monotonic(), os.getppid(), MUSIC.is_dir()
    if jobs == 1 and music_is_there:
        return
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        repo = Repo(_wait_for_lock=True)
        above = stages_above(repo)
        first = set() if music_is_there or MUSIC_STAGE not in above else above[MUSIC_STAGE] | {MUSIC_STAGE}
        above = in_order({name: others for name, others in above.items() if jobs > 1 or name in first}, first)
        find_stale = partial(stale_stages, repo)
        stale = find_stale(set(above))
    except DvcException:
        return  # `dvc repro` comes next and says what is wrong
    try:
        for name in run_stale(above, stale, jobs, find_stale, starter(first, jobs), listen(parent)):
            with open(sys.argv[1], "a") as made:
                made.write(f"{name}\n")
            if name == MUSIC_STAGE and first:
                minutes = math.ceil((time.monotonic() - began) / 60)
                say(f"first music within {minutes} min: {''.join(sys.argv[2:])}{MUSIC}/samples/; the rest follows")
    except DvcException as error:
        raise RepriseError(f"dvc: {error}") from error


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

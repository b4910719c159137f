"""Stages side by side: order, jobs, failures and interrupts, with small commands and in a small DVC repository."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from reprise.errors import ParamsError
from reprise.params import read_yaml
from reprise.pipeline.dvc_files import listed_paths, stage_entries
from reprise.pipeline.machine import usable_cores
from scripts import side_by_side

ABOVE = {
    "check": set(),
    "fonts": {"check"},
    "clips": {"check"},
    "corpus": {"check"},
    "recognizer": {"check", "clips"},
    "lstm": {"check", "corpus"},
    "music": {"check", "fonts", "corpus", "lstm"},
    "summary": {"check", "fonts", "clips", "corpus", "recognizer", "lstm", "music"},
}


class Runs:
    """Stages that are commands of a shell; `started` has their names, `most` how many were at work at a time."""

    def __init__(self, commands: dict[str, str]) -> None:
        self.commands, self.children = commands, list[side_by_side.Child]()
        self.started, self.most = list[str](), 0

    def start(self, name: str) -> side_by_side.Child:
        command = ["sh", "-c", self.commands.get(name, "exit 0")]
        self.children.append(side_by_side.start(name, command, dict(os.environ)))
        self.started.append(name)
        self.most = max(self.most, sum(child.process.poll() is None for child in self.children))
        return self.children[-1]


def run(runs: Runs, stale: set[str], jobs: int = 2, find_stale=lambda names: set()) -> Iterator[str]:
    return side_by_side.run_stale(ABOVE, stale, jobs, find_stale, runs.start, lambda: 0)


# --- order


def test_what_most_stages_wait_for_comes_first_but_for_what_the_first_music_needs():
    assert list(side_by_side.in_order(ABOVE, set())) == [
        "check", "corpus", "fonts", "clips", "lstm", "recognizer", "music", "summary"
    ]  # fmt: skip
    first = ABOVE["music"] | {"music"}
    assert list(side_by_side.in_order(ABOVE, first))[:5] == ["check", "corpus", "fonts", "lstm", "music"]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_no_stage_starts_before_what_it_depends_on_and_no_more_than_allowed_run(jobs):
    runs = Runs(dict.fromkeys(ABOVE, "sleep 0.2"))
    done = []
    for name in run(runs, set(ABOVE), jobs):
        assert ABOVE[name] <= set(done)
        done.append(name)
    assert sorted(done) == sorted(runs.started) == sorted(ABOVE)
    assert runs.most == min(jobs, 3), "fonts, clips and corpus"


def test_where_nothing_is_stale_nothing_runs():
    runs = Runs({})
    assert list(run(runs, set())) == [] == runs.started


def test_what_is_below_a_stage_that_ran_is_asked_about_again_and_runs_only_if_it_changed():
    asked = []

    def find_stale(names: set[str]) -> set[str]:
        asked.append(names)
        return names & {"lstm"}

    runs = Runs({})
    assert list(run(runs, {"corpus"}, find_stale=find_stale)) == ["corpus", "lstm"]
    assert asked == [{"lstm", "music", "summary"}, {"music", "summary"}]


def test_a_stale_stage_waits_for_one_between_that_becomes_stale():
    runs = Runs({})
    done = list(run(runs, {"corpus", "music"}, find_stale=lambda names: names & {"lstm"}))
    assert done == ["corpus", "lstm", "music"]


# --- failures


def test_after_a_failure_no_stage_starts_but_those_at_work_may_end(capfd):
    runs = Runs({"fonts": "exit 7", "clips": "sleep 0.5; echo made"})
    with pytest.raises(SystemExit) as left:
        list(run(runs, set(ABOVE)))
    assert left.value.code == 7 and runs.started == ["check", "fonts", "clips"]
    said = capfd.readouterr()
    assert said.out == "clips | made\n"
    assert "-- fonts failed: see the lines that begin with 'fonts |'; no other stage starts, clips may end" in said.err


def test_what_stands_in_the_way_of_dvc_ends_the_stages_at_work():
    def find_stale(names: set[str]) -> set[str]:
        raise OSError("params.yaml is broken")

    runs = Runs({"clips": "sleep 60"})
    with pytest.raises(OSError, match="broken"):
        list(run(runs, {"corpus", "clips"}, find_stale=find_stale))
    at_work = dict(zip(runs.started, runs.children))["clips"]
    assert at_work.process.returncode == -signal.SIGTERM


def test_a_signal_ends_what_is_at_work_and_what_does_not_obey_is_killed(monkeypatch, capfd):
    monkeypatch.setattr(side_by_side, "END_S", 1.0)
    runs, begin_s = Runs({"clips": "sleep 60", "fonts": "trap '' TERM; sleep 60 & wait; sleep 60"}), time.monotonic()

    def told() -> int:
        return signal.SIGTERM if time.monotonic() > begin_s + 0.5 else 0

    with pytest.raises(SystemExit) as left:
        list(side_by_side.run_stale(ABOVE, {"clips", "fonts"}, 2, lambda names: set(), runs.start, told))
    assert left.value.code == 143 and "-- stopping fonts, clips; what is done is kept" in capfd.readouterr().err
    assert [child.process.wait(5) for child in runs.children] == [-signal.SIGKILL, -signal.SIGTERM]


# --- output


def test_each_line_goes_out_under_the_name_of_its_stage_without_what_dvc_says_each_time(capfd):
    says = r"printf 'Running stage a:\n  more\n\n\tgit add dvc.lock\nUpdating lock file dvc.lock\n'; echo oh >&2"
    (done,) = run(Runs({"fonts": says}), {"fonts"})
    assert done == "fonts" and capfd.readouterr() == ("fonts | Running stage a:\nfonts |   more\n", "fonts | oh\n")


# --- how many


def test_one_stage_a_core_and_no_more_than_four_unless_a_number_is_given(monkeypatch):
    monkeypatch.delenv("REPRISE_JOBS", raising=False)
    for cores, jobs in ((1, 1), (2, 2), (64, 4)):
        monkeypatch.setattr(side_by_side, "usable_cores", lambda cores=cores: cores)
        assert side_by_side.job_count() == jobs
    monkeypatch.setenv("REPRISE_JOBS", "12")
    assert side_by_side.job_count() == 12


@pytest.mark.parametrize("given", ["", "0", "-1", "two", "1.5", "²"])
def test_what_is_no_number_of_jobs_is_refused_by_name(monkeypatch, given):
    monkeypatch.setenv("REPRISE_JOBS", given)
    with pytest.raises(ParamsError, match=f"^REPRISE_JOBS: is '{re.escape(given)}'; it must be a whole number of 1 or"):
        side_by_side.job_count()


# --- with DVC


def test_the_first_music_is_a_stage_of_the_pipeline():
    entry = stage_entries(ROOT / "dvc.yaml")[side_by_side.MUSIC_STAGE]
    assert str(side_by_side.MUSIC) in listed_paths(entry, "outs")


SHOWS = "echo $OMP_NUM_THREADS $(nice)"
MEETS = "touch {0}.began; while [ ! -e {1}.began ]; do sleep 0.1; done; cat begin > {0}"  # ends only beside the other
PIPELINE = {
    "begin": {"cmd": "echo begun > begin", "params": ["number"], "outs": ["begin"]},
    "left": {"cmd": MEETS.format("left", "right"), "deps": ["begin"], "outs": ["left"]},
    "right": {"cmd": MEETS.format("right", "left"), "deps": ["begin"], "outs": ["right"]},
    "end": {"cmd": f"{SHOWS}; cat left right > end", "deps": ["left", "right"], "outs": ["end"]},
}


class Repository:
    """A small DVC repository, and the script in it."""

    def __init__(self, folder: Path, settings: Path, stages: dict[str, dict]) -> None:
        self.folder = folder
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("REPRISE_", "OMP_", "GIT_"))}
        self.environment = {
            **plain,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "REPRISE_JOBS": "2",
            "DVC_NO_ANALYTICS": "1",
            "DVC_GLOBAL_CONFIG_DIR": str(settings),
            "DVC_SYSTEM_CONFIG_DIR": str(settings),
            "DVC_SITE_CACHE_DIR": str(settings / "site"),
        }
        (folder / "params.yaml").write_text("number: 1\n")
        (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
        for command in ("git init --quiet", "dvc init --quiet"):
            subprocess.run(command.split(), cwd=folder, env=self.environment, check=True)

    def start(self, *args: str, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, ROOT / "scripts/side_by_side.py", "../made", *args],
            cwd=self.folder,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *args: str, **variables: str) -> tuple[int, str, str]:
        """Its exit code, stdout and stderr."""
        process = self.start(*args, **variables)
        said = process.communicate(timeout=120)
        return process.returncode, *said

    def dvc(self, *args: str) -> str:
        command = ["dvc", *args]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        ).stdout


@pytest.mark.slow
def test_two_stages_side_by_side_both_land_in_the_lock_and_dvc_finds_all_up_to_date(tmp_path, dvc_settings):
    repository = Repository(tmp_path, dvc_settings, PIPELINE)
    code, out, err = repository.run(OMP_NUM_THREADS="3")
    assert code == 0, err
    assert f"end | 3 {os.nice(0)}\n" in out and "left | Running stage 'left':\n" in out
    assert read_yaml(tmp_path / "dvc.lock")["stages"].keys() == PIPELINE.keys()
    assert "up to date" in repository.dvc("status") and "Running" not in repository.dvc("repro")
    assert repository.run() == (0, "", "")
    (tmp_path / "params.yaml").write_text("number: 2\n")
    code, out, _ = repository.run()
    assert code == 0 and "begin | Running" in out and "left |" not in out, "begin made the same as before"


@pytest.mark.slow
def test_with_one_job_all_is_left_to_dvc_but_for_the_first_music(tmp_path, dvc_settings):
    made = {"cmd": f"{SHOWS}; mkdir -p data/music/lstm/samples", "outs": ["data/music/lstm"]}
    music = {"matrix": {"model": ["lstm"]}, **made, "deps": ["begin"]}
    other = {"cmd": f"{SHOWS}; cp begin other", "deps": ["begin"], "outs": ["other"]}
    stages = {"begin": PIPELINE["begin"], "other": other, "generate_music": music}
    repository = Repository(tmp_path, dvc_settings, stages)
    code, out, err = repository.run("clone/", REPRISE_JOBS="1")
    assert code == 0 and "other" not in out
    assert "-- first music within 1 min: clone/data/music/lstm/samples/; the rest follows\n" in err
    assert repository.run(REPRISE_JOBS="1") == (0, "", "")
    assert "other | Running stage 'other':" in repository.run()[1]
    shutil.rmtree(tmp_path / "data/music")
    (tmp_path / "other").unlink()
    (tmp_path / "dvc.lock").unlink()
    shutil.rmtree(tmp_path / ".dvc/cache")
    _, out, err = repository.run()
    threads, polite = max(1, usable_cores() // 2), min(os.nice(0) + 10, 19)
    assert f"generate_music@lstm | {threads} {os.nice(0)}\n" in out and f"other | {threads} {polite}\n" in out


@pytest.mark.slow
def test_what_dvc_cannot_read_is_left_to_dvc(tmp_path, dvc_settings):
    repository = Repository(tmp_path, dvc_settings, PIPELINE)
    (tmp_path / "dvc.yaml").write_text("stages: [")
    assert repository.run() == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_at_work_and_a_second_run_goes_on(tmp_path, dvc_settings, number):
    endless = {**PIPELINE["right"], "cmd": "exec sleep 60"}
    repository = Repository(tmp_path, dvc_settings, {**PIPELINE, "right": endless})
    process = repository.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "left.began").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    at_work = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number and "-- stopping left, right; what is done is kept\n" in err
    assert at_work and not psutil.wait_procs(at_work, timeout=10)[1]
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": PIPELINE}))
    code, out, err = repository.run()
    assert code == 0 and "begin |" not in out and "end |" in out, err

"""A stage: what may rerun it, where it writes, and what is left when it is stopped, killed or started twice."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from reprise.errors import ParamsError, RepriseError
from reprise.pipeline import stage as stage_module
from reprise.pipeline.compute import ComputeParams
from reprise.pipeline.dvc_files import recorded_outs, stage_entries
from reprise.pipeline.inputs import IGNORED, dvc_hash
from reprise.pipeline.pins import installed_version, read_pins
from reprise.pipeline.shards import shard_name, write_shard
from reprise.pipeline.stage import Stage, run_stage

DVC = """
stages:
  count:
    cmd: python stages/count.py
    deps: [stages/count.py, src/lib.py, data/in]
    params: [music.tempo, clips]
    outs: [data/out, data/table.csv]
    metrics:
      - metrics/count.json:
          cache: false
  train:
    matrix:
      model: [lstm, vae]
    cmd: python stages/train.py ${item.model}
    deps: [src/lib.py, "data/${item.model}"]
    params: ["models.${item.model}"]
    outs:
      - models/${item.model}:
          cache: false
"""
PARAMS = """
music: {tempo: 120, key: C}
clips: {a: 1}
models: {lstm: {width: 1}, vae: {width: 2}}
compute: {engine: serial, workers: 1, dask_scheduler: "", device: auto, tracking: false}
"""

# Writes 30 shards, one every 0.05 s; `slow.flag` makes it wait after the tenth until the flag is gone.
SCRIPT = """
import sys, time
from pathlib import Path
from reprise.pipeline.shards import make_shard, shard_name
from reprise.pipeline.stage import run_stage

def main(stage):
    out = stage.out("data/out")
    for index in range(30):
        def make():
            with open("made.log", "a") as log:
                log.write(f"{index}\\n")
            time.sleep(0.02)
            return [(f"{index}.txt", b"x" * index)], [index]
        make_shard(out / shard_name(index), stage.scratch / f"{index}.json", make)
        while index == 10 and Path("slow.flag").exists():
            time.sleep(0.02)
    stage.out("data/table.csv").write_text("a,b")
    stage.write_metrics("metrics/count.json", {"shards": 30})

run_stage(main)
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A small repository with one stage, `count`; the current folder for this test."""
    for path, text in {
        "dvc.yaml": DVC,
        "params.yaml": PARAMS,
        "stages/count.py": SCRIPT,
        "src/lib.py": "x = 1\n",
        "data/in/a.txt": "a",
        "data/in/sub/b.txt": "b",
        "data/lstm": "l",
        "data/vae": "v",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "src/reprise").symlink_to(ROOT / "src/reprise")
    monkeypatch.chdir(tmp_path)
    for name in ("REPRISE_ENGINE", "REPRISE_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def start(**options) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "stages/count.py"], stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def made() -> int:
    return Path("made.log").read_text().count("\n") if Path("made.log").exists() else 0


def contents(folder: str) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def run_in_process(main, monkeypatch, name="count", *arguments: str) -> int:
    """`run_stage` as the script of that name would call it; returns the exit code."""
    monkeypatch.setattr(sys, "argv", [f"stages/{name}.py", *arguments])
    monkeypatch.setattr(stage_module, "_stop_with_parent", lambda: None)
    before = signal.getsignal(signal.SIGTERM)
    try:
        run_stage(main)
        return 0
    except SystemExit as end:
        return end.code
    finally:
        signal.signal(signal.SIGTERM, before)


# --- what is listed


def test_an_out_that_isn_t_listed_is_refused(repository):
    with pytest.raises(RepriseError, match="writes 'data/other' without listing it"):
        Stage("count").out("data/other")


def test_params_that_aren_t_listed_are_refused(repository):
    with pytest.raises(RepriseError, match="reads params 'compute' without listing it"):
        Stage("count").params(ComputeParams, "compute")


def test_a_key_that_is_listed_alone_is_read_alone(repository):
    @dataclass(frozen=True)
    class Music:
        tempo: int
        key: str

    assert Stage("count").param(Music, "music", "tempo") == 120
    for read, named in (("param", "music.key"), ("params", "music")):
        arguments = (Music, "music", "key") if read == "param" else (Music, "music")
        with pytest.raises(RepriseError, match=f"reads params '{named}' without listing it"):
            getattr(Stage("count"), read)(*arguments)


def test_an_unknown_stage_says_where_to_run(repository):
    with pytest.raises(ParamsError, match="no stage 'counting'"):
        Stage("counting")


# --- a stage for each item of a matrix


@dataclass(frozen=True)
class Width:
    width: int


def test_a_matrix_is_spread_as_dvc_spreads_it(repository):
    entries = stage_entries(Path("dvc.yaml"))
    assert list(entries) == ["count", "train@lstm", "train@vae"]
    assert entries["train@vae"] == {
        "cmd": "python stages/train.py vae",
        "deps": ["src/lib.py", "data/vae"],
        "params": ["models.vae"],
        "outs": [{"models/vae": {"cache": False}}],
    }
    assert "matrix" not in entries["count"]


TWO_KEYS = """
stages:
  train:
    matrix:
      model: [lstm, vae]
      corpus: [bach, folk]
    cmd: python train.py ${item.model} ${item.corpus}
    deps: ["data/${item.corpus}"]
"""


@pytest.mark.parametrize("text", [None, TWO_KEYS], ids=["this repository's", "two keys"])
def test_a_matrix_is_spread_as_dvc_reads_it(pytestconfig, tmp_path, text):
    from dvc.repo import Repo

    folder = pytestconfig.rootpath if text is None else tmp_path
    if text is not None:
        Repo.init(tmp_path, no_scm=True).close()
        (tmp_path / "dvc.yaml").write_text(text)
    with Repo(folder) as repo:
        expected = {stage.name: stage.cmd for stage in repo.index.stages}
    found = stage_entries(folder / "dvc.yaml")
    assert {name: entry["cmd"] for name, entry in found.items()} == expected
    if text is not None:
        assert list(found) == ["train@lstm-bach", "train@lstm-folk", "train@vae-bach", "train@vae-folk"]
        assert found["train@vae-bach"]["deps"] == ["data/bach"]


def test_a_stage_of_a_matrix_knows_its_item_and_its_params_alone(repository):
    stage = Stage("train@vae")
    assert (stage.name, stage.item, Stage("count").item) == ("train@vae", "vae", "")
    assert stage.params(Width, "models.vae") == Width(2)
    for section in ("models.lstm", "models"):
        with pytest.raises(RepriseError, match=f"stage train@vae reads params '{section}' without listing it"):
            stage.params(Width, section)
    with pytest.raises(RepriseError, match="writes 'models/lstm' without listing it"):
        stage.out("models/lstm")
    with pytest.raises(ParamsError, match="no stage 'train'"):
        Stage("train")


def test_the_key_of_an_item_follows_its_own_params_and_data(repository):
    keys = {item: Stage(f"train@{item}").key for item in ("lstm", "vae")}
    assert keys["lstm"] != keys["vae"]
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("{width: 1}", "{width: 3}"))
    assert Stage("train@lstm").key != keys["lstm"] and Stage("train@vae").key == keys["vae"]
    Path("data/vae").write_text("w")
    assert Stage("train@vae").key != keys["vae"]


def test_items_are_run_and_published_by_their_argument(repository, monkeypatch, capsys):
    def main(stage: Stage) -> None:
        stage.out(f"models/{stage.item}").write_text(stage.item)

    assert run_in_process(main, monkeypatch, "train", "vae") == 0
    assert contents("models") == {"models/vae": b"vae"}
    assert "train@vae: made models/vae in 0 s\n" in capsys.readouterr().err
    assert run_in_process(main, monkeypatch, "train", "gru") == 2
    assert "train@gru: dvc.yaml: has no stage 'train@gru'" in capsys.readouterr().err


# --- the key


@pytest.mark.parametrize(
    ("path", "old", "new", "changes"),
    [
        ("src/lib.py", "x = 1", "x = 2", True),
        ("stages/count.py", "range(30)", "range(31)", True),
        ("data/in/a.txt", "a", "c", True),
        ("data/in/sub/b.txt", "b", "", True),
        ("params.yaml", "tempo: 120", "tempo: 121", True),
        ("params.yaml", "a: 1", "a: 1.5", True),
        ("params.yaml", "{a: 1}", "{a: 1, b: 2}", True),
        ("dvc.yaml", "cmd: python", "cmd: python -O", True),
        ("params.yaml", "key: C", "key: D", False),
        ("params.yaml", "engine: serial", "engine: dask", False),
        ("params.yaml", "workers: 1", "workers: 8", False),
    ],
)
def test_the_key_follows_code_data_and_params_but_not_compute(repository, path, old, new, changes):
    before = Stage("count").key
    text = (repository / path).read_text()
    assert old in text
    (repository / path).write_text(text.replace(old, new, 1))
    assert (Stage("count").key != before) == changes


def test_the_key_knows_file_names_but_not_times_nor_what_dvc_ignores(repository):
    before = Stage("count").key
    os.utime("data/in/a.txt", (0, 0))
    Path("data/in/__pycache__").mkdir()
    Path("data/in/__pycache__/a.pyc").write_text("x")
    Path("data/in/.x.py.swp").write_text("x")
    Path("data/in/x.py~").write_text("x")
    assert Stage("count").key == before
    ignored = (ROOT / ".dvcignore").read_text().replace("/", "").split()
    assert set(IGNORED) <= set(ignored)
    Path("data/in/a.txt").rename("data/in/c.txt")
    assert Stage("count").key != before


@pytest.mark.parametrize("path", ["src/lib.py", "data/in"])
def test_a_missing_dependency_is_named(repository, path):
    (repository / path).rename(repository / "gone")
    with pytest.raises(RepriseError, match=f"{path}.*run the stage that makes it"):
        Stage("count")


# --- what a result belongs to: its own folder's code, the pinned versions, the data that dvc.lock records


def test_another_folder_s_code_is_refused(repository, monkeypatch, capsys):
    """As an editable installation brings it into the folder of a queued experiment."""
    Path("src/reprise").unlink()
    shutil.copytree(ROOT / "src/reprise", "src/reprise", ignore=shutil.ignore_patterns("__pycache__"))
    assert run_in_process(lambda stage: pytest.fail("ran"), monkeypatch) == 1
    error = capsys.readouterr().err
    assert str(ROOT / "src/reprise") in error and str(repository / "src/reprise") in error and "PYTHONPATH=src" in error


def test_the_pins_are_what_is_installed():
    for file in (ROOT / "requirements").glob("*.txt"):
        if file.name != "sharing.txt":
            assert read_pins(file) == {package: installed_version(package) for package in read_pins(file)}


@pytest.mark.parametrize(
    ("pin", "found"), [("numpy==1.0", installed_version("numpy")), ("no_such_package==2.0", "none")]
)
def test_another_version_than_the_pinned_one_is_refused(repository, monkeypatch, capsys, pin, found):
    Path("requirements").mkdir()
    Path("requirements/arrays.txt").write_text(f"# as pinned\n{pin}  # arrays\n")
    Path("dvc.yaml").write_text(DVC.replace("[stages/count.py,", "[stages/count.py, requirements/arrays.txt,"))
    assert run_in_process(lambda stage: pytest.fail("ran"), monkeypatch) == 1
    error = capsys.readouterr().err
    assert f"requirements/arrays.txt pins {pin}, but {found} is installed" in error and "pip install -r" in error


def test_a_build_s_suffix_is_no_other_version(repository, monkeypatch):
    Path("requirements").mkdir()
    Path("requirements/arrays.txt").write_text("numpy==2.4.6\n")
    Path("dvc.yaml").write_text(DVC.replace("[stages/count.py,", "[stages/count.py, requirements/arrays.txt,"))
    monkeypatch.setattr("importlib.metadata.version", lambda package: "2.4.6+cpu")
    Stage("count")


def test_hashes_are_dvc_s(repository):
    """Against DVC's own hashing of a file and of a folder."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs import LocalFileSystem

    Path("data/in/sub-a.txt").write_text("sorts before sub/b.txt, though not as a list of parts")
    Path("data/in/ü.txt").write_text("ü")
    cache = HashFileDB(LocalFileSystem(), str(repository / "cache"))
    for path in ("data/lstm", "data/in"):
        _, _, made = build(cache, str(repository / path), LocalFileSystem(), "md5", dry_run=True)
        assert dvc_hash(Path(path)) == made.hash_info.value


TWO_STAGES = """
stages:
  make:
    cmd: mkdir -p data/made && echo one >data/made/1.txt && echo two >data/made/2.txt && echo x >data/x
    outs: [data/made, data/x]
  use:
    cmd: python stages/use.py
    deps: [data/made, data/x]
    outs: [data/used]
"""


@pytest.fixture(scope="module")
def make_has_run(tmp_path_factory):
    """A DVC repository in which `make` has run."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "dvc.yaml").write_text(TWO_STAGES)
    for command in ("git init --quiet", "dvc init --quiet", "dvc repro --quiet make"):
        subprocess.run(command.split(), cwd=folder, check=True)
    return folder


@pytest.fixture
def two_stages(repository, make_has_run):
    """A repository whose stage `make` has run: it leaves a folder and a file, which `use` reads."""
    shutil.copytree(make_has_run, repository, symlinks=True, dirs_exist_ok=True)
    return repository


def test_what_a_stage_that_is_gone_once_made_is_no_record(two_stages):
    """DVC keeps it in dvc.lock; the stage that makes it now may have made something else."""
    records = recorded_outs()
    assert {path: stage for path, (stage, _) in records.items()} == {"data/made": "make", "data/x": "make"}
    lock = Path("dvc.lock")
    lock.write_text(lock.read_text() + "  older:\n    cmd: x\n    outs:\n    - path: data/x\n      md5: '0'\n")
    assert recorded_outs() == records


def use(stage: Stage) -> None:
    stage.out("data/used").write_text(Path("data/made/2.txt").read_text())


@pytest.mark.parametrize("path", ["data/made/2.txt", "data/x"])
def test_what_was_damaged_since_it_was_made_is_refused_and_the_remedy_works(two_stages, monkeypatch, capsys, path):
    assert run_in_process(use, monkeypatch, "use") == 0
    made = Path(path).read_bytes()
    md5 = hashlib.md5(made).hexdigest()
    cached = Path(".dvc/cache/files/md5", md5[:2], md5[2:])
    for file in (Path(path), cached):  # bit rot: the cache's mode still says that nobody wrote to it
        file.chmod(0o644)
        file.write_bytes(b"damage\n")
        file.chmod(0o444)
    assert run_in_process(use, monkeypatch, "use") == 1
    error = capsys.readouterr().err
    assert f"{path} isn't what dvc.lock records of stage make" in error
    remedy = re.search(r"(rm -rf .*) ; then", error)[1]
    assert remedy == f"rm -rf {path} {cached}"
    subprocess.run(remedy.split(), check=True)
    subprocess.run(["dvc", "repro", "--quiet", "make"], check=True)
    assert Path(path).read_bytes() == made and run_in_process(use, monkeypatch, "use") == 0


def test_a_damaged_folder_is_named_where_nobody_knows_its_files(two_stages, monkeypatch, capsys):
    shutil.rmtree(".dvc/cache")
    Path("data/made/1.txt").chmod(0o644)
    Path("data/made/1.txt").write_text("damage\n")
    assert run_in_process(use, monkeypatch, "use") == 1
    assert "data/made isn't what dvc.lock records of stage make" in capsys.readouterr().err


# --- outs


def test_outs_appear_only_at_the_end(repository):
    Path("slow.flag").touch()
    process = start()
    wait_for(lambda: made() == 11)
    assert not Path("data/out").exists() and not Path("data/table.csv").exists() and not Path("metrics").exists()
    Path("slow.flag").unlink()
    assert process.wait(20) == 0
    assert len(contents("data/out")) == 30 and Path("data/table.csv").read_text() == "a,b"
    assert json.loads(Path("metrics/count.json").read_text()) == {"shards": 30}
    assert not (stage_module.WORK / "count").exists()


def test_a_stage_that_forgets_an_out_publishes_nothing_in_its_place(repository, monkeypatch, capsys):
    assert run_in_process(lambda stage: None, monkeypatch) == 1
    assert "did not write 'data/out'" in capsys.readouterr().err and not Path("data/out").exists()


def test_new_outs_replace_old_ones_whole(repository):
    Path("data/out").mkdir()
    Path("data/out/stale.tar").touch()
    assert start().wait(20) == 0
    assert "data/out/stale.tar" not in contents("data/out")


def test_what_each_stage_ran_on_is_noted_beside_the_metrics(repository, monkeypatch):
    """In no out: where the same bytes were made must not make them differ."""

    def main(stage):
        for path in ("data/out", "data/table.csv", "metrics/count.json"):
            stage.out(path).write_text("{}")

    Path("metrics").mkdir()
    Path("metrics/machines.json").write_text('{"train@vae": {"cpu": "x"}, "gone": {"cpu": "x"}}')
    assert run_in_process(main, monkeypatch) == 0
    noted = json.loads(Path("metrics/machines.json").read_text())
    assert list(noted) == ["count", "train@vae"] and noted["train@vae"] == {"cpu": "x"}, "dvc.yaml has no stage `gone`"
    assert noted["count"]["cpu"] and noted["count"]["versions"]["python"] == platform.python_version()
    assert noted["count"]["versions"]["numpy"] == np.__version__


@pytest.fixture
def far_data(monkeypatch):
    """Files and folders can't be renamed into data/, as if it were a file system of its own."""
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if target.parts[0] == "data" and path.parts[0] != "data":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", replace)


def test_outs_reach_another_file_system(repository, monkeypatch, far_data):
    def main(stage: Stage) -> None:
        (stage.out("data/out") / "sub").mkdir(parents=True)
        (stage.out("data/out") / "sub/a.txt").write_text("a")
        stage.out("data/table.csv").write_text("t")
        stage.write_metrics("metrics/count.json", {})

    Path("data/.out.partial").mkdir()  # left by a run that was killed
    Path("data/.out.partial/b.txt").touch()
    assert run_in_process(main, monkeypatch) == 0
    assert contents("data/out") == {"data/out/sub/a.txt": b"a"} and Path("data/table.csv").read_text() == "t"
    assert not list(Path("data").glob(".*")) and not (stage_module.WORK / "count").exists()


def test_an_error_of_ours_is_one_line_and_an_exit_code(repository, monkeypatch, capsys):
    def main(stage):
        raise ParamsError("clips.a: is 1; it must be 2")

    assert run_in_process(main, monkeypatch) == 2
    assert capsys.readouterr().err == "error: count: clips.a: is 1; it must be 2\n"


def test_a_full_disk_is_explained_and_other_failures_are_not_hidden(repository, monkeypatch, capsys):
    def fill(stage):
        raise OSError(28, "No space left on device", "x.partial")

    assert run_in_process(fill, monkeypatch) == 1
    assert "no space left on the disk" in capsys.readouterr().err and not Path("data/out").exists()

    def fail(stage):
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        run_in_process(fail, monkeypatch)


# --- stopped, killed, started twice


@pytest.mark.parametrize("shards", [1, 11])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(repository, shards):
    Path("slow.flag").touch()
    process = start()
    wait_for(lambda: made() >= shards)
    process.kill()
    process.wait()
    assert not Path("data/out").exists()
    Path("slow.flag").unlink()
    process = start()
    assert process.wait(20) == 0 and "goes on from what an earlier run left" in process.stderr.read()
    assert made() in (30, 31), "only the shard at work when it was killed is made again"
    for index in range(30):
        write_shard(Path("undisturbed", shard_name(index)), [(f"{index}.txt", b"x" * index)])
    assert [*contents("data/out").values()] == [*contents("undisturbed").values()]


def test_work_of_other_code_is_not_resumed(repository):
    Path("slow.flag").touch()
    process = start()
    wait_for(lambda: made() == 11)
    process.kill()
    process.wait()
    Path("slow.flag").unlink()
    Path("src/lib.py").write_text("x = 2\n")
    assert start().wait(20) == 0
    assert made() == 41


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_stage_ends_with_the_usual_code(repository, sign, code):
    Path("slow.flag").touch()
    process = start()
    wait_for(lambda: made() == 11)
    process.send_signal(sign)
    assert process.wait(20) == code and "Traceback" not in process.stderr.read()
    assert not Path("data/out").exists()


def test_a_second_run_waits_then_says_who_is_at_work(repository, monkeypatch, capsys):
    Path("slow.flag").touch()
    first = start()
    wait_for(lambda: made() == 11)
    monkeypatch.setattr(stage_module, "LOCK_WAIT_S", 0.3)
    began = time.monotonic()
    assert run_in_process(lambda stage: pytest.fail("two runs at once"), monkeypatch) == 1
    assert 0.3 <= time.monotonic() - began < 5
    error = capsys.readouterr().err
    assert f"waits for process {first.pid}" in error and f"still at work as process {first.pid}" in error
    Path("slow.flag").unlink()
    assert first.wait(20) == 0 and len(contents("data/out")) == 30


def test_a_second_run_goes_on_when_the_first_one_ends(repository):
    Path("slow.flag").touch()
    first = start()
    wait_for(lambda: made() == 11)
    second = start()
    time.sleep(1.0)
    assert second.poll() is None
    Path("slow.flag").unlink()
    assert first.wait(20) == 0 and second.wait(20) == 0
    assert len(contents("data/out")) == 30


STARTED = {
    "directly": "[sys.executable, 'stages/count.py']",
    "by a shell that waits": "['sh', '-c', sys.executable + ' stages/count.py; exit $?']",
}


def parent_of(name: str, command: str) -> list[str]:
    """A command that starts `command`, Python source of a list, and waits for it."""
    Path(name).write_text(f"import subprocess, sys\nsubprocess.run({command})\n")
    return [sys.executable, name]


@pytest.mark.parametrize("command", STARTED.values(), ids=STARTED.keys())
def test_a_stage_stops_when_what_started_it_is_gone(repository, command):
    Path("slow.flag").touch()
    parent = subprocess.Popen(parent_of("parent.py", command))
    wait_for(lambda: made() == 11)
    child = int((stage_module.WORK / "count.pid").read_text())
    parent.kill()
    parent.wait()
    wait_for(
        lambda: not Path(f"/proc/{child}").exists() or "\nState:\tZ" in Path(f"/proc/{child}/status").read_text(), 5
    )
    Path("slow.flag").unlink()
    assert start().wait(20) == 0 and made() == 30


def test_a_stage_goes_on_when_only_its_grandparent_is_gone(repository):
    """As in a terminal that is closed over `nohup dvc repro`."""
    Path("slow.flag").touch()
    grandparent = subprocess.Popen(parent_of("above.py", repr(parent_of("parent.py", STARTED["directly"]))))
    wait_for(lambda: made() == 11)
    grandparent.kill()
    grandparent.wait()
    time.sleep(1.5)
    Path("slow.flag").unlink()
    wait_for(lambda: made() == 30 and Path("data/out").is_dir())

"""`run`, `test` and what they share, in a folder with stand-ins for the system: a fake apt-get, ldconfig, Python.

The stand-ins write down what they were asked; nothing of the real system is installed or looked for, but for the fonts.
"""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from reprise.audio.fonts import FONTS, FontParams
from reprise.errors import ParamsError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import load_section, read_yaml
from reprise.recognition.model import Recognizer
from reprise.sections import sections
from scripts import profile_clone

LINT = "python scripts/lint.py"
PYTEST = "python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal"
SIDE_BY_SIDE = "python scripts/side_by_side.py "
SCRIPTS = ("run", "test", ".ci/run", "scripts/setup.sh")

FAKES = {
    "id": "echo ${FAKE_UID:-0}",
    "sudo": "exit 1",
    "ldconfig": '[ ! -e "$WORLD/fluidsynth" ] || echo "libfluidsynth.so.3 (libc6) => /usr/lib/libfluidsynth.so.3"',
    "apt-get": 'echo "apt-get $*" >>"$WORLD/log"; case "$*" in *install*) touch "$WORLD/fluidsynth";; esac',
    "python": """
        case "$*" in
        "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$WORLD/bin/dvc" "$3/bin/dvc" ;;
        *"pip"*"-r requirements.txt"*) [ ! -e "$WORLD/offline" ] || exit 1 ;;
        esac
        case "$*" in "scripts/guard.py before"*) echo "PYTHONPATH=$PYTHONPATH" >>"$WORLD/log" ;; esac
        case "$*" in "-c "* | -V) ;; *) echo "python $*" >>"$WORLD/log" ;; esac
        case "$*" in "scripts/guard.py ${FAKE_GUARD_REFUSES:-nothing}"*) exit 1 ;; esac
        case "$*" in "scripts/side_by_side.py"*)
            cat "$WORLD/stages-made" >"$2" 2>/dev/null
            exit ${FAKE_STAGES_EXIT:-0} ;;
        esac""",
    "dvc": 'echo "dvc $*" >>"$WORLD/log"; cat "$WORLD/dvc-says" 2>/dev/null; exit ${FAKE_DVC_EXIT:-0}',
}


class World:
    """A folder with the scripts, and a PATH that begins with the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repository = folder, folder / "repository"
        pins = [path.relative_to(ROOT) for path in (ROOT / "requirements").glob("*.txt")]
        for file in (*SCRIPTS, "requirements.txt", *pins, "pyproject.toml", "profiles/smoke.yaml"):
            (self.repository / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, self.repository / file)
        (self.repository / ".git").mkdir()
        (folder / "fluidsynth").touch()
        (folder / "fonts").mkdir()
        for font in FONTS.values():
            (folder / "fonts" / Path(font.paths[0]).name).touch()
        (folder / "bin").mkdir()
        for name, text in FAKES.items():
            path = folder / "bin" / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        self.variables = {"REPRISE_PYTHON": str(folder / "bin" / "python"), "REPRISE_FONTS": str(folder / "fonts")}

    def call(self, script: str, *args: str, **variables: str) -> subprocess.CompletedProcess:
        (self.folder / "log").write_text("")
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "WORLD": str(self.folder), **self.variables, **variables}
        command = [self.repository / script, *args]
        return subprocess.run(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )

    @property
    def log(self) -> list[str]:
        """What the stand-ins were asked, in order."""
        return (self.folder / "log").read_text().splitlines()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_posix_shell(script):
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", ROOT / script], check=True)
    text = (ROOT / script).read_text()
    bashisms = r"\[\[|\bfunction \w|\blocal \w|\bsource |<<<|\$'|\bpipefail\b|&>|^declare |\$\{\w+[/^,:]\w*\}"
    assert not re.search(bashisms, text, re.MULTILINE)
    if script != "scripts/setup.sh":
        assert text.startswith("#!/bin/sh\n") and "set -eu" in text
        assert (ROOT / script).stat().st_mode & stat.S_IXUSR


def test_setup_looks_for_the_default_fonts_where_the_registry_does():
    table = re.search(r"^fonts='\n(.*?)'", (ROOT / "scripts/setup.sh").read_text(), re.DOTALL | re.MULTILINE)[1]
    listed = {tuple(line.split()) for line in table.splitlines()}
    fonts = [FONTS[name] for name in load_section(FontParams, "fonts", ROOT / "params.yaml").all]
    assert listed == {(font.debian_package, *font.paths) for font in fonts if font.debian_package}


def test_the_first_call_sets_up_and_the_second_does_nothing_twice(world):
    first = world.call("test", "-k", "shards")
    assert first.returncode == 0, first.stderr
    assert [line.split(" --disable-pip-version-check")[0] for line in world.log] == [
        "python -m venv .venv",
        "python -m pip",
        "python -m pip",
        LINT,
        f"{PYTEST} -k shards",
    ]
    assert "-r requirements.txt" in world.log[1] and "--no-deps --editable ." in world.log[2]
    assert len([line for line in first.stderr.splitlines() if line.startswith("-- ")]) == 3
    second = world.call("test")
    assert (second.returncode, second.stderr, world.log) == (0, "", [LINT, PYTEST])


@pytest.mark.parametrize("file", ["requirements.txt", "requirements/arrays.txt"])
def test_new_requirements_are_installed_into_the_same_venv(world, file):
    world.call("test")
    with open(world.repository / file, "a") as file:
        file.write("another==1\n")
    world.call("test")
    assert "python -m venv .venv" not in world.log and len(world.log) == 4


def test_a_half_made_venv_is_made_again(world):
    (world.folder / "offline").touch()
    broken = world.call("test")
    assert broken.returncode == 1 and "error: pip failed" in broken.stderr and "pytest" not in "".join(world.log)
    (world.folder / "offline").unlink()
    (world.repository / ".venv" / "leftover").touch()
    assert world.call("test").returncode == 0
    assert world.log[0] == "python -m venv .venv" and not (world.repository / ".venv" / "leftover").exists()


def test_a_venv_whose_python_is_gone_or_that_was_moved_is_made_again(world):
    world.call("test")
    (world.repository / ".venv/bin/python").unlink()
    assert world.call("test").returncode == 0 and world.log[0] == "python -m venv .venv"
    world.repository = world.repository.rename(world.folder / "elsewhere")
    assert world.call("test").returncode == 0 and world.log[0] == "python -m venv .venv"


def test_root_gets_missing_packages_from_apt(world):
    (world.folder / "fluidsynth").unlink()
    done = world.call("test")
    assert done.returncode == 0 and "installing system packages: libfluidsynth3" in done.stderr
    assert world.log[:2] == ["apt-get update", "apt-get install -y --no-install-recommends libfluidsynth3"]
    assert world.call("test").returncode == 0 and "apt-get" not in "".join(world.log)


def test_without_root_the_one_command_for_an_administrator_is_printed(world):
    (world.folder / "fluidsynth").unlink()
    failed = world.call("run", FAKE_UID="1000")
    assert failed.returncode == 1 and world.log == []
    assert failed.stderr.count("\n") == 1
    command = "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends libfluidsynth3'"
    assert command in failed.stderr


def test_without_root_nothing_is_asked_where_nothing_is_missing(world):
    assert world.call("test", FAKE_UID="1000").returncode == 0


def test_a_missing_font_is_a_missing_package(world):
    """Only where the system lacks it too: the folder REPRISE_FONTS is looked into beside the system's."""
    missing = next(font for font in FONTS.values() if font.debian_package)
    places = "\n".join(f"{font.debian_package} /nowhere/{Path(font.paths[0]).name}" for font in [missing])
    setup = world.repository / "scripts/setup.sh"
    setup.write_text(re.sub(r"^fonts='\n.*?'", f"fonts='\n{places}\n'", setup.read_text(), flags=re.S | re.M))
    assert world.call("test", FAKE_UID="1000").returncode == 0
    failed = world.call("test", FAKE_UID="1000", REPRISE_FONTS="/nowhere")
    assert failed.returncode == 1 and f"install -y --no-install-recommends {missing.debian_package}'" in failed.stderr


def test_no_python_is_an_error_that_says_what_to_install(world):
    failed = world.call("test", REPRISE_PYTHON="/nowhere/python")
    assert failed.returncode == 1 and "no Python 3.11 or newer" in failed.stderr and world.log == []


def test_without_git_metadata_the_way_to_get_it_is_named(world):
    (world.repository / ".git").rmdir()
    failed = world.call("run")
    assert failed.returncode == 1 and "git clone" in failed.stderr


UP_TO_DATE = "Data and pipelines are up to date.\n"


@pytest.mark.parametrize(
    ("made", "dvc_says", "tells"),
    [
        ("", UP_TO_DATE, "-- Everything is up to date."),
        ("", "Running stage 'a':\n", "-- The pipeline is done."),
        ("a\n", UP_TO_DATE, "-- The pipeline is done."),
    ],
)
def test_run_makes_what_is_stale_side_by_side_then_what_is_left_and_says_where_to_look(world, made, dvc_says, tells):
    (world.folder / "stages-made").write_text(made)
    (world.folder / "dvc-says").write_text(dvc_says)
    done = world.call("run", TMPDIR=str(world.folder))
    assert done.returncode == 0 and done.stdout == dvc_says
    before, side_by_side, *after = world.log[-4:]
    assert before == "python scripts/guard.py before repro" and side_by_side.startswith(SIDE_BY_SIDE)
    assert after == ["dvc repro", "python scripts/guard.py after repro"]
    assert tells in done.stderr.splitlines()
    assert all(place in done.stderr for place in ("metrics/", "plots/", "data/clips/samples/"))
    assert not list(world.folder.glob("tmp.*")), "what it wrote down for itself is gone"


def test_a_profile_runs_side_by_side_in_its_folder(world):
    (world.repository / ".reprise/profiles/smoke").mkdir(parents=True)
    done = world.call("run", "--profile", "smoke")
    (line,) = [line for line in world.log if line.startswith(SIDE_BY_SIDE)]
    assert done.returncode == 0 and line.endswith(" .reprise/profiles/smoke/")
    assert "-- numbers:  .reprise/profiles/smoke/metrics/, or ./run --profile smoke metrics show" in done.stderr


@pytest.mark.parametrize("variable", ["FAKE_STAGES_EXIT", "FAKE_DVC_EXIT"])
def test_run_passes_on_the_exit_code_of_what_failed(world, variable):
    failed = world.call("run", **{variable: "7"})
    assert failed.returncode == 7 and "up to date" not in failed.stderr and "the pipeline stopped" in failed.stderr
    assert ("dvc repro" in world.log) == (variable == "FAKE_DVC_EXIT")
    assert "python scripts/guard.py after repro" not in world.log


@pytest.mark.parametrize("args", [("exp", "run", "-S", "recognizer.epochs=5"), ("repro", "--force"), ("repro",)])
def test_run_hands_arguments_to_dvc_and_looks_after_what_it_made(world, args):
    done = world.call("run", *args)
    command = " ".join(args)
    expected = [
        f"python scripts/guard.py before {command}",
        f"dvc {command}",
        f"python scripts/guard.py after {command}",
    ]
    assert done.returncode == 0 and world.log[-3:] == expected
    assert world.call("run", *args, FAKE_DVC_EXIT="7").returncode == 7


def test_a_command_that_makes_nothing_is_dvc_s_own(world):
    assert world.call("run", "metrics", "show", FAKE_DVC_EXIT="7").returncode == 7
    assert world.log[-1] == "dvc metrics show"


@pytest.mark.parametrize("args", [(), ("repro",)])
def test_what_the_guard_refuses_ends_the_run(world, args):
    refused = world.call("run", *args, FAKE_GUARD_REFUSES="before")
    assert refused.returncode == 1 and "dvc" not in " ".join(world.log)
    refused = world.call("run", *args, FAKE_GUARD_REFUSES="after")
    assert refused.returncode == 1 and "The pipeline is done" not in refused.stderr and "dvc repro" in world.log


def test_the_code_that_runs_is_that_of_the_folder_where_it_runs(world):
    """By a relative path, which holds in the folder of a queued experiment too; before what the user's has."""
    world.call("run", "exp", "run", "--queue", PYTHONPATH="/else/where")
    assert "PYTHONPATH=src:/else/where" in world.log
    world.call("run", PYTHONPATH="")
    assert "PYTHONPATH=src" in world.log


# --- profiles


@pytest.mark.parametrize("name", [path.stem for path in (ROOT / "profiles").glob("*.yaml")])
def test_profiles_fit_params_yaml_and_keep_its_comments(tmp_path, name):
    params = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", params)
    profile = profile_clone.read_profile(ROOT, name)
    profile_clone.overlay(params, profile, f"profiles/{name}.yaml")
    loaded = {section: load_section(kind, section, params) for section, kind in sections().items()}
    assert loaded["clips"].count == profile["clips"]["count"]
    network = Recognizer(loaded["recognizer"].network, loaded["spectrogram"].n_mels, len(INSTRUMENT_NAMES))
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_000_000
    assert read_yaml(params)["clips"]["duration_s"] == read_yaml(ROOT / "params.yaml")["clips"]["duration_s"]
    assert params.read_text().count("#") == (ROOT / "params.yaml").read_text().count("#")


def test_smoke_makes_every_model_small():
    sizes = profile_clone.read_profile(ROOT, "smoke")["models"]
    assert sizes.keys() == read_yaml(ROOT / "params.yaml")["models"].keys()


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"clips": {"cuont": 5}}, "profiles/x.yaml: clips.cuont: unknown key; params.yaml has seed, count"),
        ({"recogniser": {}}, "profiles/x.yaml: recogniser: unknown key"),
        ({"recognizer": {"network": {"depth": 3}}}, "profiles/x.yaml: recognizer.network.depth: unknown key"),
        ({"clips": 5}, "profiles/x.yaml: clips: is 5; it must be a mapping of keys"),
        ({"clips": {"count": {"train": 5}}}, "profiles/x.yaml: clips.count: is {'train': 5}; it must be a value"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused_by_name(tmp_path, profile, message):
    params = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", params)
    with pytest.raises(ParamsError, match=re.escape(message)):
        profile_clone.overlay(params, profile, "profiles/x.yaml")
    assert params.read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ParamsError, match="profile 'huge': unknown; the known ones are large, smoke"):
        profile_clone.read_profile(ROOT, "huge")


def test_a_profile_s_clone_follows_the_work_tree_and_keeps_its_own_results(tmp_path):
    root, clone = tmp_path / "root", tmp_path / "clone"
    profile_clone.git(tmp_path, "clone", "--quiet", str(ROOT), str(root))
    for file in ("params.yaml", "dvc.yaml", "profiles/smoke.yaml"):
        shutil.copy(ROOT / file, root / file)
    (root / "src/reprise/new.py").write_text("new = 1\n")
    (root / "README.md").unlink()
    (root / "dvc.lock").write_text("the work tree's\n")
    (root / "mlflow.db").write_text("ignored\n")
    before = (root / "params.yaml").read_bytes()
    profile_clone.make_clone(root, "smoke", clone)
    assert (clone / "src/reprise/new.py").read_text() == "new = 1\n"
    assert not any((clone / file).exists() for file in ("README.md", "dvc.lock", "mlflow.db"))
    assert read_yaml(clone / "params.yaml")["clips"]["count"] == 240

    (clone / "dvc.lock").write_text("the clone's\n")
    (clone / "metrics/clips.json").write_text("the clone's\n")
    (clone / "metrics/machines.json").write_text("the clone's\n")
    (root / "metrics/machines.json").write_text("the work tree's\n")
    (root / "src/reprise/new.py").unlink()
    (root / "src/reprise/errors.py").write_text("edited\n")
    profile_clone.make_clone(root, "smoke", clone)
    assert not (clone / "src/reprise/new.py").exists()
    assert (clone / "src/reprise/errors.py").read_text() == "edited\n"
    for file in ("dvc.lock", "metrics/clips.json", "metrics/machines.json"):
        assert (clone / file).read_text() == "the clone's\n"
    assert (root / "params.yaml").read_bytes() == before and (root / "dvc.lock").read_text() == "the work tree's\n"

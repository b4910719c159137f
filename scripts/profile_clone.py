"""Make, or bring up to date, the throwaway clone in which a profile runs: `profile_clone.py NAME FOLDER`.

The clone holds the files of the work tree as they are (tracked or not, but never ignored ones), with params.yaml
overlaid by profiles/NAME.yaml. What the pipeline writes, dvc.lock, metrics and plots among it, is never copied over:
the clone keeps its own, so a second run there has as little to do as in the work tree, which nothing here touches.
"""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from reprise.errors import BadInput, ParamsError, RepriseError
from reprise.params import read_yaml
from reprise.pipeline.dvc_files import DVC_LOCK
from reprise.pipeline.machine import MACHINES

ROOT = Path(__file__).resolve().parent.parent
PARAMS = "params.yaml"


def make_clone(root: Path, name: str, folder: Path) -> None:
    """Clone the work tree `root` into `folder`, or refresh the clone there, for profile `name`.

    Raises:
        ParamsError: there is no such profile, or it has a key that params.yaml lacks.
    """
    profile = read_profile(root, name)
    clone_work_tree(root, folder)
    overlay(folder / PARAMS, profile, f"profiles/{name}.yaml")


def clone_work_tree(root: Path, folder: Path) -> None:
    """Clone the repository `root` into `folder`, or refresh the clone there, with the files of its work tree."""
    if not (folder / ".git").exists():
        shutil.rmtree(folder, ignore_errors=True)
        git(root, "clone", "--quiet", str(root), str(folder))
        (folder / "dvc.lock").unlink(missing_ok=True)
    else:  # the files stay; the commit that they are compared with moves on
        git(folder, "fetch", "--quiet", str(root), "HEAD")
        git(folder, "reset", "--quiet", "FETCH_HEAD")
    copy_work_tree(root, folder)


def read_profile(root: Path, name: str) -> dict:
    """The overlay `profiles/NAME.yaml`.

    Raises:
        ParamsError: it is missing or no YAML mapping.
    """
    known = sorted(path.stem for path in (root / "profiles").glob("*.yaml"))
    if name not in known:
        raise ParamsError(f"profile '{name}': unknown; the known ones are {', '.join(known)}")
    return read_yaml(root / "profiles" / f"{name}.yaml")


def copy_work_tree(root: Path, folder: Path) -> None:
    """Give `folder` the files of the work tree `root`; remove those that the work tree no longer has."""
    written = {DVC_LOCK, MACHINES, *written_by_stages(root / "dvc.yaml")}

    def files(repository: Path) -> set[Path]:
        listed = git(repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        paths = {Path(path) for path in listed if path and (repository / path).is_file()}
        return {path for path in paths if written.isdisjoint((path, *path.parents))}

    wanted = files(root)
    for path in files(folder) - wanted:
        (folder / path).unlink()
    for path in sorted(wanted):
        target = folder / path
        if not target.is_file() or not filecmp.cmp(root / path, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, target)


def written_by_stages(dvc_yaml: Path) -> set[Path]:
    """The outs, metrics and plots of every stage; of a templated path, the part before the template."""
    stages = read_yaml(dvc_yaml).get("stages", {}).values()
    items = [item for stage in stages for kind in ("outs", "metrics", "plots") for item in stage.get(kind, [])]
    paths = (next(iter(item)) if isinstance(item, dict) else item for item in items)
    return {Path(path if "${" not in path else path.split("${")[0].rpartition("/")[0]) for path in paths}


def overlay(path: Path, profile: dict, source: str) -> None:
    """Rewrite the YAML file `path` with the values of `profile`; its comments stay.

    Raises:
        ParamsError: `profile`, which `source` names in messages, doesn't fit the file.
    """
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    params = yaml.load(path.read_text(encoding="utf-8"))
    replace_values(params, profile, f"{source}: ")
    with open(path, "w", encoding="utf-8") as file:
        yaml.dump(params, file)


def replace_values(params: dict, profile: dict, where: str) -> None:
    """Set each leaf of `profile` in `params`; lists are leaves."""
    for key, value in profile.items():
        if key not in params:
            raise ParamsError(f"{where}{key}: unknown key; params.yaml has {', '.join(map(str, params))} there")
        if isinstance(params[key], dict) != isinstance(value, dict):
            expected = "a mapping of keys" if isinstance(params[key], dict) else "a value, as in params.yaml"
            raise ParamsError(f"{where}{key}: is {value!r}; it must be {expected}")
        if isinstance(value, dict):
            replace_values(params[key], value, f"{where}{key}.")
        else:
            params[key] = in_one_line(value) if isinstance(value, list) else value


def in_one_line(values: list) -> CommentedSeq:
    """A list that is written as [a, b], as params.yaml writes its lists."""
    sequence = CommentedSeq(values)
    sequence.fa.set_flow_style()
    return sequence


def git(folder: Path, *args: str) -> str:
    """What a git command prints.

    Raises:
        RepriseError: it failed.
    """
    done = subprocess.run(["git", "-C", str(folder), *args], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RepriseError(f"git {args[0]} failed in {folder}: {done.stderr.strip()}")
    return done.stdout


def main() -> None:
    if len(sys.argv) != 3:
        raise BadInput("usage: profile_clone.py NAME FOLDER")
    make_clone(ROOT, sys.argv[1], Path(sys.argv[2]).resolve())


if __name__ == "__main__":
    try:
        main()
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

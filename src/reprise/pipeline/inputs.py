"""What a stage's result depends on, hashed as DVC hashes it, and held against what dvc.lock records.

DVC trusts its cache by file mode and time: a damaged object passes as up to date, and is pushed and pulled as such.
A stage reads all of its dependencies anyway to name its work folder, so it compares them with the lock.
"""

import hashlib
import json
import shlex
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from reprise.errors import RepriseError
from reprise.params import PARAMS_FILE, read_yaml
from reprise.pipeline.dvc_files import listed_paths, recorded_outs

IGNORED = ("__pycache__", ".*.sw?", "*~", ".DS_Store")  # bytecode, and what editors and systems leave; as in .dvcignore


def input_hashes(entry: dict) -> dict[str, str]:
    """A hash of all that a stage's result depends on: its command, each dependency (code or data), each param."""
    hashes = {"cmd": hashlib.sha256(entry["cmd"].encode()).hexdigest()}
    for dep in listed_paths(entry, "deps"):
        hashes[dep] = dvc_hash(Path(dep))
    content = read_yaml(PARAMS_FILE)
    for param in entry.get("params", []):
        value: object = content
        for part in str(param).split("."):
            value = value.get(part) if isinstance(value, dict) else None
        hashes[f"params:{param}"] = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
    return hashes


def stage_key(hashes: dict[str, str]) -> str:
    """One short hash of `input_hashes`: the name of the stage's work folder."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:16]


def dvc_hash(path: Path) -> str:
    """The hash of a file or folder in dvc.lock: md5 of the file, or of the folder's list of files, ending in .dir.

    Raises:
        RepriseError: it can't be read.
    """
    if not path.is_dir():
        return _file_md5(path)
    return hashlib.md5(json.dumps(_folder_list(path), sort_keys=True).encode()).hexdigest() + ".dir"


def check_undamaged(hashes: dict[str, str]) -> None:
    """Compare what `input_hashes` found with what dvc.lock records of the stages that made it.

    Raises:
        RepriseError: a dependency isn't what its stage left.
    """
    for path, (stage, recorded) in recorded_outs().items():
        if hashes.get(path, recorded) != recorded:
            raise RepriseError(_describe_damage(Path(path), stage, recorded))


def _describe_damage(path: Path, stage: str, recorded: str) -> str:
    """What differs, and the way out: the damaged files may lie in DVC's cache too, which would hand them out again."""
    from dvc.repo import Repo

    with Repo() as repo:
        damaged = _damaged_files(path, recorded, repo.cache.local.oid_to_path)
    first, *others = damaged
    paths: list[Path | str] = [*damaged, *filter(None, damaged.values())]
    remove = " ".join(map(_shown, paths))
    return (
        f"{first}{f' (and {len(others)} more)' if others else ''} isn't what dvc.lock records of stage {stage}: it was "
        f"damaged or edited since. Remove it, from DVC's cache too: rm -rf {remove} ; then get it from where it is "
        "shared (./run pull), or make it again (./run)"
    )


def _damaged_files(path: Path, recorded: str, cached: Callable[[str], str]) -> dict[Path, str | None]:
    """Files at `path` that aren't those recorded, and where DVC's cache keeps each."""
    if not path.is_dir():
        return {path: cached(recorded)}
    if not Path(cached(recorded)).is_file():  # nobody knows which: all of them
        return {path: None}
    expected = {path / file["relpath"]: file["md5"] for file in json.loads(Path(cached(recorded)).read_text())}
    found = {path / file["relpath"]: file["md5"] for file in _folder_list(path)}
    changed = sorted(file for file in expected | found if expected.get(file) != found.get(file))
    return {file: cached(expected[file]) if file in expected else None for file in changed} or {path: cached(recorded)}


def _shown(path: Path | str) -> str:
    path = Path(path)
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _folder_list(folder: Path) -> list[dict[str, str]]:
    """DVC's list of the files of a folder, without those that .dvcignore leaves out."""
    files = [path for path in folder.rglob("*") if not path.is_dir() and not _is_ignored(path.relative_to(folder))]
    listed = [{"md5": _file_md5(path), "relpath": path.relative_to(folder).as_posix()} for path in files]
    return sorted(listed, key=lambda file: file["relpath"])


def _is_ignored(path: Path) -> bool:
    return any(fnmatch(part, pattern) for part in path.parts for pattern in IGNORED)


def _file_md5(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    except OSError as error:
        raise RepriseError(f"{path}: cannot be read ({error.strerror}); run the stage that makes it") from error

"""What dvc itself lets pass, looked at by `run` before and after it: `guard.py before|after [COMMAND...]`.

before: the section `compute`, which DVC doesn't track, is checked, since DVC deletes a stage's outs before the stage
could refuse it; a lock file that was cut off while it was written, which ends every dvc command, is removed.
after: what a stage left must be in DVC's cache. On a full disk DVC prints "failed to transfer" and ends as if all were
well; the stage then runs again each time, and nothing of it can be pushed.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from reprise.errors import BadInput, RepriseError
from reprise.pipeline.dvc_files import listed_paths, recorded_outs, stage_entries

RWLOCK = Path(".dvc", "tmp", "rwlock")
WRITING_S = 2.0


def mend_rwlock(path: Path) -> None:
    """Remove DVC's list of who reads and writes what, if it is no JSON and stays so: whoever wrote it is gone."""
    end = time.monotonic() + WRITING_S
    while path.is_file():
        try:
            json.loads(path.read_text(encoding="utf-8"))
            return
        except ValueError:
            if time.monotonic() > end:
                path.unlink(missing_ok=True)
                print(f"-- removed {path}, which a dvc that was stopped had left broken", file=sys.stderr)
            time.sleep(0.1)


def check_cached() -> None:
    """Every recorded out that is in the work tree and that DVC should keep must be whole in its cache.

    Raises:
        RepriseError: one isn't.
    """
    from dvc.repo import Repo

    kept = {path for entry in stage_entries().values() for path in listed_paths(_cached_only(entry), "outs", "plots")}
    with Repo() as repo:
        cached = repo.cache.local.oid_to_path
        lost = [
            path
            for path, (_, md5) in recorded_outs().items()
            if path in kept and Path(path).exists() and not _is_whole(Path(cached(md5)), cached)
        ]
    if lost:
        raise RepriseError(
            f"{', '.join(lost)}: made, but not in DVC's cache; is the disk full? Free some space, then ./run commit "
            "keeps what was made (a ./run before that makes it again)"
        )


def _cached_only(entry: dict) -> dict:
    """A stage's entry without what `cache: false` leaves to git."""

    def is_cached(item: object) -> bool:
        return not isinstance(item, dict) or (next(iter(item.values())) or {}).get("cache", True)

    return {kind: list(filter(is_cached, items)) for kind, items in entry.items() if isinstance(items, list)}


def _is_whole(cached_object: Path, cached: Callable[[str], str]) -> bool:
    if not cached_object.is_file():
        return False
    if cached_object.suffix != ".dir":
        return True
    return all(Path(cached(file["md5"])).is_file() for file in json.loads(cached_object.read_text()))


def main() -> None:
    when, command = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    makes = command[:1] == ["repro"] or command[:2] == ["exp", "run"]
    if when == "before":
        mend_rwlock(RWLOCK)
        if makes:
            from reprise.pipeline.compute import load_compute

            load_compute()
    elif when == "after":
        if makes and "--no-commit" not in command:
            check_cached()
    else:
        raise BadInput("usage: guard.py before|after [COMMAND...]")


if __name__ == "__main__":
    try:
        main()
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

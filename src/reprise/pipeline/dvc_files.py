"""dvc.yaml and dvc.lock, read: the stages, what each lists, what the last run recorded."""

import fcntl
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprise.errors import RepriseError
from reprise.params import read_yaml

DVC_YAML, DVC_LOCK = Path("dvc.yaml"), Path("dvc.lock")
WAIT_S = 120.0  # for a dvc that writes into dvc.lock, or hashes what a stage made


def stage_entries(dvc_yaml: Path = DVC_YAML) -> dict[str, dict]:
    """Every stage of dvc.yaml by its name; one with `matrix` or `foreach` is spread over its items, as DVC does:
    train@lstm-bach.
    """
    entries = {}
    for name, entry in read_yaml(dvc_yaml).get("stages", {}).items():
        if "foreach" in entry:
            plain = json.dumps(entry["do"])
            for key, item in entry["foreach"].items():
                filled = plain.replace("${key}", key)
                for field, value in item.items():
                    filled = filled.replace(f"${{item.{field}}}", str(value))
                entries[f"{name}@{key}"] = json.loads(filled)
            continue
        if "matrix" not in entry:
            entries[name] = entry
            continue
        plain = json.dumps({kind: value for kind, value in entry.items() if kind != "matrix"})
        for items in itertools.product(*entry["matrix"].values()):
            filled = plain
            for key, item in zip(entry["matrix"], items):
                filled = filled.replace(f"${{item.{key}}}", str(item))
            entries[f"{name}@{'-'.join(map(str, items))}"] = json.loads(filled)
    return entries


def listed_paths(entry: dict, *kinds: str) -> list[str]:
    """Paths under `kinds` of a stage's entry, such as "deps" or "outs", whether written plainly or with options."""
    items = [item for kind in kinds for item in entry.get(kind, [])]
    return [next(iter(item)) if isinstance(item, dict) else item for item in items]


def recorded_outs(dvc_lock: Path = DVC_LOCK) -> dict[str, tuple[str, str]]:
    """For each out that dvc.lock records: the stage that made it, and its md5; empty where nothing ran yet.

    DVC keeps the records of stages that dvc.yaml no longer has; they count for nothing.

    Raises:
        RepriseError: another dvc doesn't get done with the repository.
    """
    if not dvc_lock.is_file():
        return {}
    known = stage_entries(dvc_lock.with_name(DVC_YAML.name))
    with _while_nobody_writes(dvc_lock.parent):
        recorded = read_yaml(dvc_lock).get("stages", {})
    stages = {name: stage for name, stage in recorded.items() if name in known}
    return {out["path"]: (name, out["md5"]) for name, stage in stages.items() for out in stage.get("outs", [])}


@contextmanager
def _while_nobody_writes(repository: Path) -> Iterator[None]:
    """Share DVC's own lock of a repository: dvc.lock is written from its beginning, so while another stage ends just
    now there may be half of it to read.
    """
    lock = repository / ".dvc" / "tmp" / "lock"
    if not lock.is_file():
        yield
        return
    with lock.open() as held:  # which a stage's own dvc doesn't hold while the stage is at work
        end = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise RepriseError(f"{lock}: a dvc has held it for {WAIT_S:g} s; end it and try again") from None
                time.sleep(0.05)
        yield

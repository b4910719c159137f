"""dvc.yaml and dvc.lock, read: the stages, what each lists, what the last run recorded."""

import itertools
import json
from pathlib import Path

from reprise.params import read_yaml

DVC_YAML, DVC_LOCK = Path("dvc.yaml"), Path("dvc.lock")


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
    """
    if not dvc_lock.is_file():
        return {}
    known = stage_entries(dvc_lock.with_name(DVC_YAML.name))
    stages = {name: stage for name, stage in read_yaml(dvc_lock).get("stages", {}).items() if name in known}
    return {out["path"]: (name, out["md5"]) for name, stage in stages.items() for out in stage.get("outs", [])}

"""Tables of the project itself."""

from collections.abc import Callable
from pathlib import Path

from reprise.params import read_yaml
from scripts.tables.text import ROOT, Metrics, lines


def stale(_: Metrics) -> str:
    """For each room of the code the stages that a change of any file in it makes stale, or of some files."""
    stages = {name: entry.get("do", entry)["deps"] for name, entry in read_yaml(ROOT / "dvc.yaml")["stages"].items()}
    code = (path.relative_to(ROOT) for path in (ROOT / "src" / "reprise").rglob("*.py") if path.name != "__init__.py")
    rows = []
    for room in sorted({path.parent for path in code}):
        whole, some = [], []
        for stage, deps in stages.items():
            paths = list(map(Path, deps))
            if any(path == room or path in room.parents for path in paths):
                whole.append(f"`{stage}`")
            elif any(path.parent == room and path.suffix for path in paths):
                some.append(f"`{stage}`")
        if whole or some:
            rows.append([f"`{room.relative_to('src/reprise')}`", ", ".join(whole), ", ".join(some)])
    return lines(["room", "stale after a change of any file", "of some of its files"], rows)


TABLES: dict[str, Callable[[Metrics], str]] = {
    "stale": stale,
}

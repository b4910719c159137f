"""The texts of README.md and docs/ with the tables and figures of metrics/, after `./run`.

What lies between `<!-- table: NAME -->` and `<!-- end of table -->` is a table of `TABLES`; what lies between
`<!-- figure: FILE KEY KEY ... -->` and `<!-- end -->` is one figure of metrics/FILE.json. Nothing else is touched. The
tests compare these texts with the metrics in git's index, so that another machine's run, whose last digits differ,
makes no difference before it is added.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from reprise.errors import BadInput, RepriseError
from scripts.tables import composition, project, recognition, words
from scripts.tables.text import ROOT, Metrics, decimals_of, shown

TABLES = composition.TABLES | recognition.TABLES | words.TABLES | project.TABLES
TABLE = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end of table -->)", re.DOTALL)
FIGURE = re.compile(r"(<!-- figure: (.+?) -->).*?(<!-- end -->)", re.DOTALL)


def work_tree(name: str, root: Path = ROOT) -> dict:
    """The metrics that the last run wrote.

    Raises:
        BadInput: there are none, or they are damaged.
    """
    try:
        return json.loads((root / "metrics" / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"metrics/{name}.json: can't be read ({error}); make it with ./run") from error


def in_git(name: str, root: Path = ROOT) -> dict:
    """The metrics in git's index: committed, or added for the next commit.

    Raises:
        BadInput: there are none.
    """
    command = ["git", "-C", str(root), "show", f":metrics/{name}.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(
            f"metrics/{name}.json: isn't in git ({done.stderr.strip()}); make it with ./run, then git add it"
        )
    return json.loads(done.stdout)


def render(text: str, metrics: Metrics) -> str:
    """The text with its tables and figures as `metrics` has them.

    Raises:
        BadInput: it names a table or a figure that there isn't.
    """

    def table(found: re.Match) -> str:
        if found[2] not in TABLES:
            raise BadInput(f"table: '{found[2]}' is unknown; it must be one of {', '.join(TABLES)}")
        return f"{found[1]}{TABLES[found[2]](metrics)}\n{found[3]}"

    return FIGURE.sub(lambda found: found[1] + figure(metrics, *found[2].split()) + found[3], TABLE.sub(table, text))


def figure(metrics: Metrics, name: str, *keys: str) -> str:
    """One figure in words: an estimate with its interval, 3 decimals, or a whole number.

    Raises:
        BadInput: there is none.
    """
    value = metrics(name)
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            raise BadInput(f"figure: metrics/{name}.json has no '{' '.join(keys)}'")
        value = value[key]
    return shown(value, decimals_of(keys))


def pages(root: Path) -> list[Path]:
    """The texts with tables and figures."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]


def main() -> None:
    for path in pages(ROOT):
        before = path.read_text(encoding="utf-8")
        after = render(before, work_tree)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    try:
        main()
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

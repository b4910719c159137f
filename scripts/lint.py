"""Style, layout, imports, spelling and types of the work tree, looked at in seconds; types the first time in a minute.

`./test` does so first, and git before each commit where `pre-commit install` was run.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "style (ruff check)": ("ruff", "check"),
    "layout (ruff format)": ("ruff", "format", "--check"),
    "imports between rooms (import-linter)": ("lint-imports", "--no-logo"),
    "spelling (codespell)": ("codespell",),
    "types (mypy)": ("mypy",),
}
MENDING = (("ruff", "check", "--fix"), ("ruff", "format"))


def own_texts() -> list[str]:
    """What people read and write here: neither what git ignores, nor anybody's scores, nor what the pipeline writes."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    command += [f":!{folder}" for folder in ("scores", "metrics", "plots")]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="mend style and layout first")
    if parser.parse_args().fix:
        for tool, *args in MENDING:
            subprocess.run([BIN / tool, *args], cwd=ROOT, capture_output=True, check=False)
    failed = []
    for what, (tool, *args) in CHECKS.items():
        args += own_texts() if tool == "codespell" else []
        done = subprocess.run([BIN / tool, *args], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            failed.append(what)
            print(f"{done.stdout}{done.stderr}", file=sys.stderr)
    if failed:
        print(f"error: {', '.join(failed)}: see above; scripts/lint.py --fix mends style and layout", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

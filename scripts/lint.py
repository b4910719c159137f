"""Style, layout, imports and spelling of the work tree, looked at in seconds: `lint.py [--fix]`.

`./test` does so first, and git before each commit where `pre-commit install` was run. --fix mends style and layout.
"""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = {
    "style (ruff check)": ("ruff", "check"),
    "layout (ruff format)": ("ruff", "format", "--check"),
    "imports between rooms (import-linter)": ("lint-imports",),
    "spelling (codespell)": ("codespell",),
}
MENDING = {("ruff", "check"): ("ruff", "check", "--fix"), ("ruff", "format", "--check"): ("ruff", "format")}


def main() -> None:
    fix, failed = sys.argv[1:] == ["--fix"], []
    for what, (tool, *args) in CHECKS.items():
        tool, *args = MENDING.get((tool, *args), (tool, *args)) if fix else (tool, *args)
        done = subprocess.run([BIN / tool, *args], capture_output=True, text=True, check=False)
        if done.returncode:
            failed.append(what)
            print(f"{done.stdout}{done.stderr}", file=sys.stderr)
    if failed:
        print(f"error: {', '.join(failed)}: see above; python scripts/lint.py --fix mends what it can", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

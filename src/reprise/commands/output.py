"""What commands give: results on stdout, for people or as one JSON object, and in files; errors, progress on stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from reprise.errors import BadInput


def open_streams() -> None:
    """Make stdout and stderr fit to print to, whatever the shell has made of them.

    One that is closed leads nowhere, and doesn't take the place of a file that is opened later; a file's name that
    isn't UTF-8 is shown with escapes.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  for as long as the process lives
        if hasattr(getattr(sys, name), "reconfigure"):  # another's stream may be of any kind
            getattr(sys, name).reconfigure(errors="backslashreplace")


def print_error(error: object) -> None:
    """One line on stderr, if anyone reads it."""
    with suppress(OSError):
        print(f"reprise: {error}", file=sys.stderr)


def print_json(value: dict) -> None:
    """One JSON object on stdout; numbers that JSON doesn't have are refused."""
    print(json.dumps(_readable(value), allow_nan=False))


def _readable(value: object) -> object:
    """A value whose texts any JSON parser takes: bytes of a file's name that aren't UTF-8 are shown with escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list | tuple) else value


def add_force(parser: argparse.ArgumentParser) -> None:
    """Declare --force."""
    parser.add_argument("--force", action="store_true", help="write over files that are there already")


def check_out(option: str, path: Path, extensions: Sequence[str], force: bool) -> None:
    """Refuse before the work a file that can't be written after it, or one that is there already without `force`.

    Raises:
        BadInput: the message names the option.
    """
    if path.suffix.lower() not in extensions:
        raise BadInput(f"{option}: is {path}; it must end in {', '.join(extensions)}")
    if not path.parent.is_dir():
        raise BadInput(f"{option}: is {path}; it must be in a folder that exists")
    if path.is_dir():
        raise BadInput(f"{option}: is {path}, a folder; it must be a file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{option}: is {path}; it must be in a folder that you may write to")
    if path.exists() and not force:
        raise BadInput(f"{option}: {path} is there already; give another name, or --force to write over it")


def print_table(alignment: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns, each aligned to the left or to the right by its `<` or `>` in `alignment`."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    for row in (header, *rows):
        cells = (f"{cell:{side}{width}}" for cell, side, width in zip(row, alignment, widths))
        print("  " + "   ".join(cells).rstrip())


@contextmanager
def progress(total: int | None, what: str, unit: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere, where stderr is for errors alone; gives what to call after each unit.

    Args:
        total: units in all; None where nobody knows.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from reprise.progress import progress_bar

    with progress_bar(total, what, unit) as bar:

        def advance() -> None:
            bar.update()

        yield advance

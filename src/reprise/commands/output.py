"""What commands print: results on stdout, for people or as one JSON object; errors and progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


def print_error(error: object) -> None:
    """One line on stderr."""
    print(f"reprise: {error}", file=sys.stderr)


def print_json(value: dict) -> None:
    """One JSON object on stdout; numbers that JSON doesn't have are refused."""
    print(json.dumps(value, allow_nan=False))


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
        yield bar.update

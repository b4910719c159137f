"""Progress of long work: a bar on a terminal, a line every few seconds in a log."""

import sys

from tqdm import tqdm

LINE_EVERY_S = 5.0


def progress_bar(total: int | None, what: str, unit: str, initial: int = 0) -> tqdm:
    """A tqdm bar on stderr; where stderr is a file or a pipe, plain lines a few seconds apart."""
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=what,
        unit=f" {unit}",
        initial=initial,
        dynamic_ncols=terminal,
        mininterval=0.1 if terminal else LINE_EVERY_S,
        maxinterval=10.0,
        ascii=None if terminal else True,
        ncols=None if terminal else 88,
        file=None if terminal else _LineWriter(),
    )


class _LineWriter:
    """tqdm redraws its bar with carriage returns; a log wants each state on a line of its own."""

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            print(line, file=sys.stderr, flush=True)

    def flush(self) -> None:
        sys.stderr.flush()

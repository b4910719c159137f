"""Measuring peers fairly, and the arithmetic of the tables.

Peers take turns on the same blocks of work (ABAB..., the order turning from round to round), so that whatever else a
machine is doing falls on all of them. A ratio is taken within each round; what is reported is the median over rounds
with the lowest and the highest. Times are seconds of wall clock.
"""

import itertools
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from joblib.externals.loky import get_reusable_executor

from reprise.errors import RepriseError

T = TypeVar("T")


def take_turns(peers: dict[str, Callable[[T], object]], rounds: Sequence[T]) -> dict[str, list[float]]:
    """Seconds that each peer takes in each round, `{name: [round]}`; a different peer begins each round."""
    names, seconds = list(peers), {name: [] for name in peers}
    for number, work in enumerate(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            peers[name](work)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def blocks(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """`items` in `count` blocks of consecutive ones; the first of them get what can't be shared out evenly."""
    count = min(count, len(items))
    size, more = divmod(len(items), count)
    starts = [index * size + min(index, more) for index in range(count + 1)]
    return [items[start:end] for start, end in itertools.pairwise(starts)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median with the lowest and the highest of some rounds."""
    return {
        "median": round(statistics.median(values), 3),
        "low": round(min(values), 3),
        "high": round(max(values), 3),
        "rounds": len(values),
    }


def speedup(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """How many times faster we are: their seconds over ours, round by round."""
    return spread([their / our for our, their in zip(ours, theirs, strict=True)])


def per_second(counts: Sequence[int], seconds: Sequence[float]) -> dict[str, float]:
    """Items a second, round by round."""
    return spread([count / took for count, took in zip(counts, seconds, strict=True)])


def in_new_process(function: Callable[..., T], *args: object) -> T:
    """`function(*args)` in a fresh Python, where nothing is loaded, cached or started yet."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(_with_its_workers, function, args).result()


def _with_its_workers(function: Callable[..., T], args: tuple) -> T:
    """Call it, then stop the workers it started: this process would wait minutes for them to stop by themselves."""
    try:
        return function(*args)
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns: the first to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    lines = []
    for row in cells:
        first, *rest = (f"{cell:<{w}}" if not i else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(row, widths)))
        lines.append("  ".join((first, *rest)).rstrip())
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def with_spread(found: dict[str, float], digits: int = 2) -> str:
    """A spread as `median (low-high)`."""
    return f"{found['median']:.{digits}f} ({found['low']:.{digits}f}-{found['high']:.{digits}f})"


def run_script(main: Callable[[], None]) -> None:
    """Run a benchmark; an error that is ours to explain ends it in one line, and being stopped cleans up behind it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except RepriseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)

"""How long clients wait for `GET /midi/200/` of the real `reprise serve` when many ask at once.

Each round all clients ask in the same moment, each on a connection of its own, and every answer is read back and
counted: a request is lost if its answer isn't a MIDI file with as many notes as asked for. Rounds in which all ask for
temperature 1 take turns with rounds in which each asks for one of its own, from 0.5 to 1.5, so that whatever else the
machine does falls on both: what requests of different temperatures cost more is their ratio. Clients, service and
workers share this machine. Starting the service and a first request aren't counted.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from reprise.errors import MidiError, RepriseError
from reprise.music.readers.midi import read_midi

MODELS = Path("models/composer")
PATIENCE_S = 120


@contextmanager
def running_service(models: Path) -> Iterator[str]:
    """`reprise serve` on a free port; gives its address.

    Raises:
        RepriseError: it doesn't start.
    """
    code = "import sys; from reprise.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--models", str(models)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = process.stdout.readline().partition(": ")[0]
        if not address:
            raise RepriseError("reprise serve: doesn't start; run it by hand to see why")
        yield address
    finally:
        process.terminate()
        process.wait()


def ask(url: str, notes: int, start: threading.Barrier) -> tuple[float, bool]:
    """Seconds that one client waits from the moment when all ask, and whether it got what it asked for."""
    start.wait()
    begun = time.perf_counter()
    try:
        answer = httpx.get(url, timeout=PATIENCE_S)
        is_right = answer.status_code == 200 and len(read_midi(answer.content, url).notes) == notes
    except (httpx.HTTPError, MidiError):
        is_right = False
    return time.perf_counter() - begun, is_right


def measure(address: str, model: str, clients: int, notes: int, rounds: int) -> dict:
    """Seconds to wait, over all requests of all rounds, and how many were lost: at one temperature and at as many as
    clients, and the ratio of the two."""
    url, start = f"{address}/midi/{notes}/?model={model}", threading.Barrier(clients)
    httpx.get(url, timeout=PATIENCE_S)
    kinds = {"one_temperature": np.ones(clients), "own_temperatures": np.linspace(0.5, 1.5, clients)}
    found = {kind: [] for kind in kinds}
    with ThreadPoolExecutor(clients) as executor:
        for _ in range(rounds):
            for kind, temperatures in kinds.items():
                urls = [f"{url}&temperature={temperature:.4f}" for temperature in temperatures]
                found[kind] += executor.map(ask, urls, [notes] * clients, [start] * clients)
    waits = {kind: summarise(pairs) for kind, pairs in found.items()}
    one, own = (waits[kind]["seconds"] for kind in kinds)
    ratio = {name: round(own[name] / one[name], 2) for name in ("p50", "p95")}
    return {"model": model, "clients": clients, "notes": notes, "rounds": rounds, **waits, "ratio": ratio}


def summarise(found: list[tuple[float, bool]]) -> dict:
    """What `ask` found, over all requests."""
    seconds = np.array([took for took, _ in found])
    return {
        "seconds": {
            "p50": round(float(np.percentile(seconds, 50)), 3),
            "p95": round(float(np.percentile(seconds, 95)), 3),
            "longest": round(float(seconds.max()), 3),
        },
        "requests": len(found),
        "lost": sum(not is_right for _, is_right in found),
    }


def show(found: dict) -> str:
    head = ("temperatures", "requests", "lost", "p50 s", "p95 s", "longest s")
    rows = [
        (words, found[kind]["requests"], found[kind]["lost"], *found[kind]["seconds"].values())
        for kind, words in (("one_temperature", "one"), ("own_temperatures", "one for each"))
    ]
    ratio = f"ratio: {found['ratio']['p50']} (p50), {found['ratio']['p95']} (p95)"
    return f"{found['model']}, {found['clients']} at once, {found['notes']} notes each\n\n{table(head, rows)}\n{ratio}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS, help="a folder with models (models/composer)")
    parser.add_argument("--model", default="transformer", help="which of them composes (transformer)")
    parser.add_argument("--clients", type=int, default=16, help="requests at once (16)")
    parser.add_argument("--notes", type=int, default=200, help="notes of each (200)")
    parser.add_argument("--rounds", type=int, default=10, help="how often (10)")
    parser.add_argument("--quick", action="store_true", help="two rounds of 20 notes, nothing written")
    args = parser.parse_args()
    if args.quick:
        args.notes, args.rounds = 20, 2
    models = need(args.models, "make the models with ./run, or fetch them with ./run pull")
    with running_service(models) as address:
        found = measure(address, args.model, args.clients, args.notes, args.rounds)
    print(show(found))
    report("service", found, args.quick)


if __name__ == "__main__":
    run_script(main)

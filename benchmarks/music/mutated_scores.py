"""Broken scores: small files of every format, bent in random places, and what reading makes of them.

Half of the files are bent one to five times: bytes changed, cut out, put in or copied, or the end cut off. In the other
half only digits change, and so what a file says more than whether it can be read. Some compressed files are bent before
they are compressed. Each must give pieces that can be used or a `ScoreError`; the first that doesn't stops the script.
"""

import argparse
import io
import itertools
import tempfile
import threading
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import psutil

from benchmarks.machine import report
from benchmarks.measure import run_script, table
from reprise.checked import require_seed
from reprise.errors import ScoreError
from reprise.music.piece import Piece, note_table, problem_of
from reprise.music.scores import read_many
from reprise.music.writers.midi import midi_bytes
from reprise.music.writers.musicxml import musicxml_bytes

TIMEOUT_S = 10.0
BATCH = 500  # files on disk at a time
READERS = ("defusedxml",)
ABC = b"""X:1
T:A tune
M:3/4
L:1/8
Q:1/4=100
K:G
D2 | "G"G2 G2 A2 | B4 {c}(3BAG | [G2B2] A2-A2 | G4 |]
X:2
M:6/8
L:1/8
K:Ador
V:1
|: A2B c2d | e3- e3 :|
V:2
A,6 | [CE]6 |
"""
KERN = b"""**kern\t**kern
*Ibass\t*Isoprn
*k[f#]\t*k[f#]
*M3/4\t*M3/4
*MM100\t*MM100
4GG\t4g
=1\t=1
2.C\t4g 4cc
.\t4r
.\t[8a
.\t8a]
=2\t=2
*^\t*
2.D\t4F\t2.d
.\t2A\t.
=3\t=3\t=3
*v\t*v\t*
2D\t6a
.\t6b
.\t6cc
.\tqdd
4r\t4r
==\t==
*-\t*-
"""


def examples() -> dict[str, bytes]:
    """A sound file of each format, by extension."""
    rng = np.random.default_rng(0)
    rows = [
        (2 + index // 3 * 0.5, float(rng.integers(1, 18) / 12), 48 + int(rng.integers(36)), 80, index % 3)
        for index in range(36)
    ]
    piece = Piece(note_table(rows), 100.0, (0, 40, 71), (3, 4), key_fifths=-2)
    xml = musicxml_bytes(piece)
    return {".mid": midi_bytes(piece), ".musicxml": xml, ".mxl": compressed(xml), ".abc": ABC, ".krn": KERN}


def compressed(score: bytes) -> bytes:
    """A MusicXML file as a compressed one."""
    buffer = io.BytesIO()
    container = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.xml", score)
    return buffer.getvalue()


def bent(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with one to five changes, of digits alone in half of the cases."""
    content, digits_only = bytearray(content), rng.random() < 0.5
    for _ in range(rng.integers(1, 6)):
        place, other, length = (int(rng.integers(end)) for end in (len(content), len(content), 12))
        kind = (
            "digit"
            if digits_only
            else rng.choice(["change", "cut", "put", "copy", "end"], p=[0.5, 0.15, 0.15, 0.15, 0.05])
        )
        if kind == "digit":
            place = int(rng.choice([place for place, byte in enumerate(content) if chr(byte) in "0123456789"]))
            content[place] = int(rng.choice(list(b"0123456789")))
        elif kind == "change":
            content[place] = int(rng.integers(256))
        elif kind == "cut":
            del content[place : place + length]
        elif kind == "put":
            content[place:place] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        elif kind == "copy":
            content[place:place] = content[other : other + length]
        else:
            del content[max(place, 1) :]
    return bytes(content)


def bent_files(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`count` bent files, as many of each format, with their extension."""
    sound = examples()
    for item in range(count):
        rng = np.random.default_rng(np.random.SeedSequence([seed, item]))
        extension = tuple(sound)[item % len(sound)]
        if extension == ".mxl" and rng.random() < 0.5:
            yield extension, compressed(bent(sound[".musicxml"], rng))
        else:
            yield extension, bent(sound[extension], rng)


def read_bent(files: Iterable[tuple[str, bytes]], folder: Path, timeout_s: float) -> Iterator[tuple[str, bool, float]]:
    """For each file: its extension, whether it gave pieces, and the seconds that this result came after the last.

    Raises:
        AssertionError: reading gave what no file may give.
    """
    paths = []
    for number, (extension, content) in enumerate(files):
        paths.append(folder / f"{number}{extension}")
        paths[-1].write_bytes(content)
    began, gave = time.perf_counter(), defaultdict(list)
    for path, result in read_many(paths, timeout_s):
        took, began = time.perf_counter() - began, time.perf_counter()
        if isinstance(result, ScoreError):
            assert str(result).startswith(str(path)), result
        else:
            assert result and all(piece.notes.size and problem_of(piece) is None for piece in result), path
        gave[path].append((not isinstance(result, ScoreError), took))
    assert list(gave) == paths, "one result or more for each, in their order"
    yield from (
        (path.suffix, any(read for read, _ in results), sum(took for _, took in results))
        for path, results in gave.items()
    )


@contextmanager
def peak_of_children() -> Iterator[dict[str, float]]:
    """The largest resident memory of any process below this one, in MiB, looked up twenty times a second."""
    peak, stop = {"mib": 0.0}, threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            for child in psutil.Process().children(recursive=True):
                try:
                    peak["mib"] = max(peak["mib"], child.memory_info().rss / 2**20)
                except psutil.Error:  # it ended in between
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def measure(count: int, seed: int) -> dict:
    """Pieces and errors by format, the longest wait for a result, the largest child."""
    counts, longest = defaultdict(Counter), defaultdict(float)
    files, began = bent_files(count, seed), time.perf_counter()
    with peak_of_children() as peak:
        for start in range(0, count, BATCH):
            batch = list(itertools.islice(files, BATCH))
            with tempfile.TemporaryDirectory() as folder:
                for extension, is_read, took in read_bent(batch, Path(folder), TIMEOUT_S):
                    counts[extension]["pieces" if is_read else "errors"] += 1
                    longest[extension] = max(longest[extension], took)
            print(f"{start + len(batch)} of {count}", flush=True)
    formats = {
        extension: {
            "pieces": found["pieces"],
            "errors": found["errors"],
            "longest_wait_s": round(longest[extension], 3),
        }
        for extension, found in counts.items()
    }
    return {
        "files": count,
        "seed": seed,
        "timeout_s": TIMEOUT_S,
        "formats": formats,
        "seconds": round(time.perf_counter() - began, 1),
        "largest_child_mib": round(peak["mib"], 1),
        "readers": {name: version(name) for name in READERS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="files (10,000)")
    parser.add_argument("--seed", type=int, default=0, help="how they are bent (0)")
    parser.add_argument("--quick", action="store_true", help="a hundred files, nothing written")
    args = parser.parse_args()
    require_seed(args.seed, "--seed")
    found = measure(100 if args.quick else args.count, args.seed)
    rows = [
        (name, row["pieces"], row["errors"], f"{row['longest_wait_s']:.2f}") for name, row in found["formats"].items()
    ]
    print(table(("format", "pieces", "errors", "longest wait (s)"), rows))
    print(f"\nlargest child: {found['largest_child_mib']:.0f} MiB")
    report("mutated_scores", found, args.quick)


if __name__ == "__main__":
    run_script(main)

"""How the small CLAP takes the words that were held out from training, word by word: the text tower alone.

For each word of a low or high pole, by how much its text is nearer to the texts of training for its own pole than to
those for the other one (a difference of cosines, below 0 where it is taken for its opposite). Each pole has one or two
held-out words, so the figures on held-out words in metrics/clap.json hang on each of them.

    python -m benchmarks.embedding.held_out_words    # some seconds; needs the CLAP of ./run
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from reprise.clips.descriptions.axes import AXES
from reprise.clips.descriptions.wordings import TRAILING, WORDINGS
from reprise.embedding.clap.model import SmallClap
from reprise.embedding.embedder import Embedder

OPPOSITE = {"low": "high", "high": "low"}


def as_text(word: str) -> str:
    """A word or phrase of an axis in the shortest caption."""
    return f"music {word}" if word.split()[0] in TRAILING else f"{word} music"


def margins(embedder: Embedder) -> list[dict]:
    """A row for each held-out word of a low or high pole: its axis, pole, and how much nearer its own pole is."""
    rows = []
    for axis in AXES:
        poles = {
            pole: _direction(embedder.embed_text(list(map(as_text, WORDINGS[axis, pole].seen)))) for pole in OPPOSITE
        }
        for pole, other in OPPOSITE.items():
            words = WORDINGS[axis, pole].held_out
            cosines = embedder.embed_text(list(map(as_text, words))) @ (poles[pole] - poles[other])
            rows += [
                {"axis": axis, "pole": pole, "word": word, "margin": round(float(value), 3)}
                for word, value in zip(words, cosines)
            ]
    return rows


def _direction(vectors: np.ndarray) -> np.ndarray:
    """The mean of vectors, of length one."""
    mean = vectors.mean(axis=0)
    return mean / np.linalg.norm(mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    embedder = SmallClap(need(Path("models/clap"), "./run makes it"))
    rows = margins(embedder)
    print(table(["axis", "pole", "word", "nearer to its own pole by"], [list(row.values()) for row in rows]))
    report("held_out_words", {"checkpoint_sha256": embedder.checkpoint_sha256, "rows": rows}, quick=False)


if __name__ == "__main__":
    run_script(main)

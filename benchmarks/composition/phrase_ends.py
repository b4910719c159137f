"""Phrase ends that are found, beside the fermatas with which Bach's chorales mark theirs.

A `Piece` has no fermatas, so `composition.style.phrases` finds phrase ends from notes alone. Here they are compared
with the fermatas of the soprano as music21 reads them from the same files, the last note of each piece left out, which
ends a phrase by definition. What the finder is was chosen on training pieces; validation and test pieces are new to it.

- long notes: the floor that takes each note longer than the piece's usual value for the end of a phrase.
- root position, authentic: how the chords at the ends that are found differ from those at the fermatas.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import music21
import numpy as np

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from reprise.composition.corpus.store import Corpus, load_corpus
from reprise.composition.style.phrases import cadences, phrase_ends, usual_value
from reprise.composition.style.voices import Line, melody_of
from reprise.learning.bootstrap import ratio_estimate, with_interval
from reprise.music.piece import Piece

SPLITS = ("train", "validation", "test")
RESAMPLES, SEED = 1000, 1
QUICK = 3  # pieces of each split


def marked(soprano: music21.stream.Part) -> tuple[list[int], list[bool]]:
    """The pitches of a part, tied notes once, and whether each has a fermata."""
    pitches: list[int] = []
    fermatas: list[bool] = []
    for note in soprano.recurse().notes:
        has = any(isinstance(mark, music21.expressions.Fermata) for mark in note.expressions)
        if note.tie and note.tie.type != "start" and pitches:
            fermatas[-1] |= has
        elif not note.duration.isGrace:
            pitches.append(note.pitches[-1].midi)
            fermatas.append(has)
    return pitches, fermatas


def fermatas_of(piece: Piece, line: Line) -> np.ndarray | None:
    """The melody's notes with a fermata, the last one left out, int[N]; None where the two readers don't have the same
    notes, or no note has one.
    """
    pitches, fermatas = marked(music21.corpus.parse(piece.source).parts[0])
    if pitches != line.pitches.tolist() or not any(fermatas[:-1]):
        return None
    return np.flatnonzero(fermatas[:-1])


def compare(piece: Piece) -> dict[str, tuple[int, int]] | None:
    """How many hold, of how many, in one piece; None for a piece without fermatas to compare with."""
    line = melody_of(piece)
    true = fermatas_of(piece, line)
    if true is None:
        return None
    found = phrase_ends(piece, line)[:-1]
    long = np.flatnonzero(line.steps > usual_value(line))
    long = long[long < len(line) - 1]
    shares = {}
    for name, ends in (("found", found), ("long notes", long)):
        both = len(np.intersect1d(ends, true))
        shares |= {f"{name}: precision": (both, len(ends)), f"{name}: recall": (both, len(true))}
    for name, ends in (("fermatas", true), ("found", found)):
        chords = cadences(piece, line, ends)
        shares[f"{name}: root position"] = (sum(chord.in_root_position for chord in chords), len(chords))
        shares[f"{name}: authentic"] = (sum(chord.kind == "authentic" for chord in chords), len(chords))
    return shares


def measure(corpus: Corpus, most: int | None = None) -> dict:
    """Each share over the pieces of each split, as an estimate over families; of at most so many pieces."""
    found: dict[str, dict] = {}
    for split in SPLITS:
        pieces, families = corpus.pieces(split)[:most], corpus.families(split)[:most]
        kept = [(row, family) for piece, family in zip(pieces, families) if (row := compare(piece)) is not None]
        found[split] = {"pieces": len(kept), "left_out": len(pieces) - len(kept), **estimates(kept)}
    return found


def estimates(rows: Sequence[tuple[dict[str, tuple[int, int]], object]]) -> dict[str, dict[str, float]]:
    families = [family for _, family in rows]
    columns = {name: np.array([row[name] for row, _ in rows]) for name in (rows[0][0] if rows else ())}
    return {name: ratio_estimate(*column.T, RESAMPLES, SEED, families) for name, column in columns.items()}


def show(found: dict[str, dict]) -> str:
    names = [name for name, value in found["train"].items() if isinstance(value, dict)]
    rows = [(name, *(with_interval(found[split][name]) for split in SPLITS)) for name in names]
    return table(("share (95 %)", *SPLITS), [("pieces", *(found[split]["pieces"] for split in SPLITS)), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few pieces, nothing written")
    args = parser.parse_args()
    corpus = load_corpus(need(Path("data/corpus"), "make it with ./run repro collect_corpus"))
    found = measure(corpus, QUICK if args.quick else None)
    print(show(found))
    report("phrase_ends", {"splits": found}, args.quick)


if __name__ == "__main__":
    run_script(main)

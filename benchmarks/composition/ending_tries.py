"""How pieces end, by how many more ways their last bars are written, beside Bach's validation pieces.

Pieces of the LSTM from nothing, by the rules that its music was measured with. Test pieces are never read.

- closes: the last chord is the tonic triad in root position, in the key of the music before its last two bars.
- rests: that, or another chord over the tonic with its third or fifth.
- authentic: it closes, and a dominant comes before. melody: it closes, with the tonic in the melody.
- beats: for so many the last chord stands, 0 where nothing rests.
- seconds: of composing all pieces, on one core.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
import torch

from benchmarks.machine import ROOT, need, report
from benchmarks.measure import run_script, table
from reprise.composition.corpus.store import load_corpus
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.endings.closing import Ending, endings_of
from reprise.composition.sampling.endings.tries import LAST_BARS
from reprise.composition.sampling.rules import load_rules
from reprise.learning.bootstrap import mean_estimates, with_interval
from reprise.music.analysis.keyfinding import find_key
from reprise.music.excerpts import bars_of, cut_at_bar
from reprise.music.piece import Piece

TRIES, PIECES, QUICK, BARS = (0, 3, 6, 12, 24), 75, 4, 16
SEED, RESAMPLES = 3, 1000
SHOWN = ("closes", "rests", "authentic", "melody", "beats")


def last_of(piece: Piece) -> Ending | None:
    """How a piece closes with its very last chord; None where it doesn't."""
    bars = bars_of(piece)
    home = find_key(cut_at_bar(piece, max(bars - LAST_BARS, 1)))
    last = piece.notes["onset"].max()
    return next((own for own in endings_of(piece, home, bars) if own.begins >= last), None)


def figures(pieces: list[Piece]) -> dict[str, dict[str, float]]:
    """An estimate of each figure over the pieces."""
    found = [last_of(piece) for piece in pieces]
    columns = {
        "closes": [own is not None and own.triad for own in found],
        "rests": [own is not None for own in found],
        "authentic": [own is not None and own.triad and own.authentic for own in found],
        "melody": [own is not None and own.triad and own.melody for own in found],
        "beats": [own.beats if own else 0.0 for own in found],
    }
    return mean_estimates({name: np.array(own, float) for name, own in columns.items()}, RESAMPLES, SEED)


def composed(trained: TrainedModel, tries: int, pieces: int) -> dict:
    """The row of so many tries."""
    rules = replace(load_rules(ROOT / "models/composer/lstm")[0], ending_tries=tries)
    start = time.perf_counter()
    made = compose(trained, [Order((SEED, item), bars=BARS, rules=rules) for item in range(pieces)])
    return {"tries": tries, **figures(made), "seconds": round(time.perf_counter() - start, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few pieces, and nothing is written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trained = load_model(need(ROOT / "models/composer/lstm", "./run trains it"))
    bach = load_corpus(need(ROOT / "data/corpus", "./run makes it")).pieces("validation")
    rows = [composed(trained, tries, QUICK if options.quick else PIECES) for tries in TRIES]
    rows.append({"tries": "Bach, validation pieces", **figures(bach)})
    print(table(["tries", *SHOWN], [[str(row["tries"]), *(with_interval(row[key]) for key in SHOWN)] for row in rows]))
    report("ending_tries", {"bars": BARS, "rows": rows}, options.quick)


if __name__ == "__main__":
    run_script(main)

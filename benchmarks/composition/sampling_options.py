"""What options of sampling bring, and to take the best of several pieces, beside Bach's validation pieces.

Pieces of the LSTM from nothing: by the rules that its music was measured with, with one of them changed, and the best
of several. Test pieces are never read.

- difference: the root mean square of the ten standardised differences of musical measures from the validation pieces.
- fifths, octaves: parallels in 1,000 pairs of voices that move together.
- root position, authentic: shares of the chords at phrase ends. return: notes of the melody's longest run that returns.
- copied: notes of the longest run that a training piece has too.
"""

import argparse
from dataclasses import replace

import numpy as np
import torch

from benchmarks.machine import ROOT, need, report
from benchmarks.measure import run_script, table
from reprise.composition.corpus.store import load_corpus
from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.evaluation.measures import differences
from reprise.composition.evaluation.originality import originality
from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.rules import SamplingRules, load_rules
from reprise.composition.style.measures import columns, estimates, of_excerpt
from reprise.composition.use.candidates import RULES, best_of
from reprise.learning.bootstrap import with_interval
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

PIECES, QUICK, EACH, BARS = 25, 2, 8, 16
SEED, RESAMPLES = 4, 1000
CHANGES = {
    "returns 0": {"returns": 0.0},
    "returns 2": {"returns": 2.0},
    "returns 8": {"returns": 8.0},
    "parallels avoided": {"avoid_parallels": 1},
    "pitch factor 1": {"pitch_factor": 1.0},
}
STYLE = {
    "fifths": "parallel_fifths",
    "octaves": "parallel_octaves",
    "root position": "root_position_phrase_end_rate",
    "authentic": "authentic_cadence_rate",
    "return": "longest_return",
}


def figures(pieces: list[Piece], bach: list[Piece], trained: TrainedModel) -> dict:
    """How far pieces lie from Bach's, over as many bars, and what they are like."""
    ours, theirs = cut_to_lengths(pieces, list(map(bars_of, bach))), cut_to_lengths(bach, list(map(bars_of, pieces)))
    apart = np.array([value for value in differences(ours, theirs).values() if np.isfinite(value)])
    style = estimates(columns([of_excerpt(piece) for piece in ours]), RESAMPLES, SEED, range(len(ours)))
    return {
        "difference": round(float(np.sqrt((apart**2).mean())), 3),
        **{label: style[name] for label, name in STYLE.items() if name in style},
        "copied": originality(pieces, trained.index, RESAMPLES, SEED)["longest_copied_run"],
    }


def composed(trained: TrainedModel, rules: SamplingRules, count: int) -> list[Piece]:
    """So many pieces, a few made together."""
    made: list[Piece] = []
    for at in range(0, count, PIECES):
        items = range(at, min(at + PIECES, count))
        made += compose(trained, [Order((SEED, item), bars=BARS, rules=rules) for item in items])
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few pieces, and nothing is written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = need(ROOT / "models/composer/lstm", "./run trains it")
    trained, rules = load_model(folder), load_rules(folder)[0]
    bach = load_corpus(need(ROOT / "data/corpus", "./run makes it")).pieces("validation")
    count = QUICK if options.quick else PIECES
    made = composed(trained, rules, count * EACH)
    rows = [{"chosen": "as measured", **figures(made[: len(made) // 2], bach, trained)}]
    for name, change in CHANGES.items():
        other = composed(trained, replace(rules, **change), len(made) // 2)
        rows.append({"chosen": name, **figures(other, bach, trained)})
    groups = [made[at : at + EACH] for at in range(0, len(made), EACH)]
    for rule in RULES:
        best = [group[place] for group, place in zip(groups, best_of(trained, groups, rule)[0])]
        rows.append({"chosen": f"of {EACH} by {rule}", **figures(best, bach, trained)})
    rows.append({"chosen": "Bach, validation pieces", **figures(bach, bach, trained)})
    shown = ("difference", *STYLE, "copied")
    cells = [
        [with_interval(own) if isinstance(own := row.get(key, ""), dict) else own for key in shown] for row in rows
    ]
    print(table(["chosen", *shown], [[row["chosen"], *own] for row, own in zip(rows, cells)]))
    report("sampling_options", {"pieces": count, "rows": rows}, options.quick)


if __name__ == "__main__":
    run_script(main)

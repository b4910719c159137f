"""Two earlier models beside ours: the same corpus and split, a time for training each, and notes as the unit.

The designs are the earlier systems' (see earlier_lstm_models.py). These of their faults are kept, as they are part of
the method: ids as raw scalars, the likeliest token every time, squared errors for times. Not kept is what made their
figures wrong: overlapping windows that a random split puts on both sides. Here a window lies within one piece, a piece
within one split of data/corpus; weights are chosen on validation pieces, and test pieces are read once.

`pitch_accuracy_past_only` is the share of the test pieces' notes, in the order (onset, part, pitch), whose pitch is the
likeliest one given past notes alone; a piece's first notes count too, seen in windows that are padded. The same notes
count as for ours, whose figures are read from metrics/composer. The first design's own tokens, which put all notes of
an onset into one, are another unit: their `token_accuracy` can't be compared with a figure of ours.

The music measured is what each design adds to the opening of a test piece (its first full window), without it; ours and
the real music are read from metrics/composer too, over bars of their own number, so their lengths differ.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.composition.earlier_lstm_models import (
    MultiHeadLstm,
    Network,
    ScalarLstm,
    Windows,
    chord_tokens,
    generate,
    hits,
    pitch_tokens,
    train,
)
from benchmarks.machine import ROOT, need, report, usable_cores
from benchmarks.measure import run_script, table
from reprise.composition.corpus.store import load_corpus
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, PITCH, STEP
from reprise.composition.encoding.registry import encodable
from reprise.composition.evaluation.measures import MEASURES, summarise
from reprise.learning.bootstrap import ratio_estimate, with_interval
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

CORPUS, METRICS = Path("data/corpus"), Path("metrics/composer")
OURS = ("lstm", "transformer")
SPLITS = ("train", "validation", "test")
SEED, RESAMPLES = 1, 1000
NOTE, CHORD = "note", "chord"  # what a token is
ACCURACY = {NOTE: "pitch_accuracy_past_only", CHORD: "token_accuracy"}
DESIGNS: dict[str, tuple[str, Callable[[Sequence[np.ndarray]], Network]]] = {
    "Grieg LSTM": (NOTE, partial(ScalarLstm, spell=pitch_tokens)),
    "multi-head LSTM": (NOTE, MultiHeadLstm),
    "Grieg LSTM, chord tokens": (CHORD, partial(ScalarLstm, spell=chord_tokens)),
}


@dataclass(frozen=True)
class Settings:
    """How much is done.

    Attributes:
        seconds, threads: of training a design. validation_windows: looked at each time.
        pieces, notes: generated, the notes of the opening not counted. limit: pieces read of each split, None for all.
    """

    seconds: float
    threads: int
    validation_windows: int = 4000
    pieces: int = 25
    notes: int = 200
    limit: int | None = None


QUICK = Settings(seconds=1.0, threads=1, validation_windows=50, pieces=2, notes=10, limit=4)


def read_split(pieces: Sequence[Piece], encoding: NotesEncoding) -> list[np.ndarray]:
    """The notes of one split's pieces as our models count them, float64[N, 3] each: see earlier_lstm_models.

    A piece that the vocabulary of the training pieces can't express is left out, as it is for ours.
    """
    found = []
    for events in encodable(encoding, list(pieces))[1]:
        notes = events[:-1]  # the last event ends the piece
        onsets = np.cumsum(encoding.steps.value(notes[:, STEP])) / TWELFTHS
        durations = encoding.durations.value(notes[:, DURATION]) / TWELFTHS
        found.append(np.stack([onsets, durations, notes[:, PITCH] + encoding.lowest], axis=1))
    return found


def judge(
    design: str, splits: dict[str, list[np.ndarray]], settings: Settings, families: Sequence | None = None
) -> dict:
    """Train a design; its unit, training, accuracy on the test pieces and the measures of its music.

    Args:
        families: of the test pieces, which are drawn together for the interval of the accuracy.
    """
    unit, make = DESIGNS[design]
    torch.manual_seed(SEED)
    network = make(splits["train"])
    read = splits | {"train": [network.kept(notes) for notes in splits["train"]]}
    learnt, validation, test = (
        Windows([network.rows(notes) for notes in read[name]], network.window) for name in SPLITS
    )
    training = train(network, learnt, validation, settings.validation_windows, settings.seconds, SEED)
    found = np.bincount(test.owner, hits(network, test, np.arange(len(test))))
    accuracy = ratio_estimate(found, np.bincount(test.owner), RESAMPLES, SEED, families)
    music = generate(network, splits["test"][: settings.pieces], settings.notes, SEED)
    return {
        "unit": unit,
        "training": training,
        "predicted": len(test),
        ACCURACY[unit]: accuracy,
        "measures": summarise(music, RESAMPLES, SEED),
    }


def compare(
    pieces: dict[str, Sequence[Piece]], settings: Settings, families: Sequence | None = None
) -> dict[str, dict]:
    """A row for each earlier design; `families` are those of the test pieces."""
    encoding, threads = NotesEncoding.of(pieces["train"]), torch.get_num_threads()
    splits = {split: read_split(pieces[split][: settings.limit], encoding) for split in SPLITS}
    if families is not None:
        family_of = dict(zip(map(id, pieces["test"]), families))
        families = [family_of[id(piece)] for piece in encodable(encoding, list(pieces["test"][: settings.limit]))[0]]
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(False)
    try:
        return {design: judge(design, splits, settings, families) for design in DESIGNS}
    finally:
        torch.set_num_threads(threads)


def read_ours(folder: Path) -> dict[str, dict]:
    """Our models' rows and the real music's, from `folder`/MODEL.json; a file that is missing is named."""
    rows = {}
    for model in OURS:
        path = folder / f"{model}.json"
        if not path.exists():
            print(f"{METRICS / path.name} isn't there (make it with ./run): its row is left out.")
            continue
        found = json.loads(path.read_text())
        temperature = min(found["generated"], key=lambda key: abs(float(key) - 1))
        rows["real music"] = {"measures": found["reference"]}
        rows[f"our {model}"] = {
            "unit": NOTE,
            "predicted": found["test"]["notes"],
            ACCURACY[NOTE]: found["test"][ACCURACY[NOTE]],
            "temperature": float(temperature),
            "measures": found["generated"][temperature],
        }
    return rows


def show(rows: dict[str, dict]) -> str:
    body = []
    for label, row in rows.items():
        if "unit" in row:
            training = (row["training"][key] for key in ("seconds", "epochs")) if "training" in row else ("", "")
            body.append((label, row["unit"], row["predicted"], *training, with_interval(row[ACCURACY[row["unit"]]])))
    head = ("next token from the past alone", "a token is a", "tokens", "trained s", "epochs", "accuracy (95 %)")
    measures = [(name, *(_mean(row, name) for row in rows.values())) for name in MEASURES]
    return f"{table(head, body)}\n\n{table(('mean of the music', *rows), measures)}"


def _mean(row: dict, measure: str) -> str:
    return f"{row['measures'][measure]['value']:.3f}" if measure in row["measures"] else "undefined"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180, help="of training each design (180)")
    parser.add_argument("--quick", action="store_true", help="a few pieces for a second, nothing written")
    args = parser.parse_args()
    corpus = load_corpus(need(CORPUS, "make it with ./run"))
    settings = QUICK if args.quick else Settings(args.seconds, usable_cores())
    pieces = {split: corpus.pieces(split) for split in SPLITS}
    rows = read_ours(ROOT / METRICS) | compare(pieces, settings, corpus.families("test"))
    print(show(rows))
    if not args.quick and len({row["predicted"] for row in rows.values() if row.get("unit") == NOTE}) > 1:
        print("\nOurs and theirs were measured on other notes: metrics/composer comes from another data/corpus.")
    figures = {"threads": settings.threads, "seconds": settings.seconds, "rows": rows}
    report("earlier_models", figures, args.quick)


if __name__ == "__main__":
    run_script(main)

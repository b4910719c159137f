"""What each thing that the LSTM is told of the music so far is worth: it is trained without one of them, or all.

- sonority: what each pitch class would be in the chord that sounds.
- motifs: how a part went on the last time that it, or any part, went so.
- rests: how many beats ago all parts came to rest.

What is withheld is 0 throughout; nothing else changes. Of each row the nats a note of the validation pieces, those
above the first row, and the nats an event of the last epoch of training. Test pieces are never read.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.machine import ROOT, need, report
from benchmarks.measure import run_script, table
from reprise.composition.corpus.store import load_corpus
from reprise.composition.encoding.hearing.sonority import ROLES
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, MOTIFS, PITCH
from reprise.composition.models.batches import Example, make_examples
from reprise.composition.models.fit import ModelParams, make_config
from reprise.composition.models.train import TrainingParams, TrainingSet, train
from reprise.composition.models.trained import make_model
from reprise.music.piece import Piece
from reprise.params import load_section
from reprise.pipeline.tracking import Tracker

STILL, ROLE_TABLE, MOTIF_TABLES = 2, 1, slice(2, 2 + MOTIFS)  # where they are among what is told
ROWS = ("nothing", "sonority", "motifs", "rests", "sonority, motifs, rests")
SHOWN = ("nats", "above", "training")


def withhold(example: Example, withheld: str) -> Example:
    """The same with some of what is told of it as 0."""
    given, read, classes = [own.copy() for own in example.given], example.read.copy(), list(example.classes)
    tables = classes[PITCH].copy()
    if "rests" in withheld:
        read[:, STILL] = 0
        for own in given:
            own[:, STILL] = 0
    if "sonority" in withheld:
        tables[:, ROLE_TABLE] = np.where(tables[:, ROLE_TABLE] < ROLES, 0, tables[:, ROLE_TABLE])  # parallels stay
    if "motifs" in withheld:
        tables[:, MOTIF_TABLES] = 0
        given[PITCH][:, -MOTIFS:] = 0
        given[DURATION][:, -2 * MOTIFS :] = 0
    classes[PITCH] = tables
    return replace(example, given=tuple(given), read=read, classes=tuple(classes))


class Withholding(TrainingSet):
    """A training set of which `withheld` isn't told."""

    withheld = ""

    def examples(self, *arguments) -> list[Example]:
        return [withhold(own, self.withheld) for own in super().examples(*arguments)]


def trained_without(withheld: str, epochs: int, pieces: dict[str, list[Piece]]) -> dict:
    """The row of what is withheld."""
    params, training = load_section(ModelParams, "models.lstm"), load_section(TrainingParams, "models.training")
    encoding = NotesEncoding.of(pieces["train"])
    events = {split: [encoding.encode(piece) for piece in own] for split, own in pieces.items()}
    metres = {split: [piece.metre for piece in own] for split, own in pieces.items()}
    train_set = Withholding(encoding, events["train"], metres["train"])
    train_set.withheld = withheld
    held_out = make_examples(encoding, events["validation"], metres["validation"])
    torch.manual_seed(training.seed)
    model = make_model(make_config("lstm", params, encoding, pieces["train"]))
    with TemporaryDirectory() as folder:
        curves = train(
            model,
            train_set,
            [withhold(own, withheld) for own in held_out],
            training,
            replace(params.fit, epochs=epochs),
            "cpu",
            Path(folder),
            Tracker(),
        )
    notes = sum(len(own) - 1 for own in events["validation"])
    nats = min(row["validation_nats"] for row in curves) * (notes + len(held_out)) / notes
    return {"withheld": withheld, "nats": round(nats, 4), "training": round(curves[-1]["train_nats"], 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one epoch on a few pieces, and nothing is written")
    parser.add_argument("--epochs", type=int, default=24, help="of each training (default: %(default)s)")
    options = parser.parse_args()
    corpus = load_corpus(need(ROOT / "data/corpus", "./run makes it"))
    pieces = {split: corpus.pieces(split) for split in ("train", "validation")}
    if options.quick:
        pieces = {split: own[:8] for split, own in pieces.items()}
    rows = [trained_without(withheld, 1 if options.quick else options.epochs, pieces) for withheld in ROWS]
    rows = [{**row, "above": round(row["nats"] - rows[0]["nats"], 4)} for row in rows]
    print(table(["withheld", *SHOWN], [[row["withheld"], *(row[key] for key in SHOWN)] for row in rows]))
    report("withheld", {"epochs": options.epochs, "rows": rows}, options.quick)


if __name__ == "__main__":
    run_script(main)

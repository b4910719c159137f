"""The JSB Chorales table: our LSTM and Transformer on the `grid` encoding, in the unit and with the split of the field.

The unit is nats per token: a token is a voice's pitch or rest in one sixteenth, a frame is soprano, alto, tenor, bass,
and each token is predicted from all earlier frames and the voices before it in its own frame, nothing else; the mean
is over all tokens of the split. The data are `Jsb16thSeparated.json` of github.com/czhuang/JSB-Chorales-dataset (229,
76 and 77 pieces), whose path is given.

What training chooses (epoch, and by hand the settings below) comes from the validation pieces. Published figures carry
their unit: only those of the same unit are rows.
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.composition.grid import GridEncoding
from benchmarks.machine import report
from benchmarks.measure import run_script, table
from reprise.composition.evaluation.floors import floors
from reprise.composition.evaluation.likelihood import score
from reprise.composition.models.backbones import AnyBackbone, LstmParams, TransformerParams
from reprise.composition.models.batches import make_examples
from reprise.composition.models.train import FitParams, TrainingParams, TrainingSet, train
from reprise.composition.models.tuple_model import TupleModel
from reprise.errors import BadInput
from reprise.pipeline.tracking import Tracker

SPLITS = ("train", "valid", "test")
REST = -1
TRAINING = TrainingParams(seed=1, threads=2, precision="32-true", encoding="notes", window=640, transpose=6)
METRE = (4, 4)

# Huang et al., Music Transformer (ICLR 2019), table 2: validation, their own baseline first.
PUBLISHED = (
    ("Music Transformer's baseline (Huang et al. 2019)", 0.417),
    ("Music Transformer (Huang et al. 2019)", 0.335),
)


@dataclass(frozen=True)
class Entrant:
    """A model of the table and how it is trained."""

    backbone: AnyBackbone
    fit: FitParams


ENTRANTS = {
    "LSTM": Entrant(LstmParams(2, 256, 0.5, "lstm"), FitParams(34, 12, 8, 0.004, 0.02)),
    "Transformer": Entrant(TransformerParams(4, 192, 0.35, "transformer", 8, 640), FitParams(22, 12, 8, 0.002, 0.02)),
}


def read_chorales(path: Path) -> dict[str, list[np.ndarray]]:
    """The pieces of each split as MIDI pitches, int64[frames, 4], REST where a voice is silent.

    Raises:
        BadInput: the file isn't there or isn't that file.
    """
    try:
        content = json.loads(path.read_text())
        return {split: [np.array(piece, np.int64).reshape(-1, 4) for piece in content[split]] for split in SPLITS}
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); it must be Jsb16thSeparated.json") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: isn't Jsb16thSeparated.json ({error}); it must hold train, valid and test") from error


def encode(chorales: dict[str, list[np.ndarray]]) -> tuple[GridEncoding, dict[str, list[np.ndarray]]]:
    """The encoding of the pitches of the training and validation pieces, and all pieces in it."""
    pitches = np.concatenate([piece.ravel() for split in SPLITS[:2] for piece in chorales[split]])
    encoding = GridEncoding(int(pitches[pitches != REST].min()), int(pitches.max()), strikes=False)
    return encoding, {
        split: [np.where(piece == REST, encoding.rest, piece - encoding.lowest) for piece in pieces]
        for split, pieces in chorales.items()
    }


def train_entrant(
    entrant: Entrant, encoding: GridEncoding, events: dict[str, list[np.ndarray]], work: Path, device: str
) -> tuple[TupleModel, float]:
    """The trained model and the minutes that it took."""
    torch.manual_seed(TRAINING.seed)
    model = TupleModel(encoding.shape, entrant.backbone)
    validation = make_examples(encoding, events["valid"], [METRE] * len(events["valid"]))
    train_set = TrainingSet(encoding, events["train"], [METRE] * len(events["train"]))
    start = time.perf_counter()
    train(model, train_set, validation, TRAINING, entrant.fit, device, work, Tracker())
    return model.cpu(), (time.perf_counter() - start) / 60


def token_nats(model: TupleModel, encoding: GridEncoding, events: list[np.ndarray]) -> np.ndarray:
    """Nats of every token of a split, float[tokens]."""
    scores = score(model, make_examples(encoding, events, [METRE] * len(events)))
    return np.concatenate([s.nats.ravel() for s in scores])


def floor_nats(encoding: GridEncoding, events: dict[str, list[np.ndarray]], split: str) -> np.ndarray:
    """Nats of every token of a split by counting: each voice's pitch after its pitch in the frame before."""
    return np.concatenate(
        [n.ravel() for n in floors(encoding, events["train"], events["valid"], events[split])["bigram"]]
    )


def make_rows(
    encoding: GridEncoding, events: dict[str, list[np.ndarray]], work: Path, quick: bool, device: str
) -> list[dict]:
    """The rows of the table: counting, each entrant, the mean of their probabilities, what others published."""
    splits = {"validation": "valid", "test": "test"}
    rows = [row("counting floor", name, floor_nats(encoding, events, split), 0.0) for name, split in splits.items()]
    nats, minutes = {name: [] for name in splits}, 0.0
    for entrant_name, entrant in ENTRANTS.items():
        if quick:
            entrant = replace(entrant, fit=replace(entrant.fit, epochs=1))
        model, took = train_entrant(entrant, encoding, events, work / entrant_name, device)
        minutes += took
        for name, split in splits.items():
            nats[name].append(token_nats(model, encoding, events[split]))
            rows.append(row(entrant_name, name, nats[name][-1], took))
    for name in splits:
        mean = np.log(len(nats[name])) - np.logaddexp.reduce([-values for values in nats[name]])
        rows.append(row("mean of their probabilities", name, mean, minutes))
    for name, value in PUBLISHED:
        rows.append(
            {"model": name, "split": "validation", "nats_per_token": value, "source": "published", "minutes": None}
        )
    return rows


def row(model: str, split: str, nats: np.ndarray, minutes: float) -> dict:
    """A measured row."""
    return {
        "model": model,
        "split": split,
        "nats_per_token": round(float(nats.mean()), 4),
        "source": "measured",
        "minutes": round(minutes, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="Jsb16thSeparated.json", help="the data set's file")
    parser.add_argument(
        "--device", choices=("cpu", "cuda", "auto"), default="cpu", help="where to train (default: cpu)"
    )
    parser.add_argument("--quick", action="store_true", help="a few pieces, one epoch each, nothing written")
    args = parser.parse_args()
    encoding, events = encode(read_chorales(args.data))
    if args.quick:
        events = {split: pieces[:4] for split, pieces in events.items()}
    with tempfile.TemporaryDirectory() as name:
        rows = make_rows(encoding, events, Path(name), args.quick, args.device)
    cells = [
        [
            r["model"],
            r["split"],
            f"{r['nats_per_token']:.4f}",
            r["source"],
            "" if r["minutes"] is None else f"{r['minutes']:.1f}",
        ]
        for r in rows
    ]
    print(table(("model", "split", "nats a token", "source", "minutes"), cells))
    report("jsb", {"rows": rows}, args.quick)


if __name__ == "__main__":
    run_script(main)

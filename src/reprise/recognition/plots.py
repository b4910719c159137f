"""The recognizer's figures as CSV files that `dvc plots` draws and compares between commits."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import precision_recall_curve

from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.evaluate import Predictions, confusion_rows
from reprise.recognition.metrics import f1_per_instrument

RECALLS = np.round(np.arange(0, 1.001, 0.02), 2)


def write_plots(predictions: dict[str, Predictions], folder: Path) -> None:
    """F1 bars and confusion of each set, precision against recall of all sets and of each instrument."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = {name: interpolated_precision(p) for name, p in predictions.items()}
    for name, p in predictions.items():
        f1 = f1_per_instrument(p.labels, p.decisions)
        _write(folder / f"f1_{name}.csv", ("instrument", "f1"), [(i, f"{v:.4f}") for i, v in zip(INSTRUMENT_NAMES, f1)])
        _write(folder / f"confusion_{name}.csv", ("actual", "predicted"), confusion_rows(p))
        rows = [(recall, *(f"{v:.4f}" for v in curves[name][:, r])) for r, recall in enumerate(RECALLS)]
        _write(folder / f"precision_recall_{name}.csv", ("recall", *INSTRUMENT_NAMES), rows)
    means = np.stack([curve.mean(axis=0) for curve in curves.values()])
    rows = [(recall, *(f"{v:.4f}" for v in means[:, r])) for r, recall in enumerate(RECALLS)]
    _write(folder / "precision_recall.csv", ("recall", *curves), rows)


def interpolated_precision(predictions: Predictions) -> np.ndarray:
    """The best precision at each recall of `RECALLS` or more, float[K, len(RECALLS)] (Manning et al. 2008, eq. 8.7)."""
    result = np.zeros((predictions.labels.shape[1], len(RECALLS)))
    for k in range(len(result)):
        if predictions.labels[:, k].any():
            precision, recall, _ = precision_recall_curve(predictions.labels[:, k], predictions.probabilities[:, k])
            result[k] = [precision[recall >= wanted - 1e-9].max() for wanted in RECALLS]
    return result


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)

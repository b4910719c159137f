"""The recognizer's figures as CSV files that `dvc plots` draws and compares between commits."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sklearn.metrics import precision_recall_curve

from reprise.learning.tables import write_table
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.evaluation.evaluate import NONE, EvaluationParams, Predictions, confusion_rows, f1_estimates

RECALLS = np.round(np.arange(0, 1.001, 0.02), 2)


def write_plots(predictions: dict[str, Predictions], params: EvaluationParams, folder: Path) -> None:
    """F1 with intervals and confusion of each set, precision against recall of all sets and of each instrument."""
    curves = {name: interpolated_precision(p) for name, p in predictions.items()}
    for name, p in predictions.items():
        write_table(f1_rows(p, params), folder / f"f1_{name}.csv")
        write_table(confusion_counts(p), folder / f"confusion_{name}.csv")
        write_table(_curve_rows(INSTRUMENT_NAMES, curves[name]), folder / f"precision_recall_{name}.csv")
    means = np.stack([curve.mean(axis=0) for curve in curves.values()])
    write_table(_curve_rows(curves, means), folder / "precision_recall.csv")


def _curve_rows(names: Iterable[str], curves: np.ndarray) -> list[dict]:
    """Curves, float[number of names, len(RECALLS)], as rows of a table, one a recall."""
    return [
        {"recall": recall, **{name: f"{value:.4f}" for name, value in zip(names, column)}}
        for recall, column in zip(RECALLS, curves.T)
    ]


def f1_rows(predictions: Predictions, params: EvaluationParams) -> list[dict[str, str | float]]:
    """F1 of each instrument with its interval, the best first."""
    found = f1_estimates(predictions, params)
    rows = [{"instrument": i, "f1": e["value"], "low": e.get("low"), "high": e.get("high")} for i, e in found.items()]
    return sorted(rows, key=lambda row: -row["f1"])


def confusion_counts(predictions: Predictions) -> list[dict[str, str | int]]:
    """How often each instrument, or `none`, was taken for each, as `confusion_rows` has it; 0 where it never was."""
    counts, names = Counter(confusion_rows(predictions)), (*INSTRUMENT_NAMES, NONE)
    return [{"actual": a, "predicted": p, "count": counts[a, p]} for a in names for p in names]


def interpolated_precision(predictions: Predictions) -> np.ndarray:
    """The best precision at each recall of `RECALLS` or more, float[K, len(RECALLS)] (Manning et al. 2008, eq. 8.7)."""
    result = np.zeros((predictions.labels.shape[1], len(RECALLS)))
    for k in range(len(result)):
        if predictions.labels[:, k].any():
            precision, recall, _ = precision_recall_curve(predictions.labels[:, k], predictions.probabilities[:, k])
            result[k] = [precision[recall >= wanted - 1e-9].max() for wanted in RECALLS]
    return result

"""The test of the recognizer, on sets that training and thresholds never saw; read once, here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import Resamples, Seed, checked
from reprise.learning.bootstrap import estimate, resample_weights
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.progress import progress_bar
from reprise.recognition.data import SpectrogramSet, load_set
from reprise.recognition.evaluation.floor import floor_predictions
from reprise.recognition.metrics import estimates, f1_per_instrument, macro_f1, per_instrument, resampled_f1
from reprise.recognition.model import load_recognizer
from reprise.recognition.training.train import predict

TEST_SETS = ("test", "test_clean", "unseen_font")
NONE = "none"


@checked
class EvaluationParams:
    """The `evaluation` section."""

    seed: Seed
    resamples: Resamples
    attribution_clips: Annotated[int, Field(ge=0, le=100)]
    attribution_steps: Annotated[int, Field(ge=1, le=1000)]


@dataclass(frozen=True)
class Predictions:
    """What a model says of a set: labels and decisions 0/1 [N, K], probabilities [N, K], instruments a clip [N]."""

    labels: np.ndarray
    probabilities: np.ndarray
    decisions: np.ndarray
    count: np.ndarray


def evaluate_recognizer(
    params: EvaluationParams, spectrogram: SpectrogramParams, models: Path, clips: Path
) -> tuple[dict, dict[str, Predictions]]:
    """The recognizer in `models/recognizer` on every test set, with its floor and the ceiling in `models/ceiling`.

    Returns:
        The content of metrics/recognizer.json, and the predictions for each of `TEST_SETS`.
    """
    sets = {
        name: load_set(clips / "spectrograms/recognizer", name, spectrogram) for name in (*TEST_SETS, "same_register")
    }
    predictions = {}
    with progress_bar(len(sets) + 2, "evaluating", "models on sets") as bar:
        for name, data in sets.items():
            predictions[name] = _predict(models / "recognizer", data)
            bar.update(1)
        ceiling = _predict(models / "ceiling", sets["unseen_font"])
        bar.update(1)
        floor = _decide(
            sets["test"],
            *floor_predictions(clips / "midi", clips / "manifest.parquet", sets["test"].clips, params.seed),
        )
        bar.update(1)
    metrics = {name: evaluate_set(predictions[name], params) for name in TEST_SETS}
    metrics["same_register"] = headline(predictions["same_register"], params)
    metrics["floor"] = headline(floor, params)
    metrics["ceiling"] = headline(ceiling, params)
    return metrics, {name: predictions[name] for name in TEST_SETS}


def _predict(folder: Path, data: SpectrogramSet) -> Predictions:
    network, config = load_recognizer(folder)
    return _decide(data, predict(network, data), np.array(config.thresholds))


def _decide(data: SpectrogramSet, probabilities: np.ndarray, thresholds: np.ndarray) -> Predictions:
    return Predictions(data.labels, probabilities, (probabilities >= thresholds).astype(float), data.count)


def evaluate_set(predictions: Predictions, params: EvaluationParams) -> dict:
    """Everything the metrics contract asks of a test set."""
    p = predictions
    weights = resample_weights(len(p.labels), params.resamples, params.seed)
    result = estimates(p.labels, p.probabilities, p.decisions, weights)
    result["by_polyphony"] = {
        str(count): _macro_f1(p.labels[rows], p.decisions[rows], params)
        for count in sorted(set(p.count.tolist()))
        for rows in [p.count == count]
    }
    result["per_instrument"] = per_instrument(INSTRUMENT_NAMES, p.labels, p.probabilities, p.decisions)
    result["taken_for"] = taken_for(p)
    return result


def headline(predictions: Predictions, params: EvaluationParams) -> dict:
    """macro_f1 alone, for the floor, the ceiling and the set of one register."""
    return {"macro_f1": _macro_f1(predictions.labels, predictions.decisions, params)}


def _macro_f1(labels: np.ndarray, decisions: np.ndarray, params: EvaluationParams) -> dict:
    weights = resample_weights(len(labels), params.resamples, params.seed)
    return estimate(macro_f1(labels, decisions), resampled_f1(labels, decisions, weights).mean(axis=1), len(labels))


def f1_estimates(predictions: Predictions, params: EvaluationParams) -> dict[str, dict]:
    """F1 of each instrument as an estimate."""
    labels, decisions = predictions.labels, predictions.decisions
    weights = resample_weights(len(labels), params.resamples, params.seed)
    columns = zip(f1_per_instrument(labels, decisions), resampled_f1(labels, decisions, weights).T)
    return {name: estimate(*column, len(labels)) for name, column in zip(INSTRUMENT_NAMES, columns)}


def confusion_rows(predictions: Predictions) -> list[tuple[str, str]]:
    """(actual, predicted) pairs: hits with themselves, each missed instrument with each false alarm of its clip.

    A missed instrument without a false alarm beside it is taken for `none`; a false alarm without a missed one
    stands for `none`.
    """
    rows = []
    for labels, decisions in zip(predictions.labels > 0, predictions.decisions > 0):
        hits, missed, alarms = (
            np.flatnonzero(found) for found in (labels & decisions, labels & ~decisions, decisions & ~labels)
        )
        rows += [(INSTRUMENT_NAMES[k], INSTRUMENT_NAMES[k]) for k in hits]
        heard = [INSTRUMENT_NAMES[k] for k in alarms] or [NONE]
        real = [INSTRUMENT_NAMES[k] for k in missed] or [NONE]
        if len(missed) or len(alarms):
            rows += [(actual, predicted) for actual in real for predicted in heard]
    return rows


def taken_for(predictions: Predictions) -> dict[str, dict[str, int]]:
    """For each instrument that was missed: what was heard in its place, and how often, most often first."""
    counts: dict[str, dict[str, int]] = {}
    for actual, predicted in confusion_rows(predictions):
        if actual not in (predicted, NONE):
            row = counts.setdefault(actual, {})
            row[predicted] = row.get(predicted, 0) + 1
    ordered = {name: counts[name] for name in INSTRUMENT_NAMES if name in counts}
    return {name: dict(sorted(row.items(), key=lambda item: (-item[1], item[0]))) for name, row in ordered.items()}

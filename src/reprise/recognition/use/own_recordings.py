"""How well the recognizer does on a person's own recordings, by the labels that they give.

The labels are a CSV file in UTF-8 with a header: the column `file` names a recording, relative to one folder, and
every other column is an instrument by the name the recognizer has for it: 1 where the recording has it, 0 where it
hasn't, empty where nobody knows. Instruments that nobody labelled may be left out. N recordings, L instruments that are
labelled.

Averages over instruments are over those that occur, which have a 1 somewhere: of one that doesn't, F1 and average
precision say nothing. What is claimed of it counts in micro-F1 and as false alarms.
"""

import csv
import io
import os.path
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.errors import AudioError, BadInput
from reprise.learning.bootstrap import estimate, mean_estimate, resample_weights, rounded
from reprise.pipeline.shards import write_atomically
from reprise.recognition.metrics import average_precision, per_instrument
from reprise.recognition.model import Recognizer, RecognizerConfig
from reprise.recognition.use.recognize import recognize

RESAMPLES, SEED = 1000, 1  # of the bootstrap behind the intervals
FILE = "file"


@dataclass(frozen=True)
class Labels:
    """Recordings as the table names them, labelled instruments, and labels, float[N, L]: 0, 1, or nan for unknown."""

    files: tuple[str, ...]
    instruments: tuple[str, ...]
    values: np.ndarray


def read_labels(table: Path, folder: Path, known: tuple[str, ...]) -> Labels:
    """Labels of recordings in `folder`, whose files must all be there.

    Args:
        known: the instruments that may be labelled.

    Raises:
        BadInput: the table isn't CSV, or a column, a label or a file in it is wrong; the message says where.
    """
    if not folder.is_dir():
        is_what = "is a file" if folder.exists() else "no such folder"
        raise BadInput(f"{folder}: {is_what}; it must be the folder that holds the recordings")
    rows = _read_rows(table)
    if len(rows) < 2:
        raise BadInput(f"{table}: has no rows; below the header it must have a line for each recording")
    header = rows[0][1]
    _check_header(header, table, known)
    instruments = tuple(name for name in header if name != FILE)
    lines: dict[str, int] = {}
    values = []
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            raise BadInput(
                f"{table}, line {line}: has {len(cells)} cells; it must have {len(header)}, as the header has"
            )
        row = dict(zip(header, cells))
        file = _checked_file(row[FILE], folder, f"{table}, line {line}, column '{FILE}'")
        if file in lines:
            raise BadInput(f"{table}, line {line}: '{file}' stands in line {lines[file]} already; give each file once")
        lines[file] = line
        for name in instruments:
            if row[name] not in ("0", "1", ""):
                raise BadInput(f"{table}, line {line}, column '{name}': is '{row[name]}'; it must be 0, 1 or empty")
        values.append([float(row[name] or "nan") for name in instruments])
    if np.isnan(values).all():
        raise BadInput(f"{table}: labels nothing; some cells below the instruments must be 0 or 1")
    return Labels(tuple(lines), instruments, np.array(values))


def _read_rows(table: Path) -> list[tuple[int, list[str]]]:
    """Number and cells of each line that isn't blank."""
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except OSError as error:
        raise BadInput(f"{table}: cannot be read ({error.strerror}); it must be a CSV file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table}: is no CSV file in UTF-8 ({error})") from error


def _check_header(header: list[str], table: Path, known: tuple[str, ...]) -> None:
    if FILE not in header:
        raise BadInput(
            f"{table}: has no column '{FILE}', but {', '.join(map(repr, header))}; "
            f"it must have '{FILE}' and instruments, with commas between them"
        )
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise BadInput(f"{table}: column '{repeated}' stands there twice; give each column once")
    wrong = next((name for name in header if name != FILE and name not in known), None)
    if wrong is not None:
        raise BadInput(f"{table}: column '{wrong}' is no instrument of the recognizer; it must be {', '.join(known)}")
    if len(header) == 1:
        raise BadInput(f"{table}: has no instruments; beside '{FILE}' it must have columns out of {', '.join(known)}")


def _checked_file(name: str, folder: Path, place: str) -> str:
    """A file's name in its simplest form; it must be there, and named from inside the folder."""
    simple = os.path.normpath(name) if name else ""
    if os.path.isabs(simple) or simple.split(os.sep)[0] == os.pardir:
        raise BadInput(f"{place}: '{name}' leads out of {folder}; it must be a path inside that folder")
    if not os.path.isfile(folder / simple):
        raise BadInput(f"{place}: there is no file '{name}' in {folder}; it must be a recording there")
    return simple


def evaluate_recordings(
    network: Recognizer,
    config: RecognizerConfig,
    labels: Labels,
    folder: Path,
    report: Callable[[AudioError], None] = lambda error: None,
) -> dict:
    """The figures of `metrics/recognizer.json` for labelled recordings.

    A recording has an instrument where `recognize` lists it for the whole recording.

    Args:
        report: told about each recording that can't be used, which is then left out.

    Returns:
        What `figures` gives, recordings (how many were heard), files (what is heard in each, as `rows_of` has it) and
        skipped (file and error of each that wasn't).

    Raises:
        AudioError: none of the recordings can be used.
    """
    chosen = [config.instruments.index(name) for name in labels.instruments]
    confidence, used, skipped = [], [], []
    for row, file in enumerate(labels.files):
        try:
            confidence.append(recognize(network, config, folder / file).confidence[chosen])
            used.append(row)
        except AudioError as error:
            skipped.append({"file": file, "error": str(error)})
            report(error)
    if not used:
        raise AudioError(f"{folder}: none of the {len(labels.files)} recordings can be used")
    actual, scores = labels.values[used], np.stack(confidence)
    claims = (scores >= np.array(config.thresholds)[chosen]).astype(float)
    files = rows_of([labels.files[row] for row in used], labels.instruments, actual, scores, claims)
    return {
        **figures(labels.instruments, actual, scores, claims),
        "recordings": len(used),
        "files": files,
        "skipped": skipped,
    }


def figures(instruments: tuple[str, ...], actual: np.ndarray, scores: np.ndarray, claims: np.ndarray) -> dict:
    """macro_f1, micro_f1, mean_average_precision, mean_base_rate and false_alarms_a_recording as estimates.

    Those that need an instrument that occurs are left out where none does. A resample averages over the instruments
    that occur in it.

    Args:
        actual, scores, claims: labels with nan for unknown, confidence and 0/1 decisions, float[N, L].

    Returns:
        Also per_instrument: as `metrics.per_instrument` over the recordings where it is labelled, with base_rate,
        false_alarms and labelled (counts); None for what an instrument that doesn't occur hasn't.
    """
    count, known = len(actual), ~np.isnan(actual)
    has, claimed = np.nan_to_num(actual), claims * known
    weights = np.concatenate([np.ones((1, count)), resample_weights(count, RESAMPLES, SEED)])
    support, labelled, hits, claims_made = (weights @ x for x in (has, known.astype(float), has * claimed, claimed))
    result: dict[str, dict] = {}
    if has.any():
        ranked = np.stack(
            [
                average_precision(has[rows, k : k + 1], scores[rows, k : k + 1], weights[:, rows])[:, 0]
                if rows.any()
                else np.zeros(len(weights))
                for k, rows in enumerate(known.T)
            ],
            axis=1,
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = {
                "macro_f1": 2 * hits / (support + claims_made),
                "mean_average_precision": ranked,
                "mean_base_rate": support / labelled,
            }
            micro = 2 * hits.sum(axis=1) / (support.sum(axis=1) + claims_made.sum(axis=1))
        drawn = support.any(axis=1)
        averages = {name: np.nanmean(np.where(support > 0, x, np.nan)[drawn], axis=1) for name, x in shares.items()}
        averages["micro_f1"] = micro[drawn]
        result = {name: estimate(values[0], values[1:], count) for name, values in averages.items()}
    result["false_alarms_a_recording"] = mean_estimate((claimed * (has == 0)).sum(axis=1), RESAMPLES, SEED)
    result["per_instrument"] = {
        name: _of_instrument(name, *(column[rows, k] for column in (has, scores, claimed)))
        for k, (name, rows) in enumerate(zip(instruments, known.T))
    }
    return result


def _of_instrument(name: str, has: np.ndarray, scores: np.ndarray, claimed: np.ndarray) -> dict:
    """The figures of one instrument over the recordings where it is labelled, float[n] each."""
    if not len(has):
        figures = dict.fromkeys(("f1", "precision", "recall", "average_precision"))
        return {**figures, "support": 0, "base_rate": None, "false_alarms": 0, "labelled": 0}
    row: dict[str, float | None] = {
        **per_instrument((name,), has[:, None], scores[:, None], claimed[:, None])[name],
    }
    if not has.any():
        row |= {"f1": None, "recall": None, "average_precision": None}
    if not claimed.any():
        row["precision"] = None
    return {
        **row,
        "base_rate": rounded(has.mean()),
        "false_alarms": int((claimed * (1 - has)).sum()),
        "labelled": len(has),
    }


def rows_of(
    files: list[str], instruments: tuple[str, ...], actual: np.ndarray, scores: np.ndarray, claims: np.ndarray
) -> list[dict]:
    """For each recording its file, which labelled instruments are heard, missed and false alarms, and `instruments`:
    label (None for unknown), confidence and heard of each."""
    rows = []
    for file, has, score, claimed in zip(files, actual, scores, claims.astype(bool)):
        named = list(zip(instruments, has, claimed))
        rows.append({
            "file": file,
            "heard": [name for name, _, claim in named if claim],
            "missed": [name for name, label, claim in named if label == 1 and not claim],
            "false_alarms": [name for name, label, claim in named if label == 0 and claim],
            "instruments": {
                name: {"label": None if np.isnan(label) else int(label), "confidence": rounded(s), "heard": bool(claim)}
                for (name, label, claim), s in zip(named, score)
            },
        })  # fmt: skip
    return rows


def write_rows(rows: list[dict], path: Path) -> None:
    """What `rows_of` gives as a CSV file: a line for each recording and labelled instrument, an unknown label empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([FILE, "instrument", "label", "confidence", "heard"])
    for row in rows:
        for name, found in row["instruments"].items():
            label = "" if found["label"] is None else found["label"]
            writer.writerow([row["file"], name, label, f"{found['confidence']:.4f}", int(found["heard"])])
    write_atomically(path, text.getvalue().encode())

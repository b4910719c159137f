"""How well the recognizer does on a person's own recordings, by the labels that they give.

The labels are a CSV file in UTF-8 with a header: the column `file` names a recording, relative to one folder, and
every other column is an instrument by the name the recognizer has for it, 1 where the recording has it and 0 where it
hasn't. Instruments that nobody labelled may be left out; the figures are over those given. N recordings, L
instruments that are labelled.
"""

import csv
import os.path
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.bootstrap import resample_weights
from reprise.errors import AudioError, BadInput
from reprise.recognition.metrics import estimates, per_instrument
from reprise.recognition.model import Recognizer, RecognizerConfig
from reprise.recognition.recognize import recognize

RESAMPLES, SEED = 1000, 1  # of the bootstrap behind the intervals
FILE = "file"


@dataclass(frozen=True)
class Labels:
    """Recordings as the table names them, the labelled instruments, and 0/1 labels, float[N, L]."""

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
        raise BadInput(f"{folder}: no such folder; it must be the one that holds the recordings")
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
            if row[name] not in ("0", "1"):
                raise BadInput(f"{table}, line {line}, column '{name}': is '{row[name]}'; it must be 0 or 1")
        values.append([float(row[name]) for name in instruments])
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
        macro_f1, micro_f1 and mean_average_precision as estimates, per_instrument, recordings (how many were heard)
        and skipped (file and error of each that wasn't).

    Raises:
        AudioError: none of the recordings can be used.
    """
    chosen = [config.instruments.index(name) for name in labels.instruments]
    probabilities, used, skipped = [], [], []
    for row, file in enumerate(labels.files):
        try:
            probabilities.append(recognize(network, config, folder / file).confidence[chosen])
            used.append(row)
        except AudioError as error:
            skipped.append({"file": file, "error": str(error)})
            report(error)
    if not used:
        raise AudioError(f"{folder}: none of the {len(labels.files)} recordings can be used")
    actual, scores = labels.values[used], np.stack(probabilities)
    decisions = (scores >= np.array(config.thresholds)[chosen]).astype(float)
    result = estimates(actual, scores, decisions, resample_weights(len(used), RESAMPLES, SEED))
    result["per_instrument"] = per_instrument(labels.instruments, actual, scores, decisions)
    return {**result, "recordings": len(used), "skipped": skipped}

"""What judges share: recordings whose labels are the folders that they lie in, and means by label."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import table
from reprise.audio.recordings import find_recordings, stream_mono
from reprise.learning.bootstrap import mean_estimates, with_interval

RESAMPLES, SEED = 1000, 0


def read_labelled(folder: Path, sample_rate: int) -> tuple[list[str], Iterator[tuple[str, np.ndarray]]]:
    """The labels of the recordings in a folder, and their names and sounds, float32[samples] mono.

    Raises:
        AudioError: there are none, or one can't be read.
    """
    paths = find_recordings(folder)
    sounds = ((str(path), np.concatenate(list(stream_mono(path, sample_rate)))) for path in paths)
    return [path.parent.name for path in paths], sounds


def by_label(scores: pd.DataFrame, labels: Sequence[str]) -> dict[str, dict]:
    """The mean of each column over the rows of each label, nan left out, an estimate: `{label: {column: estimate}}`."""
    return {
        label: mean_estimates({name: own[name].to_numpy(float) for name in own}, RESAMPLES, SEED)
        for label, own in scores.groupby(np.asarray(labels), sort=True)
    }


def show_by_label(found: dict[str, dict], names: Sequence[str], labels: Sequence[str]) -> str:
    rows = [[name, *(with_interval(own[name]) if name in own else "-" for own in found.values())] for name in names]
    return table(["mean", *(f"{label} ({labels.count(label)})" for label in found)], rows)

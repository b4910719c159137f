"""What judges share: recordings with labels, means by label, and whether judges hear what the table says."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soxr

from benchmarks.measure import table
from reprise.audio.params import RenderParams
from reprise.audio.recordings import find_recordings, stream_mono
from reprise.learning.bootstrap import mean_estimates, rank_estimates, with_interval
from reprise.params import load_section
from reprise.taste.evaluation.adherence import HEIGHTS
from reprise.taste.evaluation.made import load_made
from reprise.taste.words.crossmodal import CROSSMODAL
from reprise.taste.words.prompts import BASE

RESAMPLES, SEED = 1000, 0
MANIFEST = "manifest.parquet"
# What a judge says that the crossmodal table speaks of too: the column of the table, and whether it goes up with it.
OF_TABLE = {
    "slow": ("tempo_bpm", -1),
    "fast": ("tempo_bpm", 1),
    "loud": ("loudness", 1),
    "quiet": ("loudness", -1),
    "soft": ("loudness", -1),
    "mean_pitch": ("register", 1),
    "onset_rate": ("tempo_bpm", 1),
    "articulation": ("articulation", 1),
}


def read_labelled(folder: Path, sample_rate: int) -> tuple[list[str], Iterator[tuple[str, np.ndarray]]]:
    """The labels of the recordings in a folder, and their names and sounds, float32[samples] mono. The label is that of
    the folder in which a recording lies; in data/taste, which the pipeline makes, the taste of a piece's base prompt.

    Raises:
        AudioError: there are none, or one can't be read.
    """
    if (folder / MANIFEST).is_file():
        rate = load_section(RenderParams, "rendering").sample_rate
        made = [one for one in load_made(folder, rate) if one.set == BASE]
        heard = ((f"{one.row['item']}", soxr.resample(one.sound, rate, sample_rate)) for one in made)
        return [one.tastes[0] for one in made], heard
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


def against_table(scores: pd.DataFrame, labels: Sequence[str]) -> dict[str, dict]:
    """Of each column that the crossmodal table speaks of, how far the judge hears what the table asks for: the rank
    correlation of the two over pieces, 1 where they agree, 0 where the judge hears nothing of it, below 0 where they
    disagree. {} where labels aren't tastes.
    """
    if not set(labels) <= CROSSMODAL.keys():
        return {}
    pairs = {}
    for name in scores.columns.intersection(list(OF_TABLE)):
        column, sign = OF_TABLE[name]
        wanted = [getattr(CROSSMODAL[label], column) for label in labels]
        levels = np.array([HEIGHTS.get(value, value) for value in wanted], float)
        pairs[name] = (sign * levels, scores[name].to_numpy(float))
    return rank_estimates(pairs, RESAMPLES, SEED)


def show_against_table(found: dict[str, dict]) -> str:
    rows = [[name, with_interval(row), "disagrees" if row["high"] < 0 else ""] for name, row in found.items()]
    return table(["heard against asked", "rank correlation", ""], rows)

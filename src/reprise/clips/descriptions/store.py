"""Described clips on disk.

`descriptions.parquet` has a row for each rendered clip of `SETS`: `set` and `clip`; a column for each axis, nan where
it is undefined; `true` and `undecided`, lists of assertions; `captions` and `held_out_captions`, lists of texts in the
words of training and in those held out from it, with the assertions of each in `said` and `held_out_said`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.clips.descriptions.assertions import (
    PLACE,
    STATEMENTS,
    TRUE,
    UNDECIDED,
    Assertion,
    parse_assertion,
    parse_caption,
)
from reprise.clips.descriptions.axes import AXES
from reprise.errors import ShardError

TRAIN = "train"
SETS = (TRAIN, "validation", "test", "test_clean", "unseen_font")
STOCKS = {"seen": ("captions", "said"), "held_out": ("held_out_captions", "held_out_said")}


@dataclass(frozen=True)
class Descriptions:
    """The described clips of one set.

    Attributes:
        clips: their ids, int[N]. truth: of each statement, int8[N, S], see `assertions.truth_of`.
        attributes: a column an axis, N rows.
        captions: by stock of words, the first caption of each clip: its text and its assertions.
    """

    clips: np.ndarray
    truth: np.ndarray
    attributes: pd.DataFrame
    captions: Mapping[str, tuple[Sequence[str], Sequence[list[Assertion]]]]


def load_descriptions(path: Path, name: str) -> Descriptions:
    """The set `name` of the table that the stage describe_clips wrote.

    Raises:
        ShardError: it is missing, damaged or lacks the set.
    """
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: not a readable table ({error}); run the stage describe_clips") from error
    table = table[table["set"] == name]
    if not len(table):
        raise ShardError(f"{path}: has no clip of the set {name}; run the stage describe_clips")
    truth = np.zeros((len(table), len(STATEMENTS)), np.int8)
    for value, column in ((TRUE, "true"), (UNDECIDED, "undecided")):
        for row, said in zip(truth, table[column]):
            row[[PLACE[parse_assertion(text)] for text in said]] = value
    captions = {
        stock: ([own[0] for own in table[texts]], [parse_caption(own[0]) for own in table[said]])
        for stock, (texts, said) in STOCKS.items()
    }
    return Descriptions(table["clip"].to_numpy(), truth, table[list(AXES)].reset_index(drop=True), captions)

"""A corpus of scores on disk, and the `corpus` section of params.yaml.

A corpus folder holds

- `pieces.parquet`, a row a piece: `piece`, its number; `split`; `family`, equal for pieces that share a tune; `source`;
  `sha256` of its notes; `tempo_bpm`, `programs`, `beats_a_bar`, `beat_value`; `key_fifths` and
  `key_mode`, or nothing; the number of its `parts`, `bars` and `notes`;
- `notes.parquet`, a row a note: `piece` and the fields of a note table, onsets and durations in quarter-note beats;
- `skipped.csv`, a row for each file, tune or solo that was left out, with the reason and, where there is more to say, a
  `detail`; and a row for each kind of thing that is missing from a piece of the corpus, with its `count`.

The pieces of the split `opening` are another composer's: music to continue, never trained on.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from reprise.checked import HeldOutShare, Seed, Within, checked, require
from reprise.errors import RepriseError
from reprise.music.piece import MELODIC_CHANNELS, NOTE, NOTE_FIELDS, Piece

SPLITS = ("train", "validation", "test", "opening")
MUSIC21 = "music21"
SCORES = "scores"
PIECE_COLUMNS = (
    "piece", "split", "family", "source", "sha256", "tempo_bpm", "programs", "beats_a_bar", "beat_value", "key_fifths",
    "key_mode", "parts", "bars", "notes",
)  # fmt: skip


Metres = tuple[Annotated[str, Field(pattern=r"^[0-9]{1,2}/[0-9]{1,2}$")], ...]


@checked
class SplitParams:
    """How pieces are dealt into splits."""

    seed: Seed
    validation_share: HeldOutShare
    test_share: HeldOutShare


@checked
class CorpusParams(SplitParams):
    """The `corpus` section."""

    source: str
    composer: str
    metres: Metres
    bars: Annotated[tuple[int, int], Within(1, 100_000)]
    parts: Annotated[tuple[int, int], Within(1, MELODIC_CHANNELS)]
    merge_parts: bool
    rare_pitch_count: Annotated[int, Field(ge=0, le=1_000_000)]
    opening_source: str
    opening_composer: str
    opening_metres: Metres

    def __post_init__(self) -> None:
        for key in ("source", "opening_source"):
            value, path = getattr(self, key), PurePosixPath(getattr(self, key))
            right = f"{MUSIC21}, or a folder or database below {SCORES}/, the folder that DVC watches"
            require(value == MUSIC21 or (path.parts[:1] == (SCORES,) and ".." not in path.parts), key, value, right)
        for key in ("composer", "opening_composer"):
            value = getattr(self, key)
            named = bool(value) or getattr(self, key.replace("composer", "source")) != MUSIC21
            require(named and ".." not in PurePosixPath(value).parts, key, value, "a name, such as bach")


@dataclass(frozen=True, eq=False)
class Corpus:
    """A corpus in memory.

    Attributes:
        table: a row a piece, as in `pieces.parquet`.
        notes: a row a note, as in `notes.parquet`, in the order of `table`.
    """

    table: pd.DataFrame
    notes: pd.DataFrame

    def pieces(self, split: str) -> list[Piece]:
        """The pieces of one split, in the order of the table."""
        if split not in SPLITS:
            raise ValueError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
        ends = np.cumsum(self.table["notes"].to_numpy())
        fields = {name: self.notes[name].to_numpy() for name in NOTE_FIELDS}
        rows = (self.table["split"] == split).to_numpy().nonzero()[0].tolist()
        return [self._piece(row, slice(ends[row] - self.table["notes"].iat[row], ends[row]), fields) for row in rows]

    def families(self, split: str) -> list[int]:
        """The family of each piece of one split, in the order of `pieces`."""
        return self.table.loc[self.table["split"] == split, "family"].tolist()

    def _piece(self, row: int, span: slice, fields: dict[str, np.ndarray]) -> Piece:
        entry = self.table.iloc[row]
        notes = np.empty(span.stop - span.start, NOTE)
        for name, column in fields.items():
            notes[name] = column[span]
        return Piece(
            notes,
            float(entry["tempo_bpm"]),
            tuple(int(program) for program in entry["programs"]),
            (int(entry["beats_a_bar"]), int(entry["beat_value"])),
            entry["source"],
            None if pd.isna(entry["key_fifths"]) else int(entry["key_fifths"]),
            None if pd.isna(entry["key_mode"]) else entry["key_mode"],
        )


def save_corpus(corpus: Corpus, folder: Path) -> None:
    """Write a corpus into `folder`, which it makes."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus.table.to_parquet(folder / "pieces.parquet", index=False)
    corpus.notes.to_parquet(folder / "notes.parquet", index=False)


def load_corpus(folder: Path) -> Corpus:
    """The corpus in `folder`.

    Raises:
        RepriseError: a file of it is missing or damaged.
    """
    remedy = "run the stage that makes it, dvc repro collect_corpus"
    tables = []
    for name, columns in (("pieces.parquet", PIECE_COLUMNS), ("notes.parquet", ("piece", *NOTE_FIELDS))):
        try:
            tables.append(pd.read_parquet(folder / name))
        except (OSError, ValueError) as error:
            raise RepriseError(f"{folder / name}: not a readable table ({error}); {remedy}") from error
        missing = [column for column in columns if column not in tables[-1]]
        if missing:
            raise RepriseError(f"{folder / name}: lacks the column '{missing[0]}'; {remedy}")
    table, notes = tables
    owners = np.repeat(table["piece"].to_numpy(), table["notes"].to_numpy())
    if not np.array_equal(owners, notes["piece"].to_numpy()):
        raise RepriseError(f"{folder}: pieces.parquet and notes.parquet don't belong together; {remedy}")
    return Corpus(table, notes)

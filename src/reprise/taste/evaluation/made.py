"""The music of the pipeline's prompts, read."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.audio.files import decode
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.pipeline.shards import item_name, read_shard, shard_name
from reprise.taste.words.prompts import Prompt


@dataclass(frozen=True, eq=False)
class Made:
    """One piece of `data/taste`: its row of the manifest, its notes, as written, and its sound, float32[samples]."""

    row: dict
    piece: Piece
    sound: np.ndarray

    @property
    def set(self) -> str:
        return self.row["set"]

    @property
    def tastes(self) -> tuple[str, ...]:
        return tuple(self.row["tastes"])

    @property
    def prompt(self) -> Prompt:
        """Its prompt, with an id that no other set has."""
        return Prompt(f"{self.set}/{self.row['prompt']}", "", self.row["text"])

    @property
    def told(self) -> dict:
        """What the composer was told, by name."""
        return json.loads(self.row["told"])


def load_made(folder: Path, sample_rate: int) -> list[Made]:
    """All pieces, in order.

    Raises:
        ShardError, AudioError, MidiError: something is damaged or missing.
    """
    manifest = pd.read_parquet(folder / "manifest.parquet")
    made = []
    for shard, rows in manifest.groupby("shard", sort=True):
        path = folder / shard_name(shard)
        names = {item: (item_name(item, "mid"), item_name(item, "flac")) for item in rows["item"]}
        members = read_shard(path, [name for pair in names.values() for name in pair])
        for row in rows.to_dict("records"):
            midi, flac = names[row["item"]]
            where = f"{path}: {flac}"
            made.append(Made(row, read_midi(members[midi], midi), decode(members[flac], where, sample_rate)))
    return made

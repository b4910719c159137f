"""A folder of composed music: its params, and the reading of it.

It holds tar shards with each item as MIDI, `manifest.parquet` with a row an item, and `samples/`, a few laid open as
MIDI, MusicXML, pictures of their scores and sound; `generate` writes it.
"""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from reprise.checked import AtLeastOne, Seed, checked, require
from reprise.composition.sampling.rules import SamplingRules, SharedRules, Temperature
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.pipeline.shards import item_name, read_shard, shard_name


@checked
class MusicParams(SharedRules):
    """The `sampling` section: how much music, at which temperatures, by which rules."""

    seed: Seed
    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=1)]
    pieces: Annotated[int, Field(ge=2, multiple_of=2)]  # half continue openings
    bars: Annotated[int, Field(ge=2, le=1000)]
    opening_bars: AtLeastOne
    open_samples: Annotated[int, Field(ge=0)]

    def __post_init__(self) -> None:
        distinct = len(set(self.temperatures)) == len(self.temperatures)
        require(distinct, "temperatures", list(self.temperatures), "a list of one or more, each once")
        right = f"from 1 to below bars ({self.bars})"
        require(self.opening_bars < self.bars, "opening_bars", self.opening_bars, right)
        right = f"from 0 to half of pieces ({self.pieces // 2})"
        require(self.open_samples <= self.pieces // 2, "open_samples", self.open_samples, right)

    def rules(self, temperature: float) -> SamplingRules:
        """The sampling rules at one temperature."""
        shared = {field.name: getattr(self, field.name) for field in fields(SharedRules)}
        return SamplingRules(temperature=temperature, **shared)


def load_music(folder: Path) -> tuple[pd.DataFrame, list[Piece]]:
    """The manifest and, in its order, the pieces: the first `opening_bars` bars of each are somebody else's.

    Raises:
        ShardError: a shard is damaged.
    """
    manifest = pd.read_parquet(folder / "manifest.parquet")
    pieces = []
    for shard, rows in manifest.groupby("shard", sort=True):
        names = [item_name(item, "mid") for item in rows["item"]]
        members = read_shard(folder / shard_name(shard), names)
        pieces += [read_midi(members[name], name) for name in names]
    return manifest, pieces

"""A folder of composed music: its params, and the reading of it.

It holds tar shards with each item as MIDI and MusicXML, `manifest.parquet` with a row an item, and `samples/`, a few
laid open with their sound; `generate` writes it.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from reprise.composition.sampling.rules import OPTIONS, SamplingRules, SharedRules
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.params import require, require_seed
from reprise.pipeline.shards import item_name, read_shard, shard_name


@dataclass(frozen=True, kw_only=True)
class MusicParams(SharedRules):
    """The `sampling` section: how much music, at which temperatures, by which rules."""

    seed: int
    temperatures: tuple[float, ...]
    pieces: int
    bars: int
    seed_bars: int
    open_samples: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_seed(self.seed)
        distinct = len(set(self.temperatures)) == len(self.temperatures) > 0
        require(distinct, "temperatures", list(self.temperatures), "a list of one or more, each once")
        require(
            self.pieces >= 2 and self.pieces % 2 == 0, "pieces", self.pieces, "even and 2 or more: half from openings"
        )
        require(
            1 <= self.seed_bars < self.bars <= 1000, "seed_bars", self.seed_bars, f"from 1 to below bars ({self.bars})"
        )
        within = 0 <= self.open_samples <= self.pieces // 2
        require(within, "open_samples", self.open_samples, f"from 0 to half of pieces ({self.pieces // 2})")
        for temperature in self.temperatures:
            OPTIONS["temperature"].check("temperatures", temperature)

    def rules(self, temperature: float) -> SamplingRules:
        """The sampling rules at one temperature."""
        shared = {field.name: getattr(self, field.name) for field in fields(SharedRules)}
        return SamplingRules(temperature=temperature, **shared)


def load_music(folder: Path) -> tuple[pd.DataFrame, list[Piece]]:
    """The manifest and, in its order, the pieces: the first `seed_bars` bars of each are somebody else's.

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

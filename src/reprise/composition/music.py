"""A folder of composed music: its params, and the reading of it.

It holds tar shards with each item as MIDI and MusicXML, `manifest.parquet` with a row an item, and `samples/`, a few
laid open with their sound; `generate` writes it.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from reprise.composition.compose import after_bar
from reprise.composition.sampling import SamplingRules
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.params import require
from reprise.shards import item_name, read_shard, shard_name


@dataclass(frozen=True)
class MusicParams:
    """The `sampling` section."""

    seed: int
    temperatures: tuple[float, ...]
    pieces: int
    bars: int
    seed_bars: int
    pitch_factor: float
    top_k: int
    top_p: float
    min_p: float
    repeat_limit: int
    copy_limit: int
    open_samples: int

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", self.seed, "0 or more")
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
        require(0 < self.pitch_factor <= 10, "pitch_factor", self.pitch_factor, "above 0, at most 10")
        for temperature in self.temperatures:
            self.rules(temperature)

    def rules(self, temperature: float) -> SamplingRules:
        """The sampling rules at one temperature."""
        return SamplingRules(
            temperature=temperature,
            field_temperatures=(("pitch", temperature * self.pitch_factor),),
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repeat_limit=self.repeat_limit,
            copy_limit=self.copy_limit,
        )


def load_music(folder: Path) -> tuple[pd.DataFrame, list[Piece]]:
    """The manifest and, in its order, what the composer wrote: openings by others are cut off.

    Raises:
        ShardError: a shard is damaged.
    """
    manifest = pd.read_parquet(folder / "manifest.parquet")
    pieces = []
    for shard, rows in manifest.groupby("shard", sort=True):
        names = [item_name(item, "mid") for item in rows["item"]]
        members = read_shard(folder / shard_name(shard), names)
        for name, seed_bars in zip(names, rows["seed_bars"]):
            pieces.append(after_bar(read_midi(members[name], name), seed_bars))
    return manifest, pieces

"""The corpus of clips on disk: MIDI shards, their manifest, and its summary.

`manifest.parquet` has a row a clip: `clip` (id), `split`, `shard`, `parts` (instrument index of each part),
`levels_db` (of each part), `count`, what the music is (`tempo_bpm`, `beats_a_bar`, `tonic`, `mode`, `roles`,
`notes`; whether parts begin notes at once, `simultaneous`, and overlap in range, `shared_register`), and a 0/1 column
for each instrument.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.clips.compose import Clip, compose_clip
from reprise.clips.params import ClipParams
from reprise.errors import ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.writers.midi import midi_bytes
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, make_shard, read_shard, shard_name, shard_plan

SPLITS = ("train", "validation", "test", "same_register")


@dataclass(frozen=True)
class _Job:
    params: ClipParams
    shard: int
    items: range
    folder: Path
    scratch: Path


def stem_name(clip: int, part: int) -> str:
    """The name of a part's stem in the shards of audio."""
    return item_name(clip, f"part{part}.flac")


def compose_clips(params: ClipParams, folder: Path, manifest: Path, scratch: Path, compute: ComputeParams) -> dict:
    """Compose every clip into MIDI shards under `folder` and list them in `manifest`; returns the summary."""
    plan = shard_plan(params.total, params.shard_size)
    jobs = [_Job(params, shard, items, folder, scratch) for shard, items in enumerate(plan)]
    rows = run_jobs(_compose_shard, jobs, [len(items) for items in plan], compute, "composing")
    table = pd.DataFrame([row for shard_rows in rows for row in shard_rows])
    table.to_parquet(manifest, index=False)
    return summarise(table, folder / shard_name(0))


def _compose_shard(job: _Job) -> list[dict]:
    def make() -> tuple[list[tuple[str, bytes]], list[dict]]:
        clips = [compose_clip(job.params, item) for item in job.items]
        members = [(item_name(item, "mid"), midi_bytes(clip.piece)) for item, clip in zip(job.items, clips)]
        rows = [_row(item, job.shard, job.params.split(item), clip) for item, clip in zip(job.items, clips)]
        return members, rows

    return make_shard(job.folder / shard_name(job.shard), job.scratch / f"midi-{job.shard:05d}.json", make)


def _row(item: int, shard: int, split: str, clip: Clip) -> dict:
    notes = clip.piece.notes
    return {
        "clip": item,
        "split": split,
        "shard": shard,
        "parts": list(clip.instruments),
        "levels_db": list(clip.levels_db),
        "count": len(clip.instruments),
        "tempo_bpm": clip.piece.tempo_bpm,
        "beats_a_bar": clip.piece.metre[0],
        "tonic": clip.tonic,
        "mode": clip.mode,
        "roles": list(clip.roles),
        "notes": len(notes),
        "simultaneous": _has_simultaneous(notes),
        "shared_register": _shares_register(notes),
        **{name: int(index in clip.instruments) for index, name in enumerate(INSTRUMENT_NAMES)},
    }


def _has_simultaneous(notes: np.ndarray) -> bool:
    """Do notes of two parts ever start together?"""
    onsets = {part: set(np.round(notes["onset"][notes["part"] == part] * 12)) for part in np.unique(notes["part"])}
    return any(onsets[a] & onsets[b] for a in onsets for b in onsets if a < b)


def _shares_register(notes: np.ndarray) -> bool:
    """Do the pitch ranges of two parts overlap?"""
    ranges = sorted(
        (n["pitch"].min(), n["pitch"].max())
        for part in np.unique(notes["part"])
        for n in [notes[notes["part"] == part]]
    )
    return any(low <= high for (_, high), (low, _) in pairwise(ranges))


def summarise(manifest: pd.DataFrame, first_shard: Path) -> dict:
    """Counts and shares by split, and the sha256 of MIDI shard 0, by which a clone checks that it composes the same."""
    several = manifest[manifest["count"] > 1]
    return {
        "clips": {split: int((manifest["split"] == split).sum()) for split in SPLITS},
        "by_polyphony": {str(count): int(n) for count, n in manifest["count"].value_counts().sort_index().items()},
        "share_of_clips": {name: round(float(manifest[name].mean()), 4) for name in INSTRUMENT_NAMES},
        "notes_a_clip": round(float(manifest["notes"].mean()), 2),
        "share_with_simultaneous_onsets": round(float(several["simultaneous"].mean()), 4),
        "share_with_shared_register": round(float(several["shared_register"].mean()), 4),
        "midi_shard_0_sha256": hashlib.sha256(first_shard.read_bytes()).hexdigest(),
    }


def read_manifest(path: Path) -> pd.DataFrame:
    """The manifest that `compose_clips` wrote.

    Raises:
        ShardError: it is missing or damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: not a readable manifest ({error}); run the stage compose_clips") from error


def read_midi_of(folder: Path, rows: pd.DataFrame) -> dict[int, bytes]:
    """MIDI files of the clips in `rows`, by clip id."""
    content: dict[int, bytes] = {}
    for shard, group in rows.groupby("shard"):
        names = {item_name(item, "mid"): item for item in group["clip"]}
        found = read_shard(folder / shard_name(shard), names)
        content |= {item: found[name] for name, item in names.items()}
    return content

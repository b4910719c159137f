"""Rendered clips to arrays that are memory-mapped: `SET.npy`, float16[clips, mel bands, frames] in dB.

`SET.parquet` beside it has a row for each row of the array: the clip, how many instruments it has, its 0/1 labels.

Of a set with stems, which training mixes anew, the rows are the stems: its table has clip and instrument of each, and
`SET_levels.npy`, float32[stems, windows of 0.1 s], the RMS. The mixes of `train` as they were rendered, with their
notes and words, are a set in `mixes`. Each of `PARTS` is a folder of its own, so that nothing else is trained anew
when one changes.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap

from reprise.audio.files import decode
from reprise.audio.levels import window_rms
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.corpus import read_manifest, stem_name
from reprise.errors import AudioError, ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, read_shard, shard_name

PARTS = RECOGNIZER, CEILING, MIXES = "recognizer", "ceiling", "mixes"
MIXED = "train"  # the set whose mixes are trained on beside its stems


@dataclass(frozen=True)
class _Job:
    shard: Path
    members: tuple[str, ...]
    first_row: int
    array: Path
    levels: Path | None
    done: Path
    sample_rate: int
    params: SpectrogramParams


def cache_spectrograms(
    params: SpectrogramParams,
    sample_rate: int,
    duration_s: float,
    audio: Path,
    manifest_path: Path,
    folder: Path,
    scratch: Path,
    compute: ComputeParams,
) -> None:
    """Write the array and the table of every set under `audio` into its part of `folder`.

    Raises:
        ShardError, AudioError: a shard is damaged or missing.
    """
    rendering, manifest = read_rendering(audio), read_manifest(manifest_path).set_index("clip")
    samples = round(duration_s * sample_rate)
    frames, windows = params.frames(samples), window_rms(np.zeros((1, samples)), sample_rate).shape[1]
    for part in PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    jobs = []
    for part, name, rows, stems in _planned(rendering[rendering["usable"]]):
        count = int(rows["parts"].map(len).sum()) if stems else len(rows)
        own = folder / part
        array, levels = own / f"{name}.npy", own / f"{name}_levels.npy" if stems else None
        if not array.exists() or (levels and not levels.exists()):
            for done in scratch.glob(f"{part}-{name}-*.done"):  # of an array that was moved away or lost
                done.unlink()
            _lay_out(array, np.float16, (count, params.n_mels, frames))
            if levels:
                _lay_out(levels, np.float32, (count, windows))
        first = 0
        for shard, group in rows.groupby("shard"):
            path, done = audio / name / shard_name(shard), scratch / f"{part}-{name}-{shard:05d}.done"
            members = tuple(member for row in group.itertuples() for member in _members(row.clip, row.parts, stems))
            jobs.append(_Job(path, members, first, array, levels, done, sample_rate, params))
            first += len(members)
        table = stem_table(rows) if stems else clip_table(rows, manifest)
        table.to_parquet(own / f"{name}.parquet", index=False)
    run_jobs(_fill_rows, jobs, [len(job.members) for job in jobs], compute, "spectrograms", "sounds")


def _planned(rendering: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame, bool]]:
    """The part, the name and the clips of each array, and whether its rows are stems."""
    for name, rows in rendering.groupby("set", sort=False):
        yield CEILING if name.startswith(CEILING) else RECOGNIZER, name, rows, bool(rows["stems"].iloc[0])
        if name == MIXED:
            yield MIXES, name, rows, False


def _members(clip: int, parts: Sequence[int], stems: bool) -> list[str]:
    """What a clip's shard holds of it that becomes rows: its stems, or its mix."""
    return [stem_name(clip, part) for part in range(len(parts))] if stems else [item_name(clip, "flac")]


def _lay_out(path: Path, dtype: type, shape: tuple[int, ...]) -> None:
    """An empty array that is there whole or not at all, and has its space: a hole written on a full disk is SIGBUS."""
    partial = path.with_suffix(".partial")
    open_memmap(partial, mode="w+", dtype=dtype, shape=shape).flush()
    if hasattr(os, "posix_fallocate"):
        with open(partial, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, partial.stat().st_size)
    partial.replace(path)


def _fill_rows(job: _Job) -> None:
    if job.done.exists():
        return
    torch.set_num_threads(1)  # the workers share the cores; one thread gives the same bits everywhere
    found = read_shard(job.shard, job.members)
    array = open_memmap(job.array, mode="r+")
    levels = open_memmap(job.levels, mode="r+") if job.levels else None
    for row, name in enumerate(job.members, job.first_row):
        samples = decode(found[name], f"{job.shard}: {name}", job.sample_rate)
        spectrogram = log_mel(samples, job.sample_rate, job.params)
        if spectrogram.shape != array.shape[1:]:
            raise AudioError(f"{job.shard}: {name}: has {len(samples)} samples; run the stage render_clips again")
        array[row] = spectrogram
        if levels is not None:
            levels[row] = window_rms(samples[None], job.sample_rate)[0]
    array.flush()
    if levels is not None:
        levels.flush()
    job.done.touch()


def stem_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Clip and instrument (its index) of each stem."""
    table = rows[["clip", "parts"]].explode("parts").rename(columns={"parts": "instrument"})
    return table.astype(int)


def clip_table(rows: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Number of instruments and labels of each clip."""
    return manifest.loc[rows["clip"], ["count", *INSTRUMENT_NAMES]].reset_index()


def read_rendering(audio: Path) -> pd.DataFrame:
    """The table that `render_clips` wrote.

    Raises:
        ShardError: it is missing or damaged.
    """
    path = audio / "rendering.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: not a readable table ({error}); run the stage render_clips") from error

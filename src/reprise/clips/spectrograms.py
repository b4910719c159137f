"""Rendered clips to arrays that are memory-mapped: `SET.npy`, float16[clips, mel bands, frames] in dB.

`SET.parquet` beside it has a row for each row of the array: the clip, its 0/1 labels, and `active`, for each
instrument a string with a 0 or 1 for every window of 0.1 s in which it sounds.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.lib.format import open_memmap

from reprise.audio.files import decode
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.corpus import read_manifest
from reprise.compute import ComputeParams, run_jobs
from reprise.errors import AudioError, ShardError
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.shards import item_name, read_shard, shard_name


@dataclass(frozen=True)
class _Job:
    shard: Path
    clips: tuple[int, ...]
    first_row: int
    array: Path
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
    notes: Path,
    compute: ComputeParams,
) -> None:
    """Write the array and the table of every set under `audio`.

    Raises:
        ShardError, AudioError: a shard is damaged or missing.
    """
    rendering, manifest = read_rendering(audio), read_manifest(manifest_path).set_index("clip")
    usable = rendering[rendering["usable"]]
    frames = params.frames(round(duration_s * sample_rate))
    folder.mkdir(parents=True, exist_ok=True)
    notes.mkdir(parents=True, exist_ok=True)
    jobs = []
    for name, rows in usable.groupby("set", sort=False):
        array = folder / f"{name}.npy"
        if not array.exists():
            for done in notes.glob(f"{name}-*.done"):  # of an array that was moved away or lost
                done.unlink()
            _lay_out(array, (len(rows), params.n_mels, frames))
        first = 0
        for shard, group in rows.groupby("shard"):
            done = notes / f"{name}-{shard:05d}.done"
            path = audio / name / shard_name(shard)
            jobs.append(_Job(path, tuple(group["clip"]), first, array, done, sample_rate, params))
            first += len(group)
        write_table(rows, manifest, folder / f"{name}.parquet")
    run_jobs(_fill_rows, jobs, [len(job.clips) for job in jobs], compute, "spectrograms")


def _lay_out(path: Path, shape: tuple[int, ...]) -> None:
    """An empty array that is there whole or not at all, and has its space: a hole written on a full disk is SIGBUS."""
    partial = path.with_suffix(".partial")
    open_memmap(partial, mode="w+", dtype=np.float16, shape=shape).flush()
    if hasattr(os, "posix_fallocate"):
        with open(partial, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, partial.stat().st_size)
    partial.replace(path)


def _fill_rows(job: _Job) -> None:
    if job.done.exists():
        return
    torch.set_num_threads(1)  # the workers share the cores; one thread gives the same bits everywhere
    found = read_shard(job.shard, [item_name(clip, "flac") for clip in job.clips])
    array = open_memmap(job.array, mode="r+")
    for row, clip in enumerate(job.clips, job.first_row):
        name = item_name(clip, "flac")
        samples = decode(found[name], f"{job.shard}: {name}", job.sample_rate)
        spectrogram = log_mel(samples, job.sample_rate, job.params)
        if spectrogram.shape != array.shape[1:]:
            raise AudioError(f"{job.shard}: {name}: has {len(samples)} samples; run the stage render_clips again")
        array[row] = spectrogram
    array.flush()
    job.done.touch()


def write_table(rows: pd.DataFrame, manifest: pd.DataFrame, path: Path) -> None:
    """Labels and activity of each row of an array."""
    table = manifest.loc[rows["clip"], ["count", *INSTRUMENT_NAMES]].reset_index()
    silent = "0" * len(rows.iloc[0]["active"][0])
    table["active"] = [
        [dict(zip(row.parts, row.active)).get(index, silent) for index in range(len(INSTRUMENT_NAMES))]
        for row in rows.itertuples()
    ]
    table.to_parquet(path, index=False)


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

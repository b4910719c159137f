"""Composing and rendering on one worker process or several, for benchmarks.

As in the pipeline, composing and rendering are processes of their own, each of which starts its own workers: call each
function here through `measure.in_new_process`.
"""

import importlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.clips.corpus import compose_clips
from reprise.clips.params import CeilingParams, ClipParams
from reprise.clips.render import render_clips
from reprise.pipeline.compute import ComputeParams, run_jobs

COMPOSER, RENDERER = "reprise.clips.corpus", "reprise.clips.render"


@dataclass(frozen=True)
class Work:
    """What is composed and rendered, and where: the fonts lie in `folder/fonts`, the rest is made beside them."""

    clips: ClipParams
    fonts: FontParams
    rendering: RenderParams
    ceiling: int
    folder: Path


def of_size(clips: ClipParams, ceiling: CeilingParams, count: int) -> tuple[ClipParams, CeilingParams]:
    """Both sections for another number of clips: the other sets, and the shards, shrink or grow with it."""
    share = count / clips.count
    same_register, shard_size = (max(1, round(share * n)) for n in (clips.same_register_count, clips.shard_size))
    clips = replace(clips, count=count, same_register_count=same_register, shard_size=shard_size)
    return clips, replace(ceiling, clips=round(share * ceiling.clips))


def compose(work: Work, workers: int) -> float:
    """Seconds to compose every clip of `work`, the workers' start-up among them."""
    folder, start = work.folder / f"{workers}", time.perf_counter()
    folder.mkdir()
    compose_clips(work.clips, folder / "midi", folder / "manifest.parquet", folder / "notes", processes(workers))
    return time.perf_counter() - start


def render(work: Work, workers: int) -> float:
    """Seconds to render what `compose` made with as many workers, their start-up and loading of fonts among them."""
    folder, start = work.folder / f"{workers}", time.perf_counter()
    midi, manifest, notes = folder / "midi", folder / "manifest.parquet", folder / "notes"
    sections = (work.clips, work.fonts, work.rendering, work.ceiling)
    render_clips(*sections, midi, manifest, work.folder / "fonts", folder / "audio", notes, processes(workers))
    return time.perf_counter() - start


def start_up(module: str, workers: int) -> float:
    """Seconds until so many new workers have started and imported `module`."""
    start = time.perf_counter()
    run_jobs(_import, [module] * workers, [1] * workers, processes(workers), "starting", "workers")
    return time.perf_counter() - start


def _import(module: str) -> str:
    return importlib.import_module(module).__name__


def processes(workers: int) -> ComputeParams:
    """The engine `processes` with so many workers."""
    return ComputeParams("processes", workers, "", "cpu", False)

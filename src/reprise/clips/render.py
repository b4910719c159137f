"""Clips to audio: which clips are rendered how, the checks on each, and the shards that hold them.

The sets: `train`, `validation`, `test` and `same_register` are rendered with all the variety of `rendering`;
`test_clean` is the test clips on the clean font as it is, `unseen_font` the same clips on the font that training
never hears; `ceiling_train` and `ceiling_validation` are training and validation clips on that font, for the
ceiling of `metrics/recognizer.json` only. The sets that are trained on have each clip's stems beside it, each at the
clean level, so that training can mix them anew.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from reprise.audio.files import encode
from reprise.audio.fluidsynth import BLOCK, library_version
from reprise.audio.fonts import FONTS, FontParams, font_path
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.params import RenderParams
from reprise.audio.render import Rendition, draw_rendition, mix_stems, plain_rendition, render_stems
from reprise.clips.corpus import read_manifest, read_midi_of, stem_name
from reprise.clips.params import ClipParams
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, make_shard, shard_name, shard_plan

_RENDER = 2  # what a seed is for; 0 and 1 are the composer's
FAULTS = ("not_finite", "inaudible_part", "early_onset", "late_onset", "clipped", "wrong_duration")
ONSET_WITHIN_S = 0.5
ONSET_BELOW_PEAK_DB = 40.0
INAUDIBLE_PEAK = 1e-4


@dataclass(frozen=True)
class RenderSet:
    """Clips rendered in one way.

    Attributes:
        plain: the font that parts play on as it is: some parts, or all where not `varied`.
        varied: whether the other parts draw from the training fonts.
        stems: whether the stems are kept beside the mix.
    """

    name: str
    clips: tuple[int, ...]
    plain: str
    varied: bool = False
    stems: bool = False


def plan_sets(manifest: pd.DataFrame, fonts: FontParams, ceiling: int) -> list[RenderSet]:
    """The sets that the recognizer is trained and tested on, and those of its ceiling with so many training clips."""
    clips = {split: tuple(group["clip"]) for split, group in manifest.groupby("split")}
    return [
        RenderSet("train", clips["train"], fonts.clean, varied=True, stems=True),
        *(RenderSet(name, clips[name], fonts.clean, varied=True) for name in ("validation", "test", "same_register")),
        RenderSet("test_clean", clips["test"], fonts.clean),
        RenderSet("unseen_font", clips["test"], fonts.unseen),
        RenderSet("ceiling_train", clips["train"][:ceiling], fonts.unseen, stems=True),
        RenderSet("ceiling_validation", clips["validation"][: max(ceiling // 8, 1)], fonts.unseen),
    ]


class ClipRow(Protocol):
    """A clip in the manifest."""

    clip: int
    count: int
    parts: np.ndarray


@dataclass(frozen=True)
class _Job:
    set: RenderSet
    shard: int
    rows: pd.DataFrame
    midi: Path
    font_folder: Path
    folder: Path
    scratch: Path
    clips: ClipParams
    fonts: FontParams
    params: RenderParams


def render_clips(
    clips: ClipParams,
    fonts: FontParams,
    params: RenderParams,
    ceiling: int,
    midi_folder: Path,
    manifest_path: Path,
    font_folder: Path,
    folder: Path,
    scratch: Path,
    compute: ComputeParams,
) -> dict:
    """Render every set into shards under `folder/SET`, listed in `folder/rendering.parquet`; returns the summary.

    Raises:
        ShardError, MidiError, FontError: an input is damaged or missing.
    """
    manifest = read_manifest(manifest_path)
    jobs = []
    for render_set in plan_sets(manifest, fonts, ceiling):
        rows = manifest[manifest["clip"].isin(render_set.clips)]
        for shard, items in enumerate(shard_plan(len(rows), clips.shard_size)):
            part = rows.iloc[items.start : items.stop]
            jobs.append(_Job(render_set, shard, part, midi_folder, font_folder, folder, scratch, clips, fonts, params))
    rows = run_jobs(_render_shard, jobs, [len(job.rows) for job in jobs], compute, "rendering")
    table = pd.DataFrame([row for shard_rows in rows for row in shard_rows])
    table.to_parquet(folder / "rendering.parquet", index=False)
    return summarise(table)


def render_clip(
    piece: Piece, levels_db: np.ndarray, rendition: Rendition, params: RenderParams, duration_s: float
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Render, mix and check one clip.

    Returns:
        The mix, float32[frames]; its stems as played, before they are levelled, float32[parts, frames]; the faults
        found.
    """
    played = render_stems(piece, rendition, params.sample_rate, duration_s)
    faults = _stem_faults(piece, played, params.sample_rate)
    mix, stems = mix_stems(played, levels_db, rendition.mix_level_db, params.sample_rate)
    levels = window_rms(stems, params.sample_rate)
    loudness = active_rms(window_rms(mix[None], params.sample_rate))[0]
    audible = levels > loudness * 10 ** (params.audible_db / 20)
    if not audible.any(axis=1).all() or (np.abs(stems).max(axis=1) < INAUDIBLE_PEAK).any():
        faults.append("inaudible_part")
    if np.abs(mix).max() >= 1:
        faults.append("clipped")
    if len(mix) != round(duration_s * params.sample_rate):
        faults.append("wrong_duration")
    return mix, played, sorted(set(faults))


def _stem_faults(piece: Piece, stems: np.ndarray, sample_rate: int) -> list[str]:
    """What is wrong with freshly rendered stems: each must be silent before its first note and sound soon after."""
    if not np.isfinite(stems).all():
        return ["not_finite"]
    faults = []
    for part, stem in enumerate(stems):
        onset = piece.notes["onset"][piece.notes["part"] == part].min() * piece.seconds_per_beat * sample_rate
        peak = float(np.abs(stem).max())
        if peak < INAUDIBLE_PEAK * 1e-2:
            faults.append("inaudible_part")
            continue
        loud = np.flatnonzero(np.abs(stem) > peak * 10 ** (-ONSET_BELOW_PEAK_DB / 20))[0]
        if loud < onset - BLOCK:
            faults.append("early_onset")
        if loud > onset + ONSET_WITHIN_S * sample_rate:
            faults.append("late_onset")
    return faults


def rendition_of(
    render_set: RenderSet, row: ClipRow, clips: ClipParams, fonts: FontParams, folder: Path, params: RenderParams
) -> Rendition:
    """How a set's clip, a row of the manifest, is played; the fonts lie in `folder`."""
    plain = font_path(folder, render_set.plain)
    if not render_set.varied:
        return plain_rendition(row.count, plain, params)
    played = (INSTRUMENT_NAMES[part] for part in row.parts)
    choices = [tuple(font_path(folder, name) for name in fonts.train_on(instrument)) for instrument in played]
    rng = np.random.default_rng(np.random.SeedSequence([clips.seed, _RENDER, row.clip]))
    return draw_rendition(choices, plain, params, rng)


def _render_shard(job: _Job) -> list[dict]:
    def make() -> tuple[list[tuple[str, bytes]], list[dict]]:
        midi = read_midi_of(job.midi, job.rows)
        members, rows = [], []
        for row in job.rows.itertuples():
            piece = read_midi(midi[row.clip], f"{job.midi}: clip {row.clip}")
            rendition = rendition_of(job.set, row, job.clips, job.fonts, job.font_folder, job.params)
            mix, stems, faults = render_clip(piece, row.levels_db, rendition, job.params, job.clips.duration_s)
            usable = not faults
            if usable:
                members.append((item_name(row.clip, "flac"), encode(mix, job.params.sample_rate, "FLAC")))
                if job.set.stems:
                    members += _stem_members(row.clip, stems, job.params)
            rows.append(
                {
                    "set": job.set.name,
                    "stems": job.set.stems,
                    "shard": job.shard,
                    "clip": row.clip,
                    "usable": usable,
                    "faults": faults,
                    "parts": [int(part) for part in row.parts],
                    "fonts": [voice.font.stem for voice in rendition.voices],
                    "reverb": rendition.reverb is not None,
                }
            )
        return members, rows

    return make_shard(
        job.folder / job.set.name / shard_name(job.shard), job.scratch / f"{job.set.name}-{job.shard:05d}.json", make
    )


def _stem_members(clip: int, stems: np.ndarray, params: RenderParams) -> list[tuple[str, bytes]]:
    """Each stem alone, all at one level, so that none is nearer than another to what 16 bits can hold."""
    alone = [mix_stems(stem[None], np.zeros(1), params.clean_level_db, params.sample_rate)[0] for stem in stems]
    return [(stem_name(clip, part), encode(s, params.sample_rate, "FLAC")) for part, s in enumerate(alone)]


def summarise(table: pd.DataFrame) -> dict:
    """Counts by set and by fault, how often each font was drawn, and what rendered it all."""
    faults = [fault for found in table["faults"] for fault in found]
    drawn = table[table["set"] == "train"]["fonts"].explode().value_counts()
    return {
        "rendered": {name: int(n) for name, n in table["set"].value_counts(sort=False).items()},
        "usable": {name: int(n) for name, n in table.groupby("set", sort=False)["usable"].sum().items()},
        "faults": {fault: faults.count(fault) for fault in FAULTS},
        "parts_in_train_by_font": {font: int(drawn.get(font, 0)) for font in sorted(drawn.index)},
        "fluidsynth": library_version(),
        "font_sha256": {font: FONTS[font].sha256 for font in sorted(set(table["fonts"].explode()))},
    }

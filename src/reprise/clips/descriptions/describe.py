"""The stage that describes clips: attributes of notes and of sound, which assertions are true, captions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.audio.files import decode
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.corpus import read_manifest, read_midi_of
from reprise.clips.descriptions.assertions import STATEMENTS, TRUE, UNDECIDED, truth_of, written
from reprise.clips.descriptions.axes import AXES, POLES, Terciles, sound_attributes
from reprise.clips.descriptions.captions import DescriptionParams, draw_caption, put_in_words
from reprise.clips.descriptions.store import SETS, STOCKS, TRAIN
from reprise.clips.spectrograms import read_rendering
from reprise.music.analysis.attributes import attributes_of
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.readers.midi import read_midi
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, read_shard, shard_name


@dataclass(frozen=True)
class _Job:
    set: str
    shard: Path
    clips: pd.DataFrame
    midi: Path
    sample_rate: int
    spectrogram: SpectrogramParams


def describe_clips(
    params: DescriptionParams,
    spectrogram: SpectrogramParams,
    sample_rate: int,
    midi: Path,
    manifest_path: Path,
    audio: Path,
    out: Path,
    compute: ComputeParams,
) -> dict:
    """Describe the clips that were rendered without a fault into the table `out`, see `store`; returns the summary.

    Raises:
        ShardError, AudioError, MidiError: an input is damaged or missing.
    """
    rendering, manifest = read_rendering(audio), read_manifest(manifest_path).set_index("clip", drop=False)
    jobs = []
    for (name, shard), rows in rendering[rendering["usable"]].groupby(["set", "shard"], sort=False):
        if name in SETS:
            clips = manifest.loc[rows["clip"], ["clip", "shard", "parts"]]
            jobs.append(_Job(name, audio / name / shard_name(shard), clips, midi, sample_rate, spectrogram))
    measured = run_jobs(_measure_shard, jobs, [len(job.clips) for job in jobs], compute, "describing")
    table = pd.DataFrame([row for rows in measured for row in rows])
    terciles = Terciles.of(table[table["set"] == TRAIN])
    truth = np.stack([truth_of(row.instruments, _poles(row, terciles)) for row in table.itertuples()])
    table = table.drop(columns="instruments").assign(
        true=[[str(STATEMENTS[place]) for place in np.flatnonzero(row == TRUE)] for row in truth],
        undecided=[[str(STATEMENTS[place]) for place in np.flatnonzero(row == UNDECIDED)] for row in truth],
    )
    for stock, (texts, said) in STOCKS.items():
        drawn = [
            _captions(own, name, clip, stock, params) for own, name, clip in zip(truth, table["set"], table["clip"])
        ]
        table[texts] = [[text for text, _ in own] for own in drawn]
        table[said] = [[written(caption) for _, caption in own] for own in drawn]
    table.to_parquet(out, index=False)
    return _summary(table, terciles)


def _measure_shard(job: _Job) -> list[dict]:
    names = {item_name(clip, "flac"): clip for clip in job.clips["clip"]}
    sounds, scores = read_shard(job.shard, names), read_midi_of(job.midi, job.clips)
    rows = []
    for (name, clip), parts in zip(names.items(), job.clips["parts"]):
        piece = read_midi(scores[clip], f"{job.midi}: clip {clip}")
        samples = decode(sounds[name], f"{job.shard}: {name}", job.sample_rate)
        rows.append(
            {
                "set": job.set,
                "clip": int(clip),
                **attributes_of(piece),
                **sound_attributes(samples, job.sample_rate, job.spectrogram),
                "instruments": [INSTRUMENT_NAMES[part] for part in parts],
            }
        )
    return rows


def _poles(row: tuple, terciles: Terciles) -> dict[str, str | None]:
    return {axis: terciles.pole(axis, getattr(row, axis)) for axis in AXES}


def _captions(truth: np.ndarray, name: str, clip: int, stock: str, params: DescriptionParams) -> list[tuple]:
    """Text and assertions of each caption of a clip, from a seed of its own."""
    seeds = np.random.SeedSequence([params.seed, SETS.index(name), clip, list(STOCKS).index(stock)])
    rng = np.random.default_rng(seeds)
    captions = [draw_caption(truth, params, rng) for _ in range(params.captions)]
    return [(put_in_words(caption, rng, held_out=stock == "held_out"), caption) for caption in captions]


def _summary(table: pd.DataFrame, terciles: Terciles) -> dict:
    """How many clips lie where on each axis, and how many captions there are, of how many words."""
    poles = {axis: table[axis].map(lambda value, axis=axis: terciles.pole(axis, value)) for axis in AXES}
    words = {stock: table[texts].explode().str.lower().str.findall(r"[\w-]+") for stock, (texts, _) in STOCKS.items()}
    vocabulary = {stock: set(found.explode()) for stock, found in words.items()}
    return {
        "clips": {name: int((table["set"] == name).sum()) for name in SETS},
        "limits": {axis: dict(zip(("low", "high"), limits)) for axis, limits in terciles.limits.items()},
        "poles": {
            name: {
                axis: {pole: int((own[table["set"] == name] == pole).sum()) for pole in POLES}
                for axis, own in poles.items()
            }
            for name in SETS
        },
        "captions": {
            stock: {
                "count": len(words[stock]),
                "distinct": int(table[texts].explode().nunique()),
                "words": round(float(words[stock].map(len).mean()), 2),
                "assertions": round(float(_assertions(table[said]).map(len).mean()), 3),
                "negated_share": round(float(_assertions(table[said]).explode().str.startswith("not ").mean()), 4),
                "vocabulary": len(vocabulary[stock]),
            }
            for stock, (texts, said) in STOCKS.items()
        },
        "words_held_out": len(vocabulary["held_out"] - vocabulary["seen"]),
    }


def _assertions(said: pd.Series) -> pd.Series:
    return said.explode().str.split(", ")

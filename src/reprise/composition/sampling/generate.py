"""The music of a trained model: pieces at several temperatures, from nothing and from openings by another composer.

Item numbers run over the temperatures in order, then over the pieces from openings, then those from nothing. The same
openings serve every temperature and every model. Of a model with latents there are also phrases between two openings.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from reprise.composition.models.trained import TrainedModel, load_model
from reprise.composition.models.vae import PhraseVae
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.music import MusicParams
from reprise.composition.sampling.opening import read_opening
from reprise.composition.sampling.phrases import interpolate
from reprise.composition.sampling.samples import lay_open
from reprise.errors import BadInput
from reprise.music.excerpts import after_bar, cut_at_bar
from reprise.music.piece import Piece
from reprise.music.writers.midi import midi_bytes
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, make_shard, shard_name

STEPS_BETWEEN = 5  # phrases between two openings, of a model that has latents
ORIGINS = ("opening", "nothing")


def generate_music(
    model: Path,
    scores: Sequence[Piece],
    params: MusicParams,
    font: Path,
    folder: Path,
    scratch: Path,
    compute: ComputeParams,
) -> None:
    """Compose the music of the model in the folder `model` into `folder`.

    Args:
        scores: pieces whose bars are continued. font: plays the samples. scratch: what an interrupted run has done.

    Raises:
        BadInput: no opening fits the model.
    """
    trained = load_model(model)
    openings = draw_openings(scores, trained, params)
    jobs = [(t, origin) for t in range(len(params.temperatures)) for origin in range(len(ORIGINS))]
    work = partial(_make_shard, model, openings, params, font, folder, scratch)
    rows = run_jobs(work, jobs, [params.pieces // 2] * len(jobs), compute, "composing", "pieces")
    manifest = pd.DataFrame([row for shard in rows for row in shard])
    manifest.to_parquet(folder / "manifest.parquet", index=False)
    if isinstance(trained.network, PhraseVae):
        between = interpolate(trained, openings[0], openings[-1], STEPS_BETWEEN, params.rules(1.0), (params.seed, 2))
        for step, piece in enumerate(between, 1):
            lay_open(piece, folder / "samples" / f"between_{step}", font)


def draw_openings(scores: Sequence[Piece], trained: TrainedModel, params: MusicParams) -> list[Piece]:
    """A few bars from anywhere in the scores for each piece that continues something; a bar line is their start.

    Raises:
        BadInput: no score has a metre that the model knows, enough bars, and parts that fit its range.
    """
    metres, length = trained.config.encoding.metres, params.opening_bars
    found = [
        replace(cut_at_bar(after_bar(piece, bar), length), source=f"{piece.source}, bar {bar + 1}")
        for piece in scores
        if piece.metre in metres
        for bar in range(int(piece.notes["onset"].max() // piece.bar_beats) + 2 - length)
    ]
    whole = [opening for opening in found if len(opening.notes) and opening.notes["onset"][0] == 0]
    whole = [opening for opening in whole if _fits(opening, trained)]
    if not whole:
        known = ", ".join(f"{beats}/{unit}" for beats, unit in metres)
        raise BadInput(
            f"the corpus has no opening of {length} bars in {known} whose parts fit the model; "
            "choose other ones with corpus.opening_composer"
        )
    rng = np.random.default_rng(np.random.SeedSequence([params.seed, 0]))
    chosen = rng.choice(len(whole), params.pieces // 2, replace=len(whole) < params.pieces // 2)
    return [whole[i] for i in chosen]


def _fits(opening: Piece, trained: TrainedModel) -> bool:
    try:
        read_opening(opening, trained.config.encoding)
    except BadInput:
        return False
    return True


def _make_shard(
    model: Path,
    openings: list[Piece],
    params: MusicParams,
    font: Path,
    folder: Path,
    scratch: Path,
    job: tuple[int, int],
) -> list[dict]:
    """The pieces of one temperature and origin as a shard of MIDI files; the first of them also laid open."""
    number = job[0] * len(ORIGINS) + job[1]

    def make() -> tuple[list[tuple[str, bytes]], list[dict]]:
        torch.set_num_threads(1)
        trained, temperature, origin = load_model(model), params.temperatures[job[0]], ORIGINS[job[1]]
        starts = openings if origin == "opening" else [None] * len(openings)
        first = number * len(openings)
        rules = params.rules(temperature)
        orders = [
            Order((params.seed, 1, item), bars=params.bars, start=start, rules=rules)
            for item, start in enumerate(starts, first)
        ]
        members: list[tuple[str, bytes]] = []
        rows = []
        for item, (start, piece) in enumerate(zip(starts, compose(trained, orders)), first):
            piece = replace(
                piece,
                title=f"{piece.source}, seed {params.seed}, item {item}, temperature {temperature:g}",
                subtitle=f"after {start.source}" if start else "",
            )
            if item < first + params.open_samples:
                lay_open(piece, folder / "samples" / f"t{temperature:g}_{origin}_{item:04d}", font)
            members.append((item_name(item, "mid"), midi_bytes(piece)))
            rows.append({
                "item": item,
                "shard": number,
                "temperature": temperature,
                "origin": origin,
                "opening": start.source if start else "",
                "opening_bars": params.opening_bars if start else 0,
                "notes": len(piece.notes),
            })  # fmt: skip
        return members, rows

    return make_shard(folder / shard_name(number), scratch / f"{number}.json", make)

"""The music of the pipeline's prompts: pieces by the conditioned composer, and controls beside them.

Items are the pieces of every prompt set in order, then those of `unconditioned`, which the same composer makes with no
wish at all, then `real`: passages that training never saw.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from pydantic import Field

from reprise.audio.files import encode
from reprise.audio.play import LEVEL_DB, play_piece
from reprise.checked import Seed, checked, require
from reprise.composition.models.trained import load_model
from reprise.composition.sampling.samples import lay_open
from reprise.embedding.clap.model import SmallClap
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import Key
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece
from reprise.music.writers.midi import midi_bytes
from reprise.pipeline.compute import ComputeParams, run_jobs
from reprise.pipeline.shards import item_name, make_shard, shard_name
from reprise.taste.composer import ConditionedComposer
from reprise.taste.plan import Plan
from reprise.taste.words.prompts import BASE, BUILT_IN, REAL, UNCONDITIONED, Prompt, load_prompts
from reprise.taste.words.understanding import Understood

TOGETHER = 8  # items of a shard
REAL_BPM = 96.0  # of real scores, which have no tempo


@checked
class TasteParams:
    """The `taste` section."""

    seed: Seed
    sets: dict[str, Annotated[int, Field(ge=0)]]
    unconditioned: Annotated[int, Field(ge=0)]
    real: Annotated[int, Field(ge=0)]
    seconds: Annotated[float, Field(ge=1, le=600)]
    guidance: Annotated[float, Field(ge=0, le=20)]

    def __post_init__(self) -> None:
        stems = [Path(name).stem for name in self.sets]
        flat = all(Path(name).name == name for name in self.sets) and len(set(stems)) == len(stems)
        require(flat, "sets", list(self.sets), "names of files in prompts/, not in folders there, each another name")


@dataclass(frozen=True)
class Item:
    """One piece to make: its number, the set that it belongs to, its prompt (None for real music) and its take."""

    number: int
    set: str
    prompt: Prompt | None
    take: int
    piece: Piece | None = None


def generate_taste(
    params: TasteParams,
    model: Path,
    clap: Path,
    font: Path,
    real: Sequence[Piece],
    prompts: Path,
    sample_rate: int,
    folder: Path,
    scratch: Path,
    compute: ComputeParams,
) -> None:
    """Make the music of all prompt sets into `folder`: shards with MIDI and FLAC, `manifest.parquet`, `samples/`.

    Args:
        real: passages to play as a control. prompts: the folder in which sets lie that aren't built in.

    Raises:
        BadInput: a prompt set can't be read, or a prompt asks for what can't be had.
    """
    items = items_of(params, real, prompts)
    shards = [items[at : at + TOGETHER] for at in range(0, len(items), TOGETHER)]
    work = partial(_make_shard, params, model, clap, font, sample_rate, folder, scratch)
    rows = run_jobs(work, list(enumerate(shards)), [len(shard) for shard in shards], compute, "composing", "pieces")
    manifest = pd.DataFrame([row for shard in rows for row in shard])
    manifest.to_parquet(folder / "manifest.parquet", index=False)


def items_of(params: TasteParams, real: Sequence[Piece], prompts: Path) -> list[Item]:
    """All that is to be made, in order.

    Raises:
        BadInput: a prompt set can't be read.
    """
    made: list[tuple[str, Prompt | None, int, Piece | None]] = []
    for name, takes in params.sets.items():
        if name not in BUILT_IN and Path(name).stem in (*BUILT_IN, UNCONDITIONED, REAL):
            raise BadInput(
                f"taste.sets: has {name}; a file of your own must have another name, since that one is taken"
            )
        found = load_prompts(name if name in BUILT_IN else prompts / name)
        made += [(Path(name).stem, prompt, take, None) for prompt in found for take in range(takes)]
    base = load_prompts(BASE)
    made += [(UNCONDITIONED, base[n % len(base)], n // len(base), None) for n in range(params.unconditioned)]
    drawn = np.random.default_rng(params.seed).permutation(len(real))[: params.real]
    made += [(REAL, None, 0, real[place]) for place in sorted(drawn.tolist())]
    return [Item(number, *row) for number, row in enumerate(made)]


def _make_shard(
    params: TasteParams,
    model: Path,
    clap: Path,
    font: Path,
    sample_rate: int,
    folder: Path,
    scratch: Path,
    job: tuple[int, list[Item]],
) -> list[dict]:
    number, items = job

    def make() -> tuple[list[tuple[str, bytes]], list[dict]]:
        torch.set_num_threads(1)
        composer = ConditionedComposer(
            load_model(model), font, params.guidance, SmallClap(clap), sample_rate=sample_rate, seconds=params.seconds
        )
        plans = {item.number: _plan(composer, item) for item in items if item.prompt}
        seeds = [(params.seed, number) for number in plans]
        composed = dict(zip(plans, composer.compose(list(plans.values()), seeds)))
        homes = {number: composer.home(chosen, seed) for (number, chosen), seed in zip(plans.items(), seeds)}
        members: list[tuple[str, bytes]] = []
        rows = []
        for item in items:
            chosen = plans.get(item.number)
            piece = _titled(composed[item.number], item) if chosen else _real(item, params.seconds)
            level_db = chosen.level_db if chosen else LEVEL_DB
            sound = play_piece(piece, font, sample_rate, level_db)
            members.append((item_name(item.number, "mid"), midi_bytes(piece)))
            members.append((item_name(item.number, "flac"), encode(sound, sample_rate, "FLAC")))
            rows.append(_row(item, number, chosen, homes.get(item.number)))
            if item.prompt and item.take == 0 and item.set in (BASE, UNCONDITIONED):
                lay_open(piece, folder / "samples" / f"{item.set}_{item.prompt.id}", font, level_db)
        return members, rows

    return make_shard(folder / shard_name(number), scratch / f"{number}.json", make)


def _plan(composer: ConditionedComposer, item: Item) -> Plan:
    """What a piece is to be; a control is what the composer makes when it understands nothing."""
    assert item.prompt is not None
    try:
        return composer.plan(Understood() if item.set == UNCONDITIONED else composer.understand(item.prompt.text))
    except BadInput as error:
        raise BadInput(f"{item.set}: prompt '{item.prompt.id}': {error}") from error


def _titled(piece: Piece, item: Item) -> Piece:
    assert item.prompt is not None
    return replace(piece, title=item.prompt.text, subtitle=f"{piece.source}, item {item.number}")


def _real(item: Item, seconds: float) -> Piece:
    """The beginning of a real passage, as long as pieces are."""
    assert item.piece is not None
    piece = replace(item.piece, tempo_bpm=REAL_BPM)
    return cut_at_bar(piece, max(round(seconds / (piece.bar_beats * piece.seconds_per_beat)), 1))


def _row(item: Item, shard: int, chosen: Plan | None, home: Key | None) -> dict:
    prompt = item.prompt or Prompt("", "", "")
    frame = chosen.told.frame if chosen else None
    return {
        "item": item.number,
        "shard": shard,
        "set": item.set,
        "prompt": prompt.id,
        "take": item.take,
        "text": prompt.text if item.prompt else item.piece.source if item.piece else "",
        "tastes": list(prompt.tastes),
        "understood": list(chosen.lines) if chosen else [],
        "tempo_bpm": chosen.tempo_bpm if chosen else None,
        "metre": "{}/{}".format(*chosen.metre) if chosen else None,
        "programs": list(chosen.programs) if chosen else [],
        "asked": list(chosen.asked) if chosen else [],
        "home": home.name if home else "",
        "told": json.dumps({**chosen.told.attributes, **asdict(frame)}) if chosen and frame else "{}",
    }

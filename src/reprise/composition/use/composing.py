"""New music for a person: pieces that are the same whatever is composed beside them, and what they are."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from reprise.composition.models.trained import ModelConfig, TrainedModel
from reprise.composition.sampling.chords.holding import HeldBatch
from reprise.composition.sampling.compose import Order, chords_of, compose
from reprise.composition.sampling.drawing.distribution import pitch_mask
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.tonality import compose_in_keys
from reprise.music.analysis.keyfinding import find_key
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

TOGETHER = 8  # pieces composed at once


def nothing() -> None:
    """What to call after each unit of work where nobody watches."""


def generate(
    trained: TrainedModel,
    rules: SamplingRules,
    seed: int,
    count: int = 1,
    notes: int | None = None,
    bars: int | None = None,
    start: Piece | None = None,
    advance: Callable[[], None] = nothing,
) -> list[Piece]:
    """`count` pieces of exactly `notes` notes or `bars` bars, those of `start` included, which they all continue.

    The same arguments give the same pieces; with a larger `count` more of them.

    Args:
        advance: called after each event of the pieces made together.

    Raises:
        BadInput: the rules or the start don't fit the model.
    """
    metre = trained.config.metre
    orders = [Order((seed, item), notes, bars, start, metre, rules) for item in range(count)]
    after = f"after {Path(start.source).name}" if start else ""  # the same wherever the file lies
    return [
        replace(piece, title=f"{piece.source}, seed {seed}" + (f", piece {item}" if item > 1 else ""), subtitle=after)
        for item, piece in enumerate(compose_alike(trained, orders, advance), 1)
    ]


def compose_alike(trained: TrainedModel, orders: Sequence[Order], advance: Callable[[], None] = nothing) -> list[Piece]:
    """The pieces ordered, by whichever rules and in the key that they ask for, each the same whatever is beside it.

    Rounding depends on how many pieces are made at once, not on which ones; so always `TOGETHER` are, some of them for
    nobody. That costs a piece alone a third more time, and many together far less than one after the other.

    Raises:
        BadInput: rules or a start don't fit the model.
    """

    def in_groups(orders: list[Order]) -> list[Piece]:
        for_nobody, pieces = Order((0,), notes=1, metre=trained.config.metre), []
        for at in range(0, len(orders), TOGETHER):
            group = orders[at : at + TOGETHER]
            filled = group + [for_nobody] * (TOGETHER - len(group))
            pieces += compose(trained, filled, advance)[: len(group)]
        return pieces

    return compose_in_keys(orders, in_groups, trained.config.encoding.trained_range, TOGETHER)


def check_rules(rules: SamplingRules, config: ModelConfig) -> None:
    """Refuse before any work what `compose` would refuse of music from nothing.

    Raises:
        BadInput: the rules name a field that the encoding lacks, leave no pitch, or have chords that can't be kept to.
    """
    encoding = config.encoding
    rules.temperatures(encoding.shape.fields)
    within = np.tile(pitch_mask(encoding, rules), (1, encoding.parts, 1))
    nothing = np.zeros((0, len(encoding.shape.fields)), np.int64)
    chords = chords_of(rules, config.metre)
    HeldBatch(encoding, [Job(config.metre, (0,), nothing, notes=1, rules=rules, chords=chords)], within)


def describe(piece: Piece) -> dict:
    """Notes, bars, key, metre, tempo and length of a piece."""
    return {
        "notes": len(piece.notes),
        "bars": bars_of(piece),
        "key": key.name if (key := find_key(piece)) else None,
        "metre": f"{piece.metre[0]}/{piece.metre[1]}",
        "tempo_bpm": round(piece.tempo_bpm, 2),
        "duration_s": round(piece.duration_s, 2),
    }

"""Passages by many composers, from one voice to four, sparse and busy: what a composer learns from who takes orders.

A passage is a short piece, or the last bars of a long one, so each ends as its piece ends. Works are dealt into splits
by their tunes before they are cut; only the passages of training are varied. A corpus of them is kept as any other (see
`store`), without openings.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from reprise.checked import AtLeastOne, Share, Within, checked
from reprise.composition.corpus.collect import SKIP_COLUMNS, Taken, deal, tabulate, take
from reprise.composition.corpus.families import find_families
from reprise.composition.corpus.sources import open_source
from reprise.composition.corpus.statistics import summarise
from reprise.composition.corpus.store import MUSIC21, Corpus, Metres, SplitParams, save_corpus
from reprise.music.analysis.attributes import attributes_of
from reprise.music.excerpts import after_bar, bars_of
from reprise.music.piece import MELODIC_CHANNELS, Piece

VELOCITY = 80  # of every note: how loud a piece is played is nothing that its notes say
LEAST_NOTES = 8
FILES_READ = 3  # for each work that is wanted: some have too many parts, or an unusual metre
QUANTILES = {"lowest": 0.0, "low": 0.1, "median": 0.5, "high": 0.9, "highest": 1.0}


@checked
class PassageParams(SplitParams):
    """The `passages` section."""

    composers: Annotated[tuple[str, ...], Field(min_length=1)]
    works: AtLeastOne
    bars: Annotated[tuple[int, int], Within(1, 1000)]
    parts: Annotated[tuple[int, int], Within(1, MELODIC_CHANNELS)]
    metres: Metres
    thinned_share: Share
    displaced_share: Share


def collect_passages(params: PassageParams, folder: Path, workers: int) -> tuple[Corpus, dict]:
    """Read the composers' works, cut passages from them, split them and write the corpus into `folder`.

    Returns the corpus and its summary.

    Raises:
        BadInput: a composer isn't in music21's corpus or has nothing that can be used.
    """
    rng = np.random.default_rng(params.seed)
    composers = [_taken(composer, params, rng, workers) for composer in params.composers]
    works = [work for taken in composers for work in taken.pieces]
    families: dict[int, list[Piece]] = {}
    for work, family in zip(works, find_families(works).tolist()):
        families.setdefault(family, []).append(work)
    split_of = deal(list(families.values()), params)
    family_of = {work: family for family, own in families.items() for work in own}
    rows = []
    for work in sorted(works, key=lambda work: work.source):
        passage = _passage(work, params)
        passage = _varied(passage, params, rng) if split_of[work] == "train" else passage
        rows.append((passage, split_of[work], family_of[work]))
    corpus = tabulate(rows)
    save_corpus(corpus, folder)
    skipped = pd.DataFrame([row for taken in composers for row in taken.rows()], columns=SKIP_COLUMNS)
    skipped.astype({"count": "Int64"}).to_csv(folder / "skipped.csv", index=False)
    found = {taken.part_of: {"passages": len(taken.pieces), **taken.summary()} for taken in composers}
    return corpus, {
        "composers": found,
        **summarise(corpus),
        "attributes": spans([piece for piece, split, _ in rows if split == "train"]),
    }


def _taken(composer: str, params: PassageParams, rng: np.random.Generator, workers: int) -> Taken:
    """Some of a composer's works, drawn at random, whose passages are long enough."""
    source = replace(open_source(MUSIC21, composer, Path()), most=FILES_READ * params.works)
    taken = Taken(source, composer)
    take(taken, workers, params.metres, parts=params.parts)
    chosen = set(rng.permutation(len(taken.pieces))[: params.works].tolist())
    taken.pieces = [piece for number, piece in enumerate(taken.pieces) if number in chosen]
    taken.drop(lambda work: len(_passage(work, params).notes) < LEAST_NOTES, "too few notes")
    taken.drop(lambda work: bars_of(_passage(work, params)) < params.bars[0], "bars")
    taken.require_some()
    return taken


def _passage(work: Piece, params: PassageParams) -> Piece:
    """The last bars of a work, in the parts that sound there."""
    cut = after_bar(work, max(bars_of(work) - params.bars[1], 0))
    return with_parts(cut, np.unique(cut.notes["part"]))


def _varied(passage: Piece, params: PassageParams, rng: np.random.Generator) -> Piece:
    """A passage to learn from. At times it loses some of its parts, since music for two and three is rare, or one is
    moved by a semitone, since music as dissonant as people ask for is.
    """
    parts = np.arange(len(passage.programs))
    if len(parts) > 2 and rng.random() < params.thinned_share:
        parts = np.sort(rng.choice(parts, int(rng.integers(1, len(parts))), replace=False))
        passage = with_parts(passage, parts)
    if len(parts) > 1 and rng.random() < params.displaced_share:
        passage.notes["pitch"][passage.notes["part"] == rng.integers(len(parts))] += rng.choice([-1, 1])
    return passage


def with_parts(piece: Piece, parts: Sequence[int] | np.ndarray) -> Piece:
    """The piece with some of its parts alone, int[P] ascending, numbered anew, all notes equally loud."""
    notes = piece.notes[np.isin(piece.notes["part"], parts)].copy()
    notes["part"] = np.searchsorted(parts, notes["part"])
    notes["velocity"] = VELOCITY
    return replace(piece, notes=notes, programs=tuple(piece.programs[part] for part in parts))


def spans(pieces: Sequence[Piece]) -> dict[str, dict[str, float]]:
    """What the pieces span: quantiles of each attribute that doesn't depend on the tempo."""
    table = pd.DataFrame([attributes_of(piece) for piece in pieces]).drop(columns="onset_rate")
    table = table.dropna(axis="columns", how="all")  # dissonance, of single lines alone
    return {
        name: {label: round(float(table[name].quantile(share)), 4) for label, share in QUANTILES.items()}
        for name in table
    }

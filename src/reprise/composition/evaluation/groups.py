"""Sets of pieces that are compared: the test pieces, and the music of each temperature, over the same bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reprise.composition.corpus.store import Corpus
from reprise.composition.evaluation.matching import cut_to_lengths
from reprise.composition.sampling.music import MusicParams
from reprise.learning.bootstrap import rounded
from reprise.music.excerpts import after_bar, bars_of, cut_at_bar
from reprise.music.piece import Piece

REFERENCE = "reference"


@dataclass(frozen=True)
class Group:
    """Music that is compared with other music.

    Attributes:
        pieces: what of them is compared. families: of each piece, equal for those that aren't independent.
        openings: what comes before it, the first bars of a test piece or somebody else's; None where nothing does.
        endings: of the same pieces everything up to their end, of music only the model's own.
        whole: the model's own notes of all pieces, also of those that aren't compared.
    """

    pieces: list[Piece]
    families: list[str]
    openings: list[Piece | None]
    endings: list[Piece]
    whole: list[Piece]


def comparable(
    corpus: Corpus, manifest: pd.DataFrame, music: Sequence[Piece], sampling: MusicParams
) -> dict[str, Group]:
    """`reference`, the test pieces, and the music of each temperature, over the same bars.

    The first `opening_bars` bars are left out of all of them, as they are somebody else's in half of the music. Then
    the music is cut to the lengths of the test pieces, what continues openings and what begins from nothing apart.
    Pieces that have no note there are left out.
    """

    def compared(piece: Piece) -> Piece:
        return after_bar(cut_at_bar(piece, sampling.bars), sampling.opening_bars)

    test = corpus.pieces("test")
    starts = [cut_at_bar(piece, sampling.opening_bars) for piece in test]
    groups = {REFERENCE: _group([compared(piece) for piece in test], corpus.families("test"), starts, test)}
    lengths = [bars_of(piece) for piece in groups[REFERENCE].pieces]
    for temperature, rows in manifest.groupby("temperature", sort=True):
        pieces, families, openings, whole = [], [], [], []
        for _, alike in rows.groupby("origin", sort=False):
            pieces += cut_to_lengths([compared(music[row]) for row in alike.index], lengths)
            families += [row.opening or row.item for row in alike.itertuples()]
            openings += [
                cut_at_bar(music[row.Index], row.opening_bars) if row.opening_bars else None
                for row in alike.itertuples()
            ]
            whole += [after_bar(music[row.Index], row.opening_bars) for row in alike.itertuples()]
        groups[f"{temperature:g}"] = _group(pieces, families, openings, whole)
    return groups


def _group(
    pieces: list[Piece], families: Sequence[object], openings: Sequence[Piece | None], whole: list[Piece]
) -> Group:
    sounding = [i for i, piece in enumerate(pieces) if len(piece.notes)]
    return Group(
        [pieces[i] for i in sounding],
        [str(families[i]) for i in sounding],
        [openings[i] for i in sounding],
        [whole[i] for i in sounding],
        whole,
    )


def size(group: Group) -> dict[str, float]:
    """How much music is compared."""
    bars = [bars_of(piece) for piece in group.pieces]
    families = len(set(group.families))
    return {"pieces": len(bars), "families": families, "bars": rounded(float(np.mean(bars))) if bars else 0.0}

"""What is measured of harmonisations and of bars written anew: every figure an estimate that resamples families."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprise.composition.encoding.notes_vocabulary import PITCH
from reprise.composition.evaluation.likelihood import score
from reprise.composition.harmonisation.agreement import Chords, agreeing, chords_of, tonic_of
from reprise.composition.models.infilling.given import Gap
from reprise.composition.models.infilling.teaching import infilling_examples
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.infilling import encoding_of, voice_ranges
from reprise.composition.style.leading import leading
from reprise.composition.style.phrases import ending
from reprise.composition.style.voices import Share
from reprise.learning.bootstrap import ratio_estimate
from reprise.music.piece import Piece
from reprise.music.timegrid import to_twelfths

Estimates = dict[str, dict[str, float]]

OF_STYLE = ("parallel_fifths", "parallel_octaves", "crossing_rate", "closing_rate")


@dataclass(frozen=True)
class Bootstrap:
    """Of the intervals: how often families are drawn, by which seed."""

    resamples: int
    seed: int

    def estimates(self, rows: Sequence[dict[str, Share]], families: Sequence[int]) -> Estimates:
        """How much of how much, by name, over all rows; what is defined for none is left out."""
        found = {}
        for name in rows[0] if rows else ():
            column = np.array([row[name] for row in rows], float)
            if column[:, 1].any():
                found[name] = ratio_estimate(column[:, 0], column[:, 1], self.resamples, self.seed, families)
        return found


@dataclass(frozen=True)
class Written:
    """Pieces of which something was written anew, and the real ones beside them.

    Attributes:
        real, families: test pieces with the family of each. gaps: what was written of each.
        made: by the model. unseen: by the same model that isn't shown what stands ahead.
        beats: the first of each that was written anew, and the first that wasn't.
    """

    real: list[Piece]
    families: list[int]
    gaps: list[Gap]
    made: list[Piece]
    unseen: list[Piece]
    beats: list[tuple[int, int]]

    def chords(self, pieces: Sequence[Piece]) -> list[Chords]:
        """The chords of pieces on the beats that were written anew."""
        return [chords_of(piece).cut(*own) for piece, own in zip(pieces, self.beats)]


def agreements(written: Written, bootstrap: Bootstrap) -> dict[str, Estimates]:
    """How often chords are those of the real pieces: of the model, of the one that isn't shown what stands ahead, and
    of chords that the model wrote to another piece, both sides taken from their tonics.
    """
    real, made, unseen = (written.chords(pieces) for pieces in (written.real, written.made, written.unseen))
    others = [own.higher(-tonic_of(piece)) for own, piece in zip(made, written.made)]
    others = [own.higher(tonic_of(piece)) for own, piece in zip([*others[1:], *others[:1]], written.real)]
    return {
        name: bootstrap.estimates([agreeing(*pair) for pair in zip(ours, real)], written.families)
        for name, ours in (("model", made), ("not_shown", unseen), ("another_piece", others))
    }


def style(written: Written, bootstrap: Bootstrap) -> dict[str, Estimates]:
    """Voice leading and endings of whole pieces; see `style.leading.leading` and `style.phrases.ending`."""
    found = {}
    for name, pieces in (("model", written.made), ("not_shown", written.unseen), ("real", written.real)):
        measured = (leading(piece) | ending(piece) for piece in pieces)
        rows = [{kind: own[kind] for kind in OF_STYLE} for own in measured]
        found[name] = bootstrap.estimates(rows, written.families)
    return found


def out_of_range(trained: TrainedModel, written: Written, bootstrap: Bootstrap) -> dict[str, float]:
    """The share of new notes that lie outside of what their part has in the training pieces."""
    low, high = voice_ranges(trained).T
    rows = []
    for piece, gap in zip(written.made, written.gaps):
        notes = piece.notes[gap.holds(piece.notes["part"], to_twelfths(piece.notes["onset"]))]
        beyond = (notes["pitch"] < low[notes["part"]]) | (notes["pitch"] > high[notes["part"]])
        rows.append({"notes": (float(beyond.sum()), float(len(notes)))})
    return bootstrap.estimates(rows, written.families).get("notes", {})


def likelihood(trained: TrainedModel, written: Written, bootstrap: Bootstrap) -> Estimates:
    """Nats a note of the real notes in the gaps, the model shown what stands ahead and not: what seeing it is worth.

    Of notes that stand nothing counts, though the model that isn't shown them doesn't know when they come.
    """
    encoding = encoding_of(trained)
    events, metres = [encoding.encode(piece) for piece in written.real], [piece.metre for piece in written.real]
    found: Estimates = {}
    for name, shown in (("shown", True), ("not_shown", False)):
        examples = infilling_examples(encoding, events, metres, written.gaps, shown)
        new = [example.mask[:, PITCH] for example in examples]
        nats = [float(own.nats[rows].sum()) for own, rows in zip(score(trained.network, examples), new)]
        rows = [{"nats": (total, float(own.sum()))} for total, own in zip(nats, new)]
        estimates = bootstrap.estimates(rows, written.families)
        if "nats" in estimates:  # there was something to write
            found[name] = estimates["nats"]
    return found

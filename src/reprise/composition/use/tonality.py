"""Music in the key that was asked for: one of several tries, transposed.

Which key a model will end up in can't be told beforehand, and a mask of a minor key's nine pitch classes holds all
of its relative major. But the key of a finished piece can be told, and any piece can be transposed: so of `TRIES` tries
the first is taken that has the right mode and that transposes to the tonic asked for within the range. Music that keeps
to chords is in the key of its chords: it is written in the key asked for as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.sampling.compose import Order
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import MODES, Key, key_correlations, parse_key
from reprise.music.piece import Piece

TRIES = 16


@dataclass(frozen=True)
class Attempt:
    """A try, transposed to the tonic asked for.

    Attributes:
        doubt: how much better another mode's key fits it than the one asked for, as a correlation; 0 where none does.
        beyond: semitones by which it leaves the range that the model learnt.
    """

    piece: Piece
    doubt: float
    beyond: int


def compose_in_keys(
    orders: Sequence[Order],
    compose_all: Callable[[list[Order]], list[Piece]],
    learnt: tuple[int, int],
    together: int,
) -> list[Piece]:
    """A piece for each order, those that ask for a key in it; the same whatever is ordered beside it.

    Args:
        compose_all: composes orders as if they asked for no key. learnt: the range that the model learnt.
        together: how many pieces cost as much as one.

    Raises:
        BadInput: an order asks for a key and continues an opening, which has its own, or no try fits the rules' range.
    """
    for order in orders:
        if _sought(order.rules) and order.start is not None:
            raise BadInput(
                f"key: is '{order.rules.key}', but what continues an opening stays in the opening's key; leave it out, "
                "or transpose the opening"
            )
    settled: dict[int, Piece] = {}
    attempts: dict[int, list[Attempt | None]] = {place: [] for place in range(len(orders))}
    while waiting := [place for place in attempts if place not in settled]:
        each = max(1, together // len(waiting))
        plan = [
            (place, number)
            for place in waiting
            for number in range(len(attempts[place]), min(len(attempts[place]) + each, tries_of(orders[place])))
        ]
        made = compose_all([replace(orders[place], seed=seed_of(orders[place], number)) for place, number in plan])
        for (place, _), piece in zip(plan, made):
            attempts[place].append(judge(piece, orders[place].rules, learnt))
        for place in waiting:
            if (best := choose(attempts[place], len(attempts[place]) == tries_of(orders[place]))) is not None:
                settled[place] = best.piece
            elif len(attempts[place]) == tries_of(orders[place]):
                rules = orders[place].rules
                raise BadInput(
                    f"lowest, highest: are {rules.lowest}-{rules.highest}, too narrow for music in {rules.key}; "
                    "widen them"
                )
    return [settled[place] for place in range(len(orders))]


def _sought(rules: SamplingRules) -> bool:
    """Whether tries are made to get to a key. Chords get there by themselves, and would be moved with it."""
    return bool(rules.key) and not rules.chords


def tries_of(order: Order) -> int:
    return TRIES if _sought(order.rules) else 1


def seed_of(order: Order, number: int) -> tuple[int, ...]:
    """What try `number` of an order draws from: the first as if no key were asked for."""
    return (*order.seed, number) if number else order.seed


def judge(piece: Piece, rules: SamplingRules, learnt: tuple[int, int]) -> Attempt | None:
    """The try in the key asked for; None where no transposition keeps it within the rules' range."""
    if not rules.key:
        return Attempt(piece, 0.0, 0)
    key = parse_key(rules.key)
    if not _sought(rules):
        written = piece.key_fifths is not None
        return Attempt(piece if written else transposed_to(piece, 0, key), 0.0, 0)
    correlations = key_correlations(piece)
    own = correlations[MODES.index(key.mode)]
    doubt = float(correlations.max() - own.max())  # nan where it has no key
    up = (key.tonic - (0 if np.isnan(doubt) else int(own.argmax()))) % 12
    low, high = int(piece.notes["pitch"].min()), int(piece.notes["pitch"].max())
    fits = [shift for shift in (up, up - 12) if rules.lowest <= low + shift and high + shift <= rules.highest]
    if not fits:
        return None

    def beyond(shift: int) -> int:
        return max(learnt[0] - low - shift, 0) + max(high + shift - learnt[1], 0)

    shift = min(fits, key=lambda shift: (beyond(shift), abs(shift)))
    return Attempt(transposed_to(piece, shift, key), 2.0 if np.isnan(doubt) else doubt, beyond(shift))


def transposed_to(piece: Piece, shift: int, key: Key) -> Piece:
    """The piece so many semitones higher, with the signature and mode of a key."""
    notes = piece.notes.copy()
    notes["pitch"] += shift
    return replace(piece, notes=notes, key_fifths=key.fifths, key_mode=key.mode)


def choose(attempts: Sequence[Attempt | None], final: bool) -> Attempt | None:
    """The first try that is right in all; where there are no more to come, the one that is least wrong."""
    possible = [attempt for attempt in attempts if attempt is not None]
    right = [attempt for attempt in possible if not attempt.doubt and not attempt.beyond]
    if right or not final:
        return right[0] if right else None
    return min(possible, key=lambda attempt: (attempt.doubt > 0, attempt.beyond, attempt.doubt), default=None)

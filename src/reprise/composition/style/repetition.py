"""Repetition: what of a piece comes back, exact or varied, and what a continuation takes up of its opening."""

from collections.abc import Hashable, Sequence

import numpy as np

from reprise.composition.style.voices import UNDEFINED, Line, Share, bar_of, melody_of, share, spans, voices
from reprise.music.piece import Piece

GRAM = 3  # intervals with their rhythm, so four notes

Gram = tuple[tuple[int, int], ...]


def repetition(piece: Piece) -> dict[str, Share]:
    """What comes back within a piece.

    Returns:
        Of the melody, in notes, the longest run that comes a second time, the two not overlapping: `longest_return` at
        the same pitches and with the same steps in time, `longest_transposed_return` at other pitches and as above,
        `longest_rhythm_return` with the steps in time alone. Of the bars in which a note begins: `bar_return_rate`,
        those that an earlier bar equals, all parts, note for note; `transposed_bar_return_rate`, those that equal an
        earlier bar in other pitches only; `rhythm_return_rate`, those whose rhythm of the melody an earlier bar had.
    """
    line = melody_of(piece)
    if not len(line):
        return dict.fromkeys(REPETITION, UNDEFINED)
    exact, transposed, rhythms = _bars(piece, line)
    returned, moved = _returned(exact), _returned(transposed)
    return {
        "longest_return": share(longest_return(line), 1),
        "longest_transposed_return": share(longest_transposed_return(line), 1),
        "longest_rhythm_return": share(_longest(_codes(line.steps.tolist())), 1),
        "bar_return_rate": share(returned, len(returned)),
        "transposed_bar_return_rate": share(moved & ~returned, len(returned)),
        "rhythm_return_rate": share(_returned(rhythms), len(rhythms)),
    }


REPETITION = (
    "longest_return", "longest_transposed_return", "longest_rhythm_return", "bar_return_rate",
    "transposed_bar_return_rate", "rhythm_return_rate",
)  # fmt: skip


def longest_return(line: Line) -> int:
    """Notes of the longest run that comes twice with the same pitches and steps in time."""
    return _longest(_codes(list(zip(line.pitches.tolist(), line.steps.tolist()))))


def longest_transposed_return(line: Line) -> int:
    """Notes of the longest run that comes again at other pitches, all as far away, with the same steps in time between
    its notes; 0 where none of two notes does.
    """
    moves = _codes(list(zip(np.diff(line.pitches).tolist(), line.steps[:-1].tolist())))
    found = _longest(moves, line.pitches[:-1], gap=1)
    return found + 1 if found else 0


def _codes(values: Sequence[Hashable]) -> np.ndarray:
    """Equal values as equal numbers, int[N]."""
    number = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.array([number[value] for value in values], int)


def _longest(codes: np.ndarray, unlike: np.ndarray | None = None, gap: int = 0) -> int:
    """The longest run of codes that comes twice, the second beginning after the first has ended and `gap` more.

    Args:
        unlike: of each code something in which the two must differ.
    """
    places, run, best = np.arange(len(codes)), np.zeros(len(codes), int), 0
    for here in range(len(codes)):  # run[i]: the one that ends at i and at `here`
        alike = codes == codes[here]
        if unlike is not None:
            alike &= unlike != unlike[here]
        run = np.where(alike, np.append(0, run[:-1]) + 1, 0)
        best = max(best, int(np.minimum(run[:here], here - gap - places[:here]).max(initial=0)))
    return best


def _bars(piece: Piece, line: Line) -> tuple[list[Hashable], list[Hashable], list[Hashable]]:
    """What begins in each bar that isn't empty: its notes, these whatever their pitch level, the melody's rhythm; in
    the last one only the bars in which the melody has a note.
    """
    length = bar_of(piece)
    begun, ended = spans(piece)
    pitches, parts = piece.notes["pitch"].astype(int), piece.notes["part"]
    exact: list[Hashable] = []
    transposed: list[Hashable] = []
    for bar in np.unique(begun // length):
        here = np.flatnonzero(begun // length == bar)
        rest = list(zip((begun[here] % length).tolist(), (ended - begun)[here].tolist(), parts[here].tolist()))
        order = sorted(range(len(here)), key=lambda i: (rest[i], pitches[here[i]]))
        rows = tuple(rest[i] for i in order)
        heights = pitches[here][order]
        exact.append((rows, tuple(heights.tolist())))
        transposed.append((rows, tuple((heights - heights.min()).tolist())))
    rhythms: list[Hashable] = [
        tuple(zip((line.onsets[here] % length).tolist(), (line.ends - line.onsets)[here].tolist()))
        for here in (line.onsets // length == bar for bar in np.unique(line.onsets // length))
    ]
    return exact, transposed, rhythms


def _returned(values: Sequence[Hashable]) -> np.ndarray:
    """Whether each value was there before, bool[N]."""
    codes = _codes(values)
    return np.array([code in codes[:place] for place, code in enumerate(codes)], bool)


def grams_of(piece: Piece) -> set[Gram]:
    """The runs of `GRAM` intervals, in semitones with the steps in time before them, within any voice of a piece."""
    found: set[Gram] = set()
    for line in voices(piece):
        moves = list(zip(np.diff(line.pitches).tolist(), line.steps[:-1].tolist()))
        found |= {tuple(moves[start : start + GRAM]) for start in range(len(moves) - GRAM + 1)}
    return found


def take_up(openings: Sequence[Piece], continuations: Sequence[Piece], families: Sequence[object]) -> np.ndarray:
    """How much of an opening its continuation takes up, beside what the same continuation has of other openings.

    Args:
        openings: of as many pieces as there are `continuations`. families: of each; no other opening of a piece's own
            family is among the others.

    Returns:
        Of each piece the share of its own opening's grams (`grams_of`, each once) that the continuation has, and the
        mean of the same over the openings of other families, float[pieces, 2]; nan where there are none.
    """
    asked, there = [grams_of(piece) for piece in openings], [grams_of(piece) for piece in continuations]
    shares = np.array([[len(own & has) / len(own) if own else np.nan for own in asked] for has in there])
    shares = shares.reshape(len(there), len(asked))
    kin = np.array([[one == other for other in families] for one in families], bool).reshape(shares.shape)
    others = np.ma.masked_array(shares, kin | np.isnan(shares)).mean(axis=1)
    return np.column_stack([np.diag(shares), np.ma.filled(others.astype(float), np.nan).reshape(-1)])

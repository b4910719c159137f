"""Runs of notes that a piece has in common with others, note for note.

A piece of N notes becomes N - 1 moves, int[N - 1, 2]: for each note after the first, in the order (onset, part,
pitch), its semitones from the note before it in that order and the twelfths of a beat between their onsets. So a
passage is the same in any key, from any bar and at any tempo, whichever instruments play it, and it takes in harmony
and rhythm together; a passage written in other note values, or a melody over new chords, is another one. Durations and
velocities are not compared: they would hide a copy. A run or n-gram of n notes is n - 1 moves.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from reprise.music.piece import Piece
from reprise.music.timegrid import to_twelfths

BORDER, UNKNOWN = "\0", chr(0x10FFFF)  # between two pieces; a move that no training piece has

Move = tuple[int, int]  # semitones, twelfths of a beat


def moves(piece: Piece) -> list[Move]:
    """The moves of a piece, none below two notes. Onsets are put on the grid before the notes are ordered."""
    onsets, pitches = to_twelfths(piece.notes["onset"]), piece.notes["pitch"].astype(int)
    order = np.lexsort((pitches, piece.notes["part"], onsets))
    return list(zip(np.diff(pitches[order]).tolist(), np.diff(onsets[order]).tolist()))


class CopyIndex:
    """Training pieces, indexed to tell at once how long a run of theirs another piece repeats.

    A suffix array (Manber & Myers, SIAM Journal on Computing 22, 1993) of the moves in reverse, so that the passages
    which end with the same moves lie side by side. Each distinct move is one character of a text.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        sequences = [moves(piece) for piece in pieces]
        alphabet = sorted({move for sequence in sequences for move in sequence})
        self._letters = {move: chr(number + 1) for number, move in enumerate(alphabet)}
        self._moves = {letter: move for move, letter in self._letters.items()}
        texts = ("".join(self._letters[move] for move in sequence) for sequence in sequences)
        self._text = BORDER.join(texts)[::-1]
        self._order = _suffix_order(self._text)

    def runs(self, sequence: Sequence[Move]) -> np.ndarray:
        """For each move, how many moves long the copied run is that ends with it, int[len(sequence)]."""
        text = self._spell(sequence)
        lengths = [0]
        for start in range(len(text) - 1, -1, -1):  # the text runs backwards: from the first move to the last
            lengths.append(self._longest_prefix(text[start : start + lengths[-1] + 1]))
        return np.array(lengths[1:], int)

    def continuations(self, passage: Sequence[Move]) -> list[Move]:
        """The moves that follow a passage (one move or more) in the training pieces, ascending; none if it isn't there.

        A sampler that forbids them after the last n - 1 moves never repeats more than n notes of a training piece.
        """
        text = self._spell(passage)
        first = self._place(text)
        last = bisect_left(self._order, True, lo=first, key=lambda start: not self._text.startswith(text, start))
        before = {self._text[start - 1] for start in self._order[first:last] if start > 0}
        return sorted(self._moves[letter] for letter in before - {BORDER})

    def _spell(self, sequence: Sequence[Move]) -> str:
        return "".join(self._letters.get((semitones, twelfths), UNKNOWN) for semitones, twelfths in reversed(sequence))

    def _place(self, text: str) -> int:
        return bisect_left(self._order, text, key=lambda start: self._text[start : start + len(text)])

    def _longest_prefix(self, text: str) -> int:
        """Characters of the longest prefix of `text` that is anywhere in the training pieces."""
        place = self._place(text)
        neighbours = self._order[max(place - 1, 0) : place + 1]  # in alphabetical order they share most
        return max((self._shared(text, start) for start in neighbours), default=0)

    def _shared(self, text: str, start: int) -> int:
        """Characters that `text` and the training text from `start` have in common before they part."""
        lengths = range(1, len(text) + 1)
        return bisect_left(lengths, True, key=lambda length: not self._text.startswith(text[:length], start))


def _suffix_order(text: str) -> list[int]:
    """Where the suffixes of a text start, in alphabetical order, by prefix doubling."""
    rank = np.array([ord(character) for character in text], int)
    width = 1
    while True:
        following = np.append(rank[width:], np.full(min(width, len(rank)), -1))
        order = np.lexsort((following, rank))
        pairs = np.stack([rank[order], following[order]])
        changed = (np.diff(pairs) != 0).any(axis=0)
        rank = np.empty_like(rank)
        rank[order] = np.append(0, np.cumsum(changed))[: len(rank)]
        width *= 2
        if changed.all():
            return order.tolist()

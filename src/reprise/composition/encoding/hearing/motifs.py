"""Motifs: how a part went on the last time that it, or any part, went as it goes now.

An `Echo` waits until all parts repeat each other; melodies come back in other harmonies, in another part, at other
pitches, and are taken up from an opening. Two notes alike are a return here; it is aligned if they lie where they lay
in the bar. Shapes: B sequences, P parts.
"""

import numpy as np

CONTEXT = 2  # notes
POWERS = 5
LENGTHS = 1 + 2 * POWERS  # categories of how long the return is already: 0 for none, then by powers of 2; then aligned

Move = tuple[int, int]  # a pitch, or the interval to it, and a duration
Place = tuple[int | None, int, int]  # what came next, None for nothing; and the onset of the note before it
NOWHERE: Place = None, -1, 0


class Motifs:
    """Follows the parts of B sequences: what each one's next pitch, MIDI, and duration, a category, are `expected` to
    be, int64[B, P, 2], -1 where nothing is; for how many notes this has been right, `matched`, int64[B, P]; and whether
    the return is `aligned`, bool[B, P].

    `exact` ones are returns of a part's own pitches; the others of intervals, by whichever part.
    """

    def __init__(self, sequences: int, parts: int, exact: bool) -> None:
        self.exact = exact
        self.moves: list[list[list[Move]]] = [[[] for _ in range(parts)] for _ in range(sequences)]  # the last ones
        self.places: list[dict[tuple, Place]] = [{} for _ in range(sequences)]
        self.onsets = np.zeros((sequences, parts), np.int64)  # of each part's last note
        self.last = np.full((sequences, parts), -1)
        self.expected = np.full((sequences, parts, 2), -1)
        self.matched = np.zeros((sequences, parts), np.int64)
        self.aligned = np.zeros((sequences, parts), bool)

    def push(
        self, parts: np.ndarray, pitches: np.ndarray, durations: np.ndarray, onsets: np.ndarray, bars: np.ndarray
    ) -> None:
        """Take in a note of each sequence, int64[B] each; `bars` are how long theirs are."""
        rows = np.arange(len(parts))
        last, own = self.last[rows, parts], self.expected[rows, parts]
        right = (own[:, 0] == pitches) & (own[:, 1] == durations)
        heights = pitches if self.exact else np.where(last < 0, 128, pitches - last)
        found = []
        before = self.onsets[rows, parts].tolist()
        for row, (part, *move) in enumerate(zip(parts.tolist(), heights.tolist(), durations.tolist())):
            moves, places, voice = self.moves[row][part], self.places[row], part if self.exact else -1
            if len(moves) == CONTEXT:
                places[voice, *moves] = *move, before[row]
                del moves[0]
            moves.append(tuple(move))
            found.append(places.get((voice, *moves), NOWHERE))
        known = np.array([height is not None for height, _, _ in found], bool)
        goal = np.array([height or 0 for height, _, _ in found], np.int64) + (0 if self.exact else pitches)
        ago = onsets - np.array([onset for *_, onset in found], np.int64)
        self.expected[rows, parts, 0] = np.where(known, goal, -1)
        self.expected[rows, parts, 1] = [duration for _, duration, _ in found]
        self.matched[rows, parts] = np.where(known, np.where(right, self.matched[rows, parts], 0) + 1, 0)
        self.aligned[rows, parts] = known & (ago % bars == 0)
        self.onsets[rows, parts] = onsets
        self.last[rows, parts] = pitches

    def length(self, parts: np.ndarray) -> np.ndarray:
        """How long each part's return is, and whether it is aligned, as a category, int64[B]."""
        rows = np.arange(len(parts))
        matched = self.matched[rows, parts]
        power = np.minimum(np.log2(np.maximum(matched, 1)).astype(np.int64) + 1, POWERS)
        return np.where(matched, power + POWERS * self.aligned[rows, parts], 0)

    def classes(self, parts: np.ndarray) -> np.ndarray:
        """Of each pitch class of each part's next note how long a return it would carry on, int64[B, 12]."""
        rows = np.arange(len(parts))
        found = np.zeros((len(parts), 12), np.int64)
        found[rows, self.expected[rows, parts, 0] % 12] = self.length(parts)
        return found

    def of_duration(self, parts: np.ndarray, pitches: np.ndarray) -> np.ndarray:
        """How long the return is, and the duration that it expects of a pitch, plus one, int64[B, 2]; 0 for none."""
        expected, length = self.expected[np.arange(len(parts)), parts], self.length(parts)
        alike = (length > 0) & (expected[:, 0] == pitches)
        return np.where(alike[:, None], np.stack([length, expected[:, 1] + 1], axis=1), 0)

    def expects(self, parts: np.ndarray) -> np.ndarray:
        """The pitch and duration that each part is expected to have in a return that is aligned, int64[B, 2]; -1 for
        none.
        """
        rows = np.arange(len(parts))
        return np.where(self.aligned[rows, parts][:, None], self.expected[rows, parts], -1)

    def select(self, rows: np.ndarray) -> "Motifs":
        """One of its own for these sequences that can tell its features, but takes in no more notes."""
        chosen = Motifs(0, 0, self.exact)
        chosen.expected, chosen.matched, chosen.aligned = self.expected[rows], self.matched[rows], self.aligned[rows]
        return chosen

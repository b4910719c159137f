"""Harmony: which chords sound, and how dissonances come and go.

A chord is found after Pardo & Birmingham, "Algorithms for chordal analysis", Computer Music Journal 26 (2002): of their
six templates at twelve roots the one with the highest score, which is how much sounds that belongs to it, less how much
sounds that doesn't, less its members that are missing. Weights are sounding time in lengths of the window, so a voice
that sounds throughout counts 1. Ties go to the root that sounds longer, then to the quality that is more frequent, then
to the root that is nearest above the lowest note.
"""

from itertools import combinations

import numpy as np

from reprise.composition.style.voices import (
    UNDEFINED,
    Line,
    Share,
    bar_of,
    beat_of,
    has_voices,
    is_monophonic,
    lowest,
    pitch_time,
    share,
    sounding,
    spans,
    voices,
)
from reprise.music.piece import Piece

# Members above the root, by how often each quality was met by Pardo & Birmingham, most frequent first.
QUALITIES = {
    "major": (0, 4, 7),
    "dominant seventh": (0, 4, 7, 10),
    "minor": (0, 3, 7),
    "diminished seventh": (0, 3, 6, 9),
    "half-diminished seventh": (0, 3, 6, 10),
    "diminished": (0, 3, 6),
}
NAMES = tuple(QUALITIES)
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 4), (0, 3))  # the last two lack their fifth
SEVENTHS = (
    *((0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9)),
    *((0, 4, 10), (0, 4, 11), (0, 3, 10)),
)
DISSONANT = (1, 2, 10, 11)  # seconds and sevenths, octaves apart or not
STEP = 2  # semitones at most
FULL = 3  # notes that a chord has at least, to be told a triad or not


def _templates() -> np.ndarray:
    """Members of each chord, bool[qualities * 12, 12]."""
    found = np.zeros((len(QUALITIES), 12, 12), bool)
    for row, members in zip(found, QUALITIES.values()):
        for root in range(12):
            row[root, [(root + member) % 12 for member in members]] = True
    return found.reshape(-1, 12)


def _classes(kinds: tuple[tuple[int, ...], ...]) -> set[frozenset[int]]:
    """The sets of pitch classes that are one of these chords at some root."""
    return {frozenset((root + member) % 12 for member in members) for members in kinds for root in range(12)}


TEMPLATES = _templates()
TRIAD_SETS, SEVENTH_SETS = _classes(TRIADS), _classes(SEVENTHS)


def find_chords(piece: Piece, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The chord of each window, from its start to its stop, int[windows] each.

    Returns:
        Root, 0 to 11; quality, a place in `NAMES`; and how long it sounds in all voices, what belongs to the chord and
        everything, int[windows, 2]. Where nothing sounds the root is -1.
    """
    time, bass = pitch_time(piece, starts, stops), lowest(piece, starts, stops)
    inside, missing = time @ TEMPLATES.T, (time == 0).astype(int) @ TEMPLATES.T
    total = time.sum(axis=1)
    scores = 2 * inside - total[:, None] - missing * (stops - starts)[:, None]
    quality, root = np.divmod(np.arange(len(TEMPLATES)), 12)
    ranks = (scores, time[:, root], -quality, -((root - bass[:, None]) % 12))
    best = np.lexsort(tuple(np.broadcast_to(rank, scores.shape) for rank in reversed(ranks)), axis=1)[:, -1]
    belongs = np.take_along_axis(inside, best[:, None], axis=1)[:, 0]
    return np.where(total == 0, -1, best % 12), best // 12, np.column_stack([belongs, total])


def beats_of(piece: Piece) -> np.ndarray:
    """The beats of a piece from its first note to its last end, of one-part music its half bars, int[windows]."""
    begun, ended = spans(piece)
    length = harmonic_unit(piece)
    return np.arange(begun.min() // length, -(-ended.max() // length)) * length


def harmonic_unit(piece: Piece) -> int:
    """How long a chord is looked for: a beat, in one-part music, whose chords come one note after another, half a
    bar, or a whole one that has no half.
    """
    bar, beat = bar_of(piece), beat_of(piece)
    if not is_monophonic(piece):
        return beat
    return bar // 2 if bar % (2 * beat) == 0 else bar


def harmony(piece: Piece) -> dict[str, Share]:
    """Chords and dissonances of a piece.

    Returns:
        `triad_rate`, `seventh_rate`, `other_chord_rate`: of the beats on which three notes or more sound, those whose
        pitch classes are just a triad's or seventh chord's (without its fifth too), or anything else: a bare fifth,
        a suspension, a cluster; undefined for one-part music. `chord_tone_rate`: of the sounding time, what belongs to
        the chord of its beat (see `find_chords`; half a bar in one-part music). `dissonance_rate`: of the pairs of
        voices' notes that come to sound together, those a second or seventh apart. `treated_dissonance_rate`: of these,
        those of which one note is held over or reached by step or repetition and left by step, as suspensions, passing
        and neighbouring notes are (Piston, Harmony, ch. 8).
    """
    kinds = ("triad_rate", "seventh_rate", "other_chord_rate", "chord_tone_rate")
    if not len(piece.notes):
        return dict.fromkeys((*kinds, "dissonance_rate", "treated_dissonance_rate"), UNDEFINED)
    beats, length = beats_of(piece), harmonic_unit(piece)
    belongs, total = find_chords(piece, beats, beats + length)[2].sum(axis=0)
    return {
        **dict(zip(kinds[:3], _qualities(piece, beats))),
        "chord_tone_rate": share(belongs, total),
        **_dissonances(voices(piece) if has_voices(piece) else []),
    }


def _qualities(piece: Piece, beats: np.ndarray) -> list[Share]:
    """How many full chords on beats are triads, sevenths and others."""
    begun, ended = spans(piece)
    counts = [0, 0, 0]
    if is_monophonic(piece):
        return [UNDEFINED] * 3
    for beat in beats:
        pitches = piece.notes["pitch"][(begun <= beat) & (beat < ended)]
        if len(pitches) >= FULL:
            classes = frozenset((pitches % 12).tolist())
            counts[0 if classes in TRIAD_SETS else 1 if classes in SEVENTH_SETS else 2] += 1
    return [share(count, sum(counts)) for count in counts]


def _dissonances(lines: list[Line]) -> dict[str, Share]:
    """How many pairs of notes are dissonant when they come together, and how many of these are treated as such."""
    if len(lines) < 2:
        return {"dissonance_rate": UNDEFINED, "treated_dissonance_rate": UNDEFINED}
    times = np.unique(np.concatenate([line.onsets for line in lines]))
    at = sounding(lines, times)
    pairs = dissonant = treated = 0
    for (i, one), (j, other) in combinations(enumerate(lines), 2):
        new = (at[i] >= 0) & (at[j] >= 0)
        new &= (one.onsets[at[i]] == times) | (other.onsets[at[j]] == times)
        apart = abs(one.pitches[at[i]] - other.pitches[at[j]]) % 12
        clash = new & np.isin(apart, DISSONANT)
        ways = [_is_treated(line, row, times) for line, row in ((one, at[i]), (other, at[j]))]
        pairs, dissonant = pairs + int(new.sum()), dissonant + int(clash.sum())
        treated += int((clash & (ways[0] | ways[1])).sum())
    return {"dissonance_rate": share(dissonant, pairs), "treated_dissonance_rate": share(treated, dissonant)}


def _is_treated(line: Line, at: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Whether the line's note at each time is prepared and left by step, bool[times]; a repeated pitch is left where
    it changes, and a note that has none before it or after it isn't treated.
    """
    moves = np.diff(line.pitches)
    reached = np.append(False, abs(moves) <= STEP)
    left = np.full(len(line), False)
    for note in range(len(line) - 2, -1, -1):
        left[note] = left[note + 1] if moves[note] == 0 else abs(moves[note]) <= STEP
    held = line.onsets[at] < times
    return (held | reached[at]) & left[at] & (at >= 0)

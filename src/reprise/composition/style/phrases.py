"""Phrases: where they end, which cadences end them, and how the whole piece ends.

A `Piece` has no fermatas, so phrase ends are found: notes of the melody on which all parts come to rest. After the
Grouper of Temperley, The Cognition of Basic Musical Structures (2001), ch. 3, the ends are those that together score
highest: each earns how long nothing begins after it, in units of the piece's usual note value, at most 2, less 1; each
phrase costs the distance of its length from two bars, in powers of two. Harmony isn't asked, as it is what is measured.
`python -m benchmarks.composition.phrase_ends` compares the ends with the fermatas of Bach's chorales. Two bars being
the usual length, lengths and balance lean to it in any music: they, too, mean something beside the reference alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.style.harmony import NAMES, find_chords
from reprise.composition.style.voices import (
    UNDEFINED,
    Line,
    Share,
    bar_of,
    beat_of,
    is_monophonic,
    lowest,
    melody_of,
    share,
    spans,
)
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.piece import Piece

PHRASE_BARS = 2.0
MOST_STILLNESS = 2.0  # usual note values
DOMINANTS = ("major", "dominant seventh")
TONIC, FOURTH, FIFTH, SIXTHS = 0, 5, 7, (8, 9)  # degrees as semitones above the tonic

Chord = tuple[int, str]  # root and quality


@dataclass(frozen=True)
class Cadence:
    """The two chords at the end of a phrase.

    Attributes:
        kind: authentic, half, plagal, deceptive or other. root: of the last chord, a pitch class.
        in_root_position: whether that is its lowest note.
    """

    kind: str
    root: int
    in_root_position: bool


def phrase_ends(piece: Piece, line: Line) -> np.ndarray:
    """The numbers of the melody's notes that end a phrase, ascending, int[phrases]; the last note is one."""
    if not len(line):
        return np.zeros(0, int)
    begun = np.unique(spans(piece)[0])
    after = np.searchsorted(begun, line.onsets, side="right")
    still = np.append(begun, line.ends[-1])[after] - line.onsets
    still = np.minimum(still, line.steps)
    unit = usual_value(line)
    candidates = np.union1d(np.flatnonzero(still >= unit), [len(line) - 1])
    earned = np.minimum(still[candidates] / unit, MOST_STILLNESS) - 1
    stops = (line.onsets + line.steps)[candidates]
    places = np.append(line.onsets[0], stops)
    best, before = np.zeros(len(places)), np.zeros(len(places), int)
    for k in range(1, len(places)):
        scores = best[:k] - abs(np.log2((places[k] - places[:k]) / (PHRASE_BARS * bar_of(piece))))
        before[k], best[k] = scores.argmax(), scores.max() + earned[k - 1]
    ends, k = [], len(places) - 1
    while k:
        ends.append(candidates[k - 1])
        k = before[k]
    return np.array(ends[::-1])


def usual_value(line: Line) -> int:
    """The note value in which half of the melody's time is spent, or less than it: its median weighted by time."""
    steps = np.sort(line.steps)
    passed = np.cumsum(steps)
    return int(steps[np.searchsorted(passed, passed[-1] / 2)])


def cadences(piece: Piece, line: Line, ends: np.ndarray) -> list[Cadence]:
    """The cadence at each of some phrase ends, of which `ends` has all, ascending; of one-part music none.

    The last chord is what sounds from the end note's onset until anything else begins. The chord before it is looked
    for in the half beat and in the whole beat before that onset. Authentic ("V-I or the like") is from the major triad
    or dominant seventh a fifth above the last root, or from a diminished chord on the leading note below it, whatever
    the key. In the key of the phrase, else in that of the piece, half is to the major triad or dominant seventh on the
    fifth degree, plagal from the fourth degree to the first, deceptive from the fifth to the sixth.
    """
    if is_monophonic(piece) or not len(ends):
        return []
    onsets, beat = line.onsets[ends], beat_of(piece)
    begun = np.append(np.unique(spans(piece)[0]), line.ends[-1])
    stops = np.maximum(begun[np.searchsorted(begun[:-1], onsets, side="right")], onsets + 1)
    last, *before = (
        _chords_between(piece, begin, stop)
        for begin, stop in ((onsets, stops), (onsets - beat // 2, onsets), (onsets - beat, onsets))
    )
    home, starts = find_key(piece), line.onsets[np.append(0, ends[:-1] + 1)]
    keys = [[key for key in (_key_between(piece, *span), home) if key] for span in zip(starts, stops)]
    roots = [root for root, _ in last]
    rooted = lowest(piece, onsets, onsets + 1) % 12 == roots
    kinds = [_kind(chords, goal, own) for *chords, goal, own in zip(*before, last, keys)]
    return [Cadence(*found) for found in zip(kinds, roots, rooted.tolist())]


def _chords_between(piece: Piece, starts: np.ndarray, stops: np.ndarray) -> list[Chord]:
    roots, qualities, _ = find_chords(piece, starts, stops)
    return [(root, NAMES[quality]) for root, quality in zip(roots.tolist(), qualities.tolist())]


def _key_between(piece: Piece, start: int, stop: int) -> Key | None:
    begun = spans(piece)[0]
    return find_key(replace(piece, notes=piece.notes[(begun >= start) & (begun < stop)]))


def _kind(before: Sequence[Chord], goal: Chord, keys: Sequence[Key]) -> str:
    """The kind of a cadence from any of the chords before it to its goal; of some keys the first in which it is one."""
    before = [chord for chord in before if chord[0] >= 0]
    if any(_leads(chord, goal[0]) for chord in before):
        return "authentic"
    for key in keys:
        degree, degrees = (goal[0] - key.tonic) % 12, {(root - key.tonic) % 12 for root, _ in before}
        if degree == FIFTH and goal[1] in DOMINANTS and degrees - {FIFTH}:
            return "half"
        if degree == TONIC and FOURTH in degrees:
            return "plagal"
        if degree in SIXTHS and FIFTH in degrees:
            return "deceptive"
    return "other"


def _leads(chord: Chord, goal: int) -> bool:
    """Whether a chord is the dominant of a root, or stands for it; a diminished seventh does with any of its notes."""
    root, quality = chord
    if quality in DOMINANTS:
        return (root - goal) % 12 == 7
    return (goal - root) % (3 if quality == "diminished seventh" else 12) == 1 and quality != "minor"


def phrasing(piece: Piece) -> dict[str, Share]:
    """Phrases of a piece and their cadences, the last phrase left out: `ending` is about that, and where pieces are cut
    at a bar line it ends nowhere.

    Returns:
        `phrase_bars`: the mean length of its phrases in bars. `phrase_balance`: of neighbouring phrases the shorter
        one's length over the longer one's, 1 where all are alike. `strong_phrase_end_rate`: of the phrase ends, those
        whose note begins with a bar or with its second half; `tonic_note_phrase_end_rate`: those whose note is the
        tonic of the piece. Of the chords at phrase ends, undefined for one-part music: `root_position_phrase_end_rate`,
        those with their root in the bass; `authentic_cadence_rate`, `half_cadence_rate`, `plagal_cadence_rate`,
        `deceptive_cadence_rate`, see `cadences`; `tonic_phrase_end_rate`, those whose root is the tonic of the piece.
    """
    line = melody_of(piece)
    ends = phrase_ends(piece, line)[:-1]
    if not len(ends):
        return dict.fromkeys(PHRASING, UNDEFINED)
    bar, key = bar_of(piece), find_key(piece)
    lengths = np.diff((line.onsets + line.steps)[ends], prepend=line.onsets[0]) / bar
    balance = np.minimum(lengths[1:], lengths[:-1]) / np.maximum(lengths[1:], lengths[:-1])
    strong = np.isin(line.onsets[ends] % bar, [0, bar / 2])
    found = cadences(piece, line, ends)
    tonic = [key is not None and cadence.root == key.tonic for cadence in found]
    return {
        "phrase_bars": share(lengths, len(lengths)),
        "phrase_balance": share(balance, len(balance)),
        "strong_phrase_end_rate": share(strong, len(ends)),
        "tonic_note_phrase_end_rate": share(line.pitches[ends] % 12 == key.tonic, len(ends)) if key else UNDEFINED,
        "root_position_phrase_end_rate": share(sum(cadence.in_root_position for cadence in found), len(found)),
        **{
            f"{kind}_cadence_rate": share(sum(cadence.kind == kind for cadence in found), len(found))
            for kind in ("authentic", "half", "plagal", "deceptive")
        },
        "tonic_phrase_end_rate": share(sum(tonic), len(found)),
    }


PHRASING = (
    "phrase_bars", "phrase_balance", "strong_phrase_end_rate", "tonic_note_phrase_end_rate",
    "root_position_phrase_end_rate", "authentic_cadence_rate", "half_cadence_rate", "plagal_cadence_rate",
    "deceptive_cadence_rate", "tonic_phrase_end_rate",
)  # fmt: skip


def ending(piece: Piece) -> dict[str, Share]:
    """How a whole piece ends; of a piece that was cut off, where it stands then.

    Returns:
        `closing_rate`: 1 where the last chord, what sounds as the piece ends, is a triad on the tonic with the tonic in
        the bass, else 0; undefined for one-part music. `last_note_tonic_rate`: 1 where the melody ends on the tonic.
        `last_note_length`: how long the melody's last note is, in medians of its notes' lengths.
    """
    line, key = melody_of(piece), find_key(piece)
    if not len(line) or key is None:
        return dict.fromkeys(("closing_rate", "last_note_tonic_rate", "last_note_length"), UNDEFINED)
    end = np.array([spans(piece)[1].max()])
    ((root, quality),) = _chords_between(piece, end - 1, end)
    closes = root == key.tonic == lowest(piece, end - 1, end)[0] % 12 and quality in ("major", "minor")
    lengths = line.ends - line.onsets
    return {
        "closing_rate": UNDEFINED if is_monophonic(piece) else share(closes, 1),
        "last_note_tonic_rate": share(line.pitches[-1] % 12 == key.tonic, 1),
        "last_note_length": share(lengths[-1] / np.median(lengths), 1),
    }

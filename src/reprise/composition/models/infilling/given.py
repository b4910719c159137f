"""What stands of a piece, and the gap in it where new notes may come.

Times are twelfths of a beat, pitches MIDI's. M given notes are int64[M, 4]: onset, part, pitch, duration, in the order
of events (onset, part, pitch).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reprise.composition.encoding.events import INTERVALS, NO_PITCH, Frame, interval
from reprise.composition.encoding.hearing.keys import DEGREES
from reprise.composition.encoding.notes_vocabulary import DURATION, PART, PITCH, STEP, NotesVocabulary, bar_length
from reprise.music.analysis.keyfinding import find_key
from reprise.music.piece import Piece, note_table
from reprise.music.timegrid import TWELFTHS

ONSET, OF_PART, OF_PITCH, LASTING = range(4)  # columns of given notes
FAR = 1 << 20  # later than anything


@dataclass(frozen=True)
class Gap:
    """Where new notes may begin: in these parts, from `start` to before `stop`; all else stands."""

    parts: tuple[bool, ...]
    start: int = 0
    stop: int = FAR

    def holds(self, parts: np.ndarray, onsets: np.ndarray) -> np.ndarray:
        """Does a note of a part that begins then lie in the gap? bool[...]"""
        return np.array(self.parts)[parts] & (onsets >= self.start) & (onsets < self.stop)


@dataclass(frozen=True, eq=False)
class Given:
    """The notes that stand, with the gap in them.

    Attributes:
        notes: int64[M, 4]. end: when the piece ends; `FAR` where nobody knows.
        until: for each part, how long new notes may last, or nothing for `end`.
        ranges: for each part, the lowest and the highest pitch of new notes, or nothing for any.
    """

    notes: np.ndarray
    gap: Gap
    end: int = FAR
    until: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()

    @cached_property
    def key(self) -> tuple[int, str] | tuple[None, None]:
        """Tonic and mode of the key that the given notes seem to be in."""
        rows = [(0.0, duration / TWELFTHS, pitch, 64, 0) for _, _, pitch, duration in self.notes.tolist()]
        found = find_key(Piece(note_table(rows), 120.0, (0,))) if rows else None
        return (None, None) if found is None else (found.tonic, found.mode)


@dataclass(frozen=True, eq=False)
class Setting(Frame):
    """A frame with the notes that stand.

    Attributes:
        given: those notes; None for none. shown: whether the model sees them ahead; else they come all the same.
    """

    given: Given | None = None
    shown: bool = True


def setting_of(given: Given, metre: tuple[int, int], shown: bool = True) -> Setting:
    """What a model is told of a piece of which these notes stand: their key, and how many bars there are."""
    if not shown or not len(given.notes):
        return Setting(given=given, shown=shown)
    bars = None if given.end == FAR else -(-given.end // bar_length(metre))
    tonic, mode = given.key
    return Setting(tonic, mode, bars, given=given)


def notes_of(encoding: NotesVocabulary, events: np.ndarray) -> np.ndarray:
    """The notes of events, int64[M, 4]; the one that ends a piece is none."""
    sounding = events[events[:, STEP] != encoding.end]
    onsets, durations = (
        np.cumsum(encoding.steps.value(sounding[:, STEP])),
        encoding.durations.value(sounding[:, DURATION]),
    )
    return np.stack([onsets, sounding[:, PART], sounding[:, PITCH] + encoding.lowest, durations], axis=1)


def given_in(encoding: NotesVocabulary, events: np.ndarray, gap: Gap) -> Given:
    """What stands of a piece, int64[N, F], outside a gap."""
    notes = notes_of(encoding, events)
    standing = notes[~gap.holds(notes[:, OF_PART], notes[:, ONSET])]
    ends = notes if gap.stop < FAR else standing  # a gap between bars leaves the length of the piece
    return Given(standing, gap, int((ends[:, ONSET] + ends[:, LASTING]).max(initial=0)) if len(standing) else FAR)


def note_sizes(encoding: NotesVocabulary) -> tuple[int, ...]:
    """Sizes of the categories of `note_categories`."""
    positions, steps = max(map(bar_length, encoding.metres)), len(encoding.steps) + 1
    pitches = encoding.highest - encoding.lowest + 1
    own = (encoding.parts + 2, pitches, DEGREES, positions, len(encoding.metres), len(encoding.durations))
    return (*own, steps, steps, INTERVALS, INTERVALS)


def note_categories(encoding: NotesVocabulary, setting: Frame, metre: tuple[int, int]) -> np.ndarray:
    """The given notes as a model hears them, and behind them the end of the piece, int64[M + 1, G].

    The first category is 1 + the part, and one more for the end: 0 is left to what pads a batch. The others: pitch and
    degree, place in the bar, metre, length; time since the note before and to the next one; intervals from the note
    before of the same part and to the one after it.
    """
    given = setting.given if isinstance(setting, Setting) and setting.shown else None
    notes, end = (np.zeros((0, 4), np.int64), FAR) if given is None else (given.notes, given.end)
    found = np.zeros((len(notes) + 1, len(note_sizes(encoding))), np.int64)
    onsets, parts, pitches, durations = notes.T
    found[:-1, 0], found[-1, 0] = parts + 1, encoding.parts + 1
    found[:-1, 1] = np.clip(pitches - encoding.lowest, 0, encoding.highest - encoding.lowest)
    found[:-1, 2] = 0 if setting.tonic is None else (pitches - setting.tonic) % 12 + 1
    found[:-1, 3], found[:, 4] = onsets % bar_length(metre), encoding.metres.index(metre)
    found[:-1, 5] = encoding.durations.index(durations)
    if end < FAR:
        found[-1, 3] = end % bar_length(metre)
        apart = encoding.steps.index(np.diff(np.append(onsets, max(end, int(onsets.max(initial=0)))), prepend=0)) + 1
        found[:, 6], found[:-1, 7] = apart, apart[1:]
    for part in np.unique(parts):
        own = np.flatnonzero(parts == part)
        line = np.concatenate([[NO_PITCH], pitches[own], [NO_PITCH]])
        found[own, 8], found[own, 9] = interval(line[1:-1], line[:-2]), interval(line[2:], line[1:-1])
    return found

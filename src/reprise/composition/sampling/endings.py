"""Endings: the last bars of a piece are written several times, and the way that closes best is taken.

A model that reads only the past seldom gets to a cadence in just the bar in which a piece is to end. Each try goes on
from the same music before the last bars, and may end on any beat of the last bar: so what is taken is drawn from what
the model writes there, given that the piece closes (rejection sampling).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.encoding.events import Encoding
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.opening import transposed
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

LAST_BARS = 2  # that are written several times
ENDING = 1_000  # marks the seeds of these tries: tries for a key, counted from 1, are fewer
TRIADS = {"major": ({0, 4, 7},), "minor": ({0, 3, 7}, {0, 4, 7})}  # that close; minor may end with a Picardy third
FULL = 3  # notes of a chord that is no triad without its third
DOMINANT, LEADING_NOTE = 7, 11  # semitones above the tonic
SOON = 1e-6  # beats


@dataclass(frozen=True)
class Ending:
    """How a piece closes.

    Attributes:
        begins: when its last chord does, in beats. beats: for so many that stands, to the end of the last bar.
        authentic: a chord on the dominant, or with the leading note, comes before it.
    """

    begins: float
    beats: float
    authentic: bool


def with_endings(
    encoding: Encoding,
    jobs: Sequence[Job],
    made: Sequence[np.ndarray],
    draw: Callable[[list[Job]], list[np.ndarray]],
) -> tuple[list[np.ndarray], list[Ending | None]]:
    """The events of each job, int64[N, F], up to the chord that closes best, and how it closes; as they were, and None,
    where no way closes, or the job isn't asked for bars, or its rules allow one way alone.

    Numbers round otherwise where more or fewer are drawn at once. So as many are drawn for each job, whether it needs
    them or not, and where jobs differ in how many tries they have, each number of tries is drawn apart.
    """
    drawn = {tries: _drawn(encoding, jobs, made, draw, tries) for tries in sorted({0, *map(_tries, jobs)})}
    chosen: list[np.ndarray] = []
    endings: list[Ending | None] = []
    for place, (job, events) in enumerate(zip(jobs, made)):
        others = drawn[_tries(job)][place]
        ways = [events, *others] if others else []
        found = [(ending, way) for way in ways for ending in _endings(encoding, job, way)]
        best = max(found, key=lambda pair: (pair[0].authentic, pair[0].beats), default=None)
        chosen.append(_until(encoding, job, best[1], best[0].begins) if best else events)
        endings.append(best[0] if best else None)
    return chosen, endings


def _tries(job: Job) -> int:
    return job.rules.ending_tries if job.bars is not None else 0


def _drawn(
    encoding: Encoding,
    jobs: Sequence[Job],
    made: Sequence[np.ndarray],
    draw: Callable[[list[Job]], list[np.ndarray]],
    tries: int,
) -> list[list[np.ndarray]]:
    """So many further ways for each job."""
    again = [_again(encoding, job, events, n) for job, events in zip(jobs, made) for n in range(1, tries + 1)]
    drawn = draw(again) if again else []
    return [drawn[place * tries : (place + 1) * tries] for place in range(len(jobs))]


def _again(encoding: Encoding, job: Job, events: np.ndarray, number: int) -> Job:
    """Try `number` of the last bars; something short where there is nothing to try. The latents of the piece, if the
    model has some, stay: what comes before is read under those that it was written under.
    """
    seed = (*job.seed, ENDING, number)
    if job.bars is None:
        return replace(job, seed=seed, notes=len(job.start) + 1)
    last_bars = max(job.bars - LAST_BARS, 0) * _bar_beats(job)
    start = _until(encoding, job, events, last_bars - 2 * SOON)
    return replace(
        job, seed=seed, latent_seed=job.seed, start=start, begins=max(job.begins, round(last_bars * TWELFTHS))
    )


def _bar_beats(job: Job) -> float:
    return job.metre[0] * 4 / job.metre[1]


def _until(encoding: Encoding, job: Job, events: np.ndarray, beat: float) -> np.ndarray:
    """The events that begin until then; all of a start stays."""
    places = range(len(events))
    later = bisect_right(
        places, beat + SOON, lo=len(job.start), key=lambda place: encoding.last_onset(events[: place + 1]) / TWELFTHS
    )
    return events[:later]


def _endings(encoding: Encoding, job: Job, way: np.ndarray) -> Iterator[Ending]:
    """Where the piece of these events could close, as it sounds."""
    assert job.bars is not None
    piece = encoding.decode(way, job.metre, 120.0, (0,) * encoding.parts, "")
    if any(job.shifts):
        piece = transposed(piece, tuple(-shift for shift in job.shifts))
    home = find_key(cut_at_bar(piece, max(job.bars - LAST_BARS, 1)))
    if job.frame.tonic is not None and job.frame.mode is not None:
        home = Key(job.frame.tonic, job.frame.mode)
    return endings_of(cut_at_bar(piece, job.bars), home, job.bars, job.begins / TWELFTHS)


def endings_of(piece: Piece, home: Key | None, bars: int, after: float = 0.0) -> Iterator[Ending]:
    """Where a piece of so many bars could close, on a beat of its last one that comes `after` so many beats.

    A chord closes that has the tonic of the home key in the bass, all of whose notes are of the tonic triad, in which
    all parts sound; of three notes or more one is the third. Something comes before it; what sounds in it is held.
    """
    notes, end = piece.notes, bars * piece.bar_beats
    beats, value = piece.metre
    compound = value >= 8 and beats > 3 and beats % 3 == 0
    beat = (3 if compound else 1) * 4 / value
    if home is None or not len(notes):
        return
    parts = len(np.unique(notes["part"]))
    last = notes["onset"] >= max(end - piece.bar_beats, after) - SOON
    last &= notes["onset"] > notes["onset"].min() + SOON
    for begins in np.unique(notes["onset"][last]).tolist():
        chord, before = sounding(notes, begins), sounding(notes, begins - beat / 4)
        degrees = set(((chord["pitch"].astype(int) - home.tonic) % 12).tolist())
        off = (begins % piece.bar_beats) % beat
        on_beat = min(off, beat - off) < SOON
        root = chord["pitch"].min() % 12 == home.tonic
        complete = len(np.unique(chord["part"])) == parts and (len(chord) < FULL or bool(degrees - {0, DOMINANT}))
        if on_beat and root and complete and any(degrees <= triad for triad in TRIADS[home.mode]):
            led = {(int(pitch) - home.tonic) % 12 for pitch in before["pitch"]}
            low = (int(before["pitch"].min()) - home.tonic) % 12 if len(before) else None
            yield Ending(begins, end - begins, low == DOMINANT or LEADING_NOTE in led)


def sounding(notes: np.ndarray, beat: float) -> np.ndarray:
    """The notes that sound at a time."""
    return notes[(notes["onset"] <= beat + SOON) & (notes["onset"] + notes["duration"] > beat + SOON)]


def held(piece: Piece, ending: Ending, bars: int) -> Piece:
    """The piece with its last chord held to the end of its last bar."""
    notes = piece.notes.copy()
    last = notes["onset"] + notes["duration"] > ending.begins + SOON
    notes["duration"][last] = bars * piece.bar_beats - notes["onset"][last]
    return replace(piece, notes=notes)

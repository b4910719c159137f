"""Endings: the last bars of a piece are written several times, and the way that closes best is taken.

A model that reads only the past seldom gets to a cadence in just the bar in which a piece is to end. Each try goes on
from the same music before the last bars, and may end on any beat of the last bar: so what is taken is drawn from what
the model writes there, given that the piece closes (rejection sampling), as well as any of the tries does.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from reprise.composition.encoding.events import Encoding
from reprise.composition.sampling.drawing.sampler import Job
from reprise.composition.sampling.endings.closing import SOON, Ending, endings_of
from reprise.composition.sampling.opening import transposed
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.excerpts import cut_at_bar
from reprise.music.timegrid import TWELFTHS

LAST_BARS = 2  # that are written several times
ENDING = 1_000  # marks the seeds of these tries: tries for a key, counted from 1, are fewer


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
        best = max(found, key=lambda pair: pair[0].rank, default=None)
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
    seed, known = (*job.seed, ENDING, number), job.closing_conditions or job.conditions
    if job.bars is None:
        return replace(job, seed=seed, notes=len(job.start) + 1)
    last_bars = max(job.bars - LAST_BARS, 0) * _bar_beats(job)
    start = _until(encoding, job, events, last_bars - 2 * SOON)
    begins = max(job.begins, round(last_bars * TWELFTHS))
    return replace(job, seed=seed, latent_seed=job.seed, start=start, begins=begins, conditions=known)


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
    begins = job.begins
    if job.chords is not None:  # what closes is held to the end, so it is in the last chord
        home = job.chords.home or home
        beginnings = job.chords.beginnings(round(job.bars * _bar_beats(job) * TWELFTHS))
        begins = max(begins, max((onset for onset, _ in beginnings), default=0))
    return endings_of(cut_at_bar(piece, job.bars), home, job.bars, begins / TWELFTHS)

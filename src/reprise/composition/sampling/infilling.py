"""Pieces in which some notes stand and the others are written by a model that sees what stands ahead.

What stands stays note for note. The model reads it on the grid of twelfths and, where a part lies outside of what the
model learnt of that part, transposed; what it writes is moved back, and begins together with what stands at the same
time. The last bars, where they are to be written, are written several times, and a way that closes is taken (see
`endings`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.encoding.notes import NotesEncoding, durations_of
from reprise.composition.encoding.notes_vocabulary import DURATION, bar_length
from reprise.composition.models.infilling.ahead import AheadEncoding
from reprise.composition.models.infilling.given import (
    FAR,
    LASTING,
    OF_PART,
    OF_PITCH,
    ONSET,
    Gap,
    Given,
    note_categories,
    notes_of,
    setting_of,
)
from reprise.composition.models.infilling.network import Hearing, InfillingModel
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.composition.sampling.endings.closing import SOON, Ending, endings_of
from reprise.composition.sampling.endings.tries import ENDING, LAST_BARS
from reprise.composition.sampling.opening import shifts_into_range
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import find_key
from reprise.music.piece import NOTE, Piece
from reprise.music.timegrid import TWELFTHS, to_twelfths


@dataclass(frozen=True)
class Infill:
    """A piece to fill in.

    Attributes:
        piece: its parts are those of the model. gap: what is written anew; notes of the piece in it go.
        seed: any whole numbers; the same give the same piece. rules: how notes are drawn.
        shown: whether the model sees what stands ahead; else it meets it note by note.
    """

    piece: Piece
    gap: Gap
    seed: tuple[int, ...]
    rules: SamplingRules = USUAL
    shown: bool = True


@dataclass(frozen=True)
class Standing:
    """What stands of a piece: the notes as they are, in the order of the model's events, and as it reads them."""

    notes: np.ndarray
    given: Given
    shifts: tuple[int, ...]


def infill(trained: TrainedModel, orders: Sequence[Infill], advance: Callable[[], None] = lambda: None) -> list[Piece]:
    """The pieces filled in, made together; a piece depends on its order and how many are made beside it.

    Raises:
        BadInput: the model doesn't see ahead, or a piece or its rules don't fit it.
    """
    encoding = encoding_of(trained)
    standing = [stands(trained, order) for order in orders]
    jobs = [_job(encoding, *pair) for pair in zip(orders, standing)]
    first = _drawn(trained, jobs, advance)
    made = [[_piece(encoding, *row)] for row in zip(orders, standing, jobs, first)]
    tries = [_tries(order, own) for order, own in zip(orders, standing)]
    numbers = range(1, max(tries, default=0) + 1)  # for all alike: numbers round by how many are drawn at once
    again = [_again(encoding, job, events, number) for job, events in zip(jobs, first) for number in numbers]
    drawn = iter(_drawn(trained, again, advance) if again else [])
    for ways, order, own, job in zip(made, orders, standing, jobs):
        ways += [_piece(encoding, order, own, job, next(drawn)) for _ in numbers]
    return [closing(ways[: 1 + most], own) for ways, most, own in zip(made, tries, standing)]


def encoding_of(trained: TrainedModel) -> AheadEncoding:
    """The encoding of a model that sees ahead.

    Raises:
        BadInput: it doesn't.
    """
    config = trained.config
    if not (config.infilling and isinstance(config.encoding, NotesEncoding)):
        raise BadInput(f"{config.model}: doesn't see given notes ahead; only a model that does can harmonise or fill")
    return AheadEncoding.over(config.encoding)


def voice_ranges(trained: TrainedModel) -> np.ndarray:
    """The lowest and the highest pitch that each part has in the training pieces, int64[P, 2]."""
    encoding = encoding_of(trained)
    notes = np.concatenate([notes_of(encoding, events) for events in trained.training])
    found = np.empty((encoding.parts, 2), np.int64)
    for part in range(encoding.parts):
        own = notes[notes[:, OF_PART] == part, OF_PITCH]
        found[part] = (own.min(), own.max()) if len(own) else encoding.trained_range
    return found


def stands(trained: TrainedModel, order: Infill) -> Standing:
    """What stands of a piece outside the gap.

    Raises:
        BadInput: nothing does, it doesn't fit the range of the model, or the rules leave a part no pitch.
    """
    encoding, gap, notes = encoding_of(trained), order.gap, order.piece.notes
    onsets, durations = to_twelfths(notes["onset"]), durations_of(notes)
    free = gap.holds(notes["part"], onsets)
    kept = notes[~free]
    if not len(kept):
        raise BadInput(f"{order.piece.source}: nothing of it would stand; leave some of it as it is")
    shifts = _shifts(trained, replace(order.piece, notes=kept), encoding)
    pitches = kept["pitch"].astype(np.int64) + np.array(shifts)[kept["part"]]
    read = np.stack([onsets[~free], kept["part"].astype(np.int64), pitches, durations[~free]], axis=1)
    ends = onsets + durations
    end = int((ends if gap.stop < FAR else ends[~free]).max())  # between bars the piece stays as long as it was
    gone = [ends[free & (notes["part"] == part)] for part in range(encoding.parts)]
    until = (int(own.max(initial=min(gap.stop, end))) for own in gone) if gap.stop < FAR else [end] * encoding.parts
    return Standing(kept, Given(_in_order(read), gap, end, tuple(until), _ranges(encoding, order, shifts)), shifts)


def _in_order(read: np.ndarray) -> np.ndarray:
    """Notes, int64[M, 4], in the order of events; of notes alike in onset, part and pitch the longest."""
    ordered = read[np.lexsort((-read[:, LASTING], read[:, OF_PITCH], read[:, OF_PART], read[:, ONSET]))]
    alike = (ordered[1:, :LASTING] == ordered[:-1, :LASTING]).all(axis=1)
    return ordered[~np.append(False, alike)]


def _ranges(encoding: NotesEncoding, order: Infill, shifts: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The lowest and the highest pitch of new notes of each part, as the model reads them.

    Raises:
        BadInput: a part that is written has none.
    """
    rules = order.rules
    for shift, wanted in zip(shifts, order.gap.parts):
        low, high = encoding.lowest - shift, encoding.highest - shift
        if wanted and (rules.lowest > high or rules.highest < low):
            right = f"they must leave a range with a pitch of {low}-{high}"
            raise BadInput(f"lowest, highest: are {rules.lowest}-{rules.highest}; {right}")
    return tuple((rules.lowest + shift, rules.highest + shift) for shift in shifts)


def _shifts(trained: TrainedModel, piece: Piece, encoding: NotesEncoding) -> tuple[int, ...]:
    """Semitones that each part is read higher by: the fewest that bring all parts into what the model learnt of each;
    else into the whole of what it learnt.
    """
    low, high = voice_ranges(trained)[piece.notes["part"]].T
    pitches = piece.notes["pitch"].astype(np.int64)
    least, most = int((low - pitches).max()), int((high - pitches).min())
    if least <= most:
        return (min(max(0, least), most),) * encoding.parts
    return shifts_into_range(piece, encoding)


def _job(encoding: AheadEncoding, order: Infill, standing: Standing) -> Job:
    metre, given = order.piece.metre, standing.given
    return Job(
        metre,
        order.seed,
        np.zeros((0, len(encoding.shape.fields)), np.int64),
        bars=-(-given.end // bar_length(metre)),
        rules=replace(order.rules, lowest=0, highest=127),  # what stands may lie anywhere; of new notes `Given` says so
        frame=setting_of(given, metre, order.shown),
        may_end=True,
    )


def _drawn(trained: TrainedModel, jobs: Sequence[Job], advance: Callable[[], None]) -> list[np.ndarray]:
    encoding, network = encoding_of(trained), trained.network
    assert isinstance(network, InfillingModel)
    notes = [note_categories(encoding, job.frame, job.metre) for job in jobs]
    return sample(Hearing(network, notes), encoding, jobs, trained.index, advance)


def _timed(encoding: AheadEncoding, job: Job, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The notes of events at their times, int64[N, 4], and which of them stand, bool[N]."""
    state = encoding.start([job.metre], [job.frame])
    rows, came = [], []
    for event in events:
        state.push(event[None])
        rows.append([int(state.onset[0]), int(state.part[0]), int(state.pitch[0])])
        came.append(bool(state.came[0]))
    lasting = encoding.durations.value(events[:, DURATION])
    return np.column_stack([np.array(rows, np.int64).reshape(-1, 3), lasting]), np.array(came, bool)


def _piece(encoding: AheadEncoding, order: Infill, standing: Standing, job: Job, events: np.ndarray) -> Piece:
    """What stands as it stood, and the new notes beside it, at the times of notes that stand where these are alike."""
    timed, came = _timed(encoding, job, events)
    kept, new = standing.notes, timed[~came]
    exact: dict[int, float] = {}
    for times in (kept["onset"] + kept["duration"], kept["onset"]):
        exact |= dict(zip(to_twelfths(times).tolist(), times.tolist()))
    notes = np.zeros(len(new), NOTE)
    for note, (onset, part, pitch, lasting) in zip(notes, new.tolist()):
        begins = exact.get(onset, onset / TWELFTHS)
        later = kept["onset"][(kept["part"] == part) & (kept["onset"] > begins)]
        until = standing.given.until[part]
        ends = exact.get(onset + lasting, (onset + lasting) / TWELFTHS)
        ends = min(ends, float(later.min(initial=np.inf)), exact.get(until, until / TWELFTHS))
        note["onset"], note["duration"] = begins, max(ends - begins, 1 / TWELFTHS)
        note["part"], note["pitch"] = part, pitch - standing.shifts[part]
    notes["velocity"] = round(float(np.median(kept["velocity"])))
    return replace(order.piece, notes=np.concatenate([kept, notes]))


def _tries(order: Infill, standing: Standing) -> int:
    """In how many more ways the last bars are written: none where they stand."""
    return order.rules.ending_tries if order.gap.stop >= standing.given.end else 0


def _again(encoding: AheadEncoding, job: Job, events: np.ndarray, number: int) -> Job:
    """Another way to write the last bars, which goes on from the same music before them."""
    assert job.bars is not None
    begins = max(job.bars - LAST_BARS, 0) * bar_length(job.metre)
    before = _timed(encoding, job, events)[0][:, ONSET] < begins
    return replace(job, seed=(*job.seed, ENDING, number), start=events[before], begins=begins)


def closing(ways: Sequence[Piece], standing: Standing) -> Piece:
    """Of some ways the one whose last chord closes best in its home key; the first where none closes."""
    found = [(ending.rank, piece) for piece in ways if (ending := _last_ending(piece, standing))] if ways[1:] else []
    return max(found, key=lambda pair: pair[0], default=((), ways[0]))[1]


def _last_ending(piece: Piece, standing: Standing) -> Ending | None:
    bars, last = -(-standing.given.end // round(piece.bar_beats * TWELFTHS)), float(piece.notes["onset"].max())
    endings = endings_of(piece, find_key(piece), bars)
    return next((ending for ending in endings if abs(ending.begins - last) < SOON), None)

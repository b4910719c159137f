"""Pieces from a model: from nothing, or as the continuation of an opening by somebody else.

The opening stays note for note, whatever the model reads of it (see `opening`); what is composed begins when the
opening has ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.encoding.events import UNTOLD, Encoding, Frame
from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.conditions import NOTHING, Told
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.chords.progression import Progression, home_of_opening, progression
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.composition.sampling.endings.closing import held
from reprise.composition.sampling.endings.tries import with_endings
from reprise.composition.sampling.opening import Reading, read_opening, transposed
from reprise.composition.sampling.rules import USUAL, SamplingRules
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import Key, parse_key
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

DISSONANCE = "dissonance"  # an attribute of `conditions.ATTRIBUTES`
HOME = 1  # ends the seed that a home key is drawn from


@dataclass(frozen=True)
class Order:
    """One piece to compose: exactly so many notes, or bars, an opening's included.

    Attributes:
        seed: any whole numbers; the same give the same piece. rules: how it is drawn.
        start: a piece to continue, cut with `opening.opening`; None for none.
        metre: of a piece from nothing, None for the model's usual one; a start has its own.
        told: what the piece should be like, of a model that has conditions. guidance: how far that is followed, see
        `sampler.Job`.
    """

    seed: tuple[int, ...]
    notes: int | None = None
    bars: int | None = None
    start: Piece | None = None
    metre: tuple[int, int] | None = None
    rules: SamplingRules = USUAL
    told: Told = NOTHING
    guidance: float = 1.0


def compose(trained: TrainedModel, orders: Sequence[Order], advance: Callable[[], None] = lambda: None) -> list[Piece]:
    """The pieces that were ordered, made together; a piece depends on its order and how many are made beside it.

    Raises:
        BadInput: a start or the rules of an order don't fit the model, or a metre is unknown to it.
    """
    encoding = trained.config.encoding
    readings = [None if order.start is None else read_opening(order.start, encoding) for order in orders]
    jobs = [_job(trained, *pair) for pair in zip(orders, readings)]
    pieces = []

    def draw(jobs: Sequence[Job]) -> list[np.ndarray]:
        return sample(trained.network, encoding, jobs, trained.index, advance)

    made, endings = with_endings(encoding, jobs, draw(jobs), draw)
    for order, reading, job, events, ending in zip(orders, readings, jobs, made, endings):
        tempo = order.start.tempo_bpm if order.start else trained.config.tempo_bpm
        own = encoding.decode(
            events[len(job.start) :],
            job.metre,
            tempo,
            _programs(trained, reading, order),
            f"{trained.config.model} model",
        )
        piece = own if reading is None else _continued(reading, own, encoding)
        piece = piece if order.bars is None else cut_at_bar(piece, order.bars)
        pieces.append(held(piece, ending, order.bars) if ending and order.bars else piece)
    return pieces


def _job(trained: TrainedModel, order: Order, reading: Reading | None) -> Job:
    encoding = trained.config.encoding
    known: Sequence[np.ndarray] | np.ndarray
    known, closing, frame = _asked(trained, order)
    if reading is None:
        nothing, metre = np.zeros((0, len(encoding.shape.fields)), np.int64), order.metre or trained.config.metre
        return Job(
            metre,
            order.seed,
            nothing,
            order.notes,
            order.bars,
            known,
            order.rules,
            closing_conditions=closing,
            frame=frame,
            guidance=order.guidance,
            chords=chords_of(order.rules, metre, frame=frame),
        )
    kept, events, notes = reading.piece, reading.events, order.notes
    if notes is not None:
        if len(kept.notes) >= notes:
            raise BadInput(f"{kept.source}: its opening has {len(kept.notes)} notes; ask for more than that")
        notes += len(events) - len(kept.notes)  # the model may read fewer
    if trained.config.conditions is None:
        known = trained.network.conditions_of(collate(make_examples(encoding, [events], [kept.metre])))
    return Job(
        kept.metre,
        order.seed,
        events,
        notes,
        order.bars,
        known,
        order.rules,
        end_of(kept),
        reading.shifts,
        closing,
        frame,
        order.guidance,
        chords=chords_of(order.rules, kept.metre, kept, frame),
    )


def chords_of(
    rules: SamplingRules, metre: tuple[int, int], opening: Piece | None = None, frame: Frame = UNTOLD
) -> Progression | None:
    """The chords that music keeps to, from the bar after its opening on; None for none. Numerals count in the key of
    the rules, else in the home key that is told, else in that of the opening.

    Raises:
        BadInput: the chords are wrong; the message names the one that is.
    """
    if not rules.chords:
        return None
    home = Key(frame.tonic, frame.mode) if frame.tonic is not None and frame.mode is not None else None
    if rules.key:
        home = parse_key(rules.key)
    elif home is None and opening is not None:
        home = home_of_opening(opening)
    return progression(rules.chords, metre, home, 0 if opening is None else end_of(opening))


def end_of(opening: Piece) -> int:
    """When the last note of an opening ends, in twelfths of a beat."""
    return int(np.ceil((opening.notes["onset"] + opening.notes["duration"]).max() * TWELFTHS - 1e-6))


def _asked(trained: TrainedModel, order: Order) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray], Frame]:
    """The conditions of what an order asks for, those of its last bars, and its frame; how many bars it has is told
    where that is known. How dissonant a piece is to be holds until its last bars, where dissonance may resolve.

    Raises:
        BadInput: the model has no conditions, or doesn't know one of these.
    """
    config, told = trained.config, order.told
    if config.conditions is None:
        if told != NOTHING:
            raise BadInput(f"{config.model}: has no conditions; only a model that was trained with some can be asked")
        return (), (), UNTOLD
    if told.frame.parts is not None and not 1 <= told.frame.parts <= config.encoding.parts:
        raise BadInput(f"parts: is {told.frame.parts}; it must be from 1 to {config.encoding.parts}")
    frame = told.frame if told.frame.bars else replace(told.frame, bars=order.bars)
    closing = {name: value for name, value in told.attributes.items() if name != DISSONANCE}
    return [config.conditions.vector(told.attributes)], [config.conditions.vector(closing)], frame


def drawn_home(trained: TrainedModel, seed: tuple[int, ...], mode: str | None = None) -> Key | None:
    """The key of a training piece, one in that mode, drawn by the seed of a piece; None where there is none."""
    keys = [key for key in trained.keys if mode in (None, key.mode)]
    drawn = np.random.default_rng(np.random.SeedSequence([*seed, HOME]))
    return keys[drawn.integers(len(keys))] if keys else None


def _continued(reading: Reading, own: Piece, encoding: Encoding) -> Piece:
    """The opening as it stays, and behind it what was composed, its first step counting from the opening's last note.

    It is moved back by what the opening was moved by, and as loud as the opening where the model knows no velocity.
    """
    kept = reading.piece
    notes = transposed(own, tuple(-shift for shift in reading.shifts)).notes
    notes["onset"] += encoding.last_onset(reading.events) / TWELFTHS
    if not encoding.velocities_read:
        notes["velocity"] = round(float(np.median(kept.notes["velocity"])))
    notes = np.concatenate([kept.notes, notes])
    return replace(own, notes=notes, key_fifths=kept.key_fifths, key_mode=kept.key_mode)


def _programs(trained: TrainedModel, reading: Reading | None, order: Order) -> tuple[int, ...]:
    own = reading.piece.programs if reading else ()
    return own + trained.config.programs[len(own) : order.told.frame.parts]

"""Pieces from a composer: from nothing, or as the continuation of a seed by somebody else.

A seed is brought into the range that the composer knows as a whole, by the smallest transposition that does it; where
its parts together are too wide for that, each part moves by octaves of its own. Nothing is clipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.composition.batches import Example, collate, make_examples
from reprise.composition.composer import Composer
from reprise.composition.rules import USUAL, SamplingRules
from reprise.composition.sampling import Job, sample
from reprise.composition.vae import PhraseVae
from reprise.errors import BadInput
from reprise.music.piece import Piece

SEED_BARS = 2


@dataclass(frozen=True)
class Order:
    """One piece to compose: exactly so many notes, or bars, a seed's included.

    Attributes:
        seed: any whole numbers; the same give the same piece. rules: how it is drawn.
        start: a piece to continue, cut with `opening`; None for none.
        metre: of a piece from nothing, None for the composer's usual one; a start has its own.
    """

    seed: tuple[int, ...]
    notes: int | None = None
    bars: int | None = None
    start: Piece | None = None
    metre: tuple[int, int] | None = None
    rules: SamplingRules = USUAL


def compose(composer: Composer, orders: Sequence[Order], advance: Callable[[], None] = lambda: None) -> list[Piece]:
    """The pieces that were ordered, made together; a piece depends on its order and how many are made beside it.

    Raises:
        BadInput: a start or the rules of an order don't fit the composer, or a metre is unknown to it.
    """
    encoding = composer.config.encoding
    jobs = [_job(composer, order) for order in orders]
    pieces = []
    for job, order, events in zip(jobs, orders, sample(composer.model, encoding, jobs, composer.index, advance)):
        tempo = order.start.tempo_bpm if order.start else composer.config.tempo_bpm
        piece = encoding.decode(
            events, job.metre, tempo, _programs(composer, order), f"{composer.config.model} composer"
        )
        pieces.append(piece if order.bars is None else cut_at_bar(piece, order.bars))
    return pieces


def _job(composer: Composer, order: Order) -> Job:
    encoding, metre, latents = composer.config.encoding, order.metre or composer.config.metre, ()
    events = np.zeros((0, len(encoding.shape.fields)), np.int64)
    if order.start is not None:
        metre = order.start.metre
        events = encoding.encode(into_range(order.start, composer))[:-1]
        if order.notes is not None and len(events) >= order.notes:
            raise BadInput(f"{order.start.source}: its opening has {len(events)} notes; ask for more than that")
        if composer.model.latent_size:
            latents = _latents(composer.model, make_examples(encoding, [events], [metre])[0])
    return Job(metre, order.seed, events, order.notes, order.bars, latents, order.rules)


def _latents(model: PhraseVae, example: Example) -> np.ndarray:
    """What the model takes each phrase of a start for, float[P, L]: the mean of its posterior, 0 for an empty one."""
    means, _, phrase_of = model.encode(collate([example]).to(next(model.parameters()).device))
    phrases = example.bar // model.phrase_bars
    latents = np.zeros((phrases.max() + 1, model.latent_size))
    latents[phrases] = means.numpy(force=True)[phrase_of[0].cpu()]
    return latents


def _programs(composer: Composer, order: Order) -> tuple[int, ...]:
    own = order.start.programs if order.start else ()
    return own + composer.config.programs[len(own) :]


def opening(piece: Piece, bars: int) -> Piece:
    """The first bars of a piece, to continue.

    Raises:
        BadInput: the piece is shorter than one bar, or these bars hold no note.
    """
    length = float((piece.notes["onset"] + piece.notes["duration"]).max(initial=0.0)) / piece.bar_beats
    if length < 1 - 1e-6:
        raise BadInput(f"{piece.source}: is {length:.2f} bars long; a seed must be at least one bar long")
    cut = cut_at_bar(piece, bars)
    if not len(cut.notes):
        raise BadInput(f"{piece.source}: has no note in its first {bars} bars")
    return cut


def cut_at_bar(piece: Piece, bar: int) -> Piece:
    """What begins before the end of so many bars; notes that sound longer end there."""
    end = bar * piece.bar_beats
    notes = piece.notes[piece.notes["onset"] < end - 1e-9].copy()
    notes["duration"] = np.minimum(notes["duration"], end - notes["onset"])
    return replace(piece, notes=notes)


def after_bar(piece: Piece, bar: int) -> Piece:
    """What begins after so many bars, moved to the start: a continuation without its seed."""
    notes = piece.notes[piece.notes["onset"] >= bar * piece.bar_beats - 1e-9].copy()
    notes["onset"] -= bar * piece.bar_beats
    return replace(piece, notes=notes)


def into_range(piece: Piece, composer: Composer) -> Piece:
    """The piece in the range of the composer's training pieces: see the module's text.

    Raises:
        BadInput: a part is wider than the whole range, or has more parts than the composer.
    """
    encoding = composer.config.encoding
    lowest, highest = encoding.trained_range
    pitches = piece.notes["pitch"].astype(int)
    fits = [
        shift
        for shift in sorted(range(-127, 128), key=lambda shift: (abs(shift), shift))
        if lowest <= pitches.min() + shift and pitches.max() + shift <= highest
    ]
    notes = piece.notes.copy()
    if fits:
        notes["pitch"] += fits[0]
        return replace(piece, notes=notes, key_fifths=piece.key_fifths if fits[0] == 0 else None)
    for part in np.unique(notes["part"]):
        own = notes["part"] == part
        octaves = [
            shift
            for shift in sorted(range(-120, 121, 12), key=lambda shift: (abs(shift), shift))
            if lowest <= pitches[own].min() + shift and pitches[own].max() + shift <= highest
        ]
        if not octaves:
            low, high = pitches[own].min(), pitches[own].max()
            raise BadInput(
                f"{piece.source}: part {part + 1} spans MIDI {low}-{high}; "
                f"no octave of it fits the model's {lowest}-{highest}"
            )
        notes["pitch"][own] += octaves[0]
    return replace(piece, notes=notes)

"""How likely a model finds music: nats by field, accuracies, and what it expects next from the past alone.

Everything is teacher-forced, over whole pieces: the events' fields are predicted in order, each given the true ones
before it. `nats_per_note` adds up all fields of all notes and the end of the piece, and divides by the notes; it is
exact, of a model with latents a bound. Accuracies are of predictions, which never know what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprise.composition.encoding.events import Encoding, State
from reprise.composition.models.batches import Example, collate, in_groups, make_examples, state_of
from reprise.composition.models.tuple_model import TupleModel
from reprise.learning.bootstrap import ratio_estimate, rounded

BATCH = 8  # pieces
NEGLIGIBLE = 1e-6  # probability below which a step and part are left out of the sum over all of them


@dataclass(frozen=True)
class Score:
    """What a model says of one piece; N events, F fields.

    Attributes:
        nats: float[N, F], 0 where a field doesn't count.
        hits: bool[N, F], the likeliest value, given the past and the fields before it, is the true one.
        mask: bool[N, F]. kl_nats: what a VAE's latents cost, part of the bound; None for other models.
    """

    nats: np.ndarray
    hits: np.ndarray
    mask: np.ndarray
    kl_nats: float | None

    @property
    def total(self) -> float:
        """Nats of the whole piece."""
        return self.nats.sum() + (self.kl_nats or 0.0)


@torch.inference_mode()
def score(model: TupleModel, examples: Sequence[Example], device: torch.device | str = "cpu") -> list[Score]:
    """The model's score of whole pieces, in their order."""
    model.eval()
    scores: dict[int, Score] = {}
    for group in in_groups(list(enumerate(examples)), BATCH, key=lambda pair: len(pair[1])):
        batch = collate([example for _, example in group]).to(device)
        hidden, kl = model.hidden(batch)
        known = model.hidden_from_past(batch) if model.is_bound else hidden
        nats_by_field, hits_by_field = [], []
        for f in range(len(model.heads)):
            logits, targets = model.field_logits(f, hidden, batch), batch.events[..., f]
            expected = model.field_logits(f, known, batch) if model.is_bound else logits
            nats_by_field.append(-logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0])
            hits_by_field.append(expected.argmax(-1) == targets)
        nats, hits = (torch.stack(columns, dim=-1).cpu().numpy() for columns in (nats_by_field, hits_by_field))
        for row, (index, example) in enumerate(group):
            own = slice(len(example))
            counted = nats[row, own].astype(float) * example.mask
            cost = float(kl[row]) if model.is_bound else None
            scores[index] = Score(counted, hits[row, own] & example.mask, example.mask, cost)
    return [scores[index] for index in range(len(examples))]


def summarise_nats(
    scores: Sequence[Score],
    notes: np.ndarray,
    fields: Sequence[str],
    resamples: int,
    seed: int,
    families: Sequence | None = None,
) -> dict[str, object]:
    """Nats a note over all pieces as an estimate, perplexity, and nats by field, which are a note's too.

    For a model with latents also `kl_nats`, and `is_bound`: the sum of it all is an upper bound.

    Args:
        notes: of each piece, int[pieces]. families: of each piece, equal for those that aren't independent.
    """
    nats = ratio_estimate(np.array([own.total for own in scores]), notes, resamples, seed, families)
    by_field = np.sum([own.nats.sum(axis=0) for own in scores], axis=0) / notes.sum()
    summary = {
        "nats_per_note": nats,
        "perplexity": rounded(np.exp(nats["value"])),
        "nats": {name: rounded(value) for name, value in zip(fields, by_field)},
    }
    kl_nats = [own.kl_nats for own in scores if own.kl_nats is not None]
    if not kl_nats:
        return summary
    return summary | {"kl_nats": rounded(sum(kl_nats) / notes.sum()), "is_bound": True}


@torch.inference_mode()
def past_only_hits(
    model: TupleModel,
    encoding: Encoding,
    events: Sequence[np.ndarray],
    metres: Sequence[tuple[int, int]],
    device: torch.device | str = "cpu",
) -> list[np.ndarray]:
    """For each note of each piece: is its pitch the likeliest one, given the past alone? bool[notes] a piece.

    The distribution of the pitch is the sum over all steps and parts of P(step) P(part | step) P(pitch | step, part):
    what a design that predicts pitches alone can be compared with. Steps and parts less probable than `NEGLIGIBLE` are
    left out.
    """
    model.eval()
    examples, hits = make_examples(encoding, events, metres), {}
    for group in in_groups(list(range(len(events))), BATCH, key=lambda i: len(events[i])):
        batch = collate([examples[i] for i in group]).to(device)
        hidden = model.hidden_from_past(batch)
        state = encoding.start([metres[i] for i in group])
        guesses = []
        for n in range(batch.events.shape[1]):
            guesses.append(_likeliest_pitch(model, encoding, state, hidden[:, n]))
            state.push(batch.events[:, n].cpu().numpy())
        guessed = np.stack(guesses, axis=1)
        for row, i in enumerate(group):
            notes = len(events[i]) - 1  # the last event ends the piece
            hits[i] = guessed[row, :notes] == events[i][:notes, encoding.shape.pitch]
    return [hits[i] for i in range(len(events))]


def _likeliest_pitch(model: TupleModel, encoding: Encoding, state: State, hidden: Tensor) -> np.ndarray:
    """The likeliest next pitch of each sequence as a value of its field, int64[B]; `hidden` float[B, D]."""
    sequences = len(hidden)
    rows, weights = np.arange(sequences), np.ones(sequences)
    events = np.zeros((len(hidden), len(encoding.shape.fields)), np.int64)
    for field in range(encoding.shape.pitch):
        tried = weights[:, None] * _probabilities(model, state, field, hidden, events)
        if field == 0:  # given that there is a next note: else of a piece sure to end nothing would be left
            tried[:, encoding.end] = 0.0
            tried /= tried.sum(axis=1, keepdims=True)
        kept, values = np.nonzero(tried > NEGLIGIBLE)
        rows, weights, events, state, hidden = (
            rows[kept],
            tried[kept, values],
            events[kept],
            state.select(kept),
            hidden[kept],
        )
        events[:, field] = values
    pitches = weights[:, None] * _probabilities(model, state, encoding.shape.pitch, hidden, events)
    total = np.zeros((sequences, pitches.shape[1]))
    np.add.at(total, rows, pitches)
    return total.argmax(axis=1)


def _probabilities(model: TupleModel, state: State, field: int, hidden: Tensor, events: np.ndarray) -> np.ndarray:
    tensors = (torch.from_numpy(array).to(hidden.device) for array in state_of(state, field, events))
    return model.heads[field](hidden, *tensors).double().softmax(-1).cpu().numpy()

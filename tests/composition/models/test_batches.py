"""Examples and batches: in company a piece has the features, and gets the nats, that it has alone."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from tiny_model import make_tiny_model
from tiny_pieces import random_piece

from benchmarks.composition.grid import GridEncoding
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models import batches, vae
from reprise.composition.models.batches import Example, collate, in_groups, make_examples

METRES = [(4, 4), (3, 4), (6, 8)]
PIECES = [random_piece(seed, notes, 4, metre) for seed, (notes, metre) in enumerate(zip((30, 9, 21), METRES))]
NOTES = NotesEncoding.of(PIECES)
GRID = GridEncoding(60, 66)


def arrays(example: Example) -> list[np.ndarray]:
    """Everything that an example holds."""
    values = [getattr(example, field.name) for field in fields(example)]
    return [array for value in values for array in (value if isinstance(value, tuple) else (value,))]


def same(first: Example, second: Example) -> bool:
    return all(np.array_equal(*pair) for pair in zip(arrays(first), arrays(second), strict=True))


def notes_examples() -> list[Example]:
    return make_examples(NOTES, [NOTES.encode(piece) for piece in PIECES], METRES)


@pytest.mark.parametrize("together", [1, 2, 64])
def test_features_in_company_are_those_alone(monkeypatch, together):
    monkeypatch.setattr(batches, "TOGETHER", together)
    rng = np.random.default_rng(0)
    frames = [rng.integers(GRID.shape.sizes, size=(length, 8)) for length in (20, 7, 33)]
    for encoding, events in ((NOTES, [NOTES.encode(piece) for piece in PIECES]), (GRID, frames)):
        company = make_examples(encoding, events, METRES)
        for example, own, metre in zip(company, events, METRES):
            (alone,) = make_examples(encoding, [own], [metre])
            assert same(example, alone) and np.array_equal(example.events, own)


def test_rows_are_what_the_state_says():
    (example,) = make_examples(NOTES, [NOTES.encode(PIECES[1])], METRES[1:2])
    state, read = NOTES.start(METRES[1:2]), np.zeros(len(NOTES.shape.read), int)
    for n, event in enumerate(example.events[:, None]):
        assert example.first[n] == (n == 0) and example.bar[n] == state.bar[0] and np.array_equal(example.read[n], read)
        for field in range(event.shape[1]):
            assert np.array_equal(example.given[field][n], state.given(field, event)[0])
            assert np.array_equal(example.references[field][n], state.references(field, event)[0])
        read = state.push(event)[0]
    assert example.mask[:-1].all() and example.mask[-1].tolist() == [True, False, False, False]


def test_a_window_keeps_what_its_events_know():
    example = notes_examples()[0]
    window = example.window(5, 7)
    assert len(window) == 7 and not window.first.any()
    assert all(np.array_equal(part, whole[5:12]) for part, whole in zip(arrays(window), arrays(example), strict=True))
    assert len(example.window(len(example) - 2, 7)) == 2, "a window ends with the piece"


def test_padding_by_hand():
    examples = notes_examples()
    batch = collate(examples)
    lengths = [len(example) for example in examples]
    assert batch.events.shape == (3, max(lengths), 4) and batch.mask[..., 0].sum(1).tolist() == lengths
    for row, example in enumerate(examples):
        assert torch.equal(batch.read[row, : len(example)], torch.from_numpy(example.read))
        assert not batch.mask[row, len(example) :].any() and not batch.first[row, 1:].any()
    assert len(batch.given) == len(batch.references) == 4 and batch.references[0].shape[-1] == 0


def test_groups_hold_what_is_alike():
    assert in_groups([5, 1, 4, 2, 3], 2, key=lambda item: item) == [[1, 2], [3, 4], [5]]
    assert in_groups([], 2, key=len) == []


@pytest.mark.parametrize("model", ["lstm", "transformer", "vae"])
@torch.inference_mode()
def test_padding_changes_no_nats(monkeypatch, model):
    monkeypatch.setattr(vae, "drawn", lambda mean, log_variance: mean)  # the one draw
    trained = make_tiny_model(model)
    encoding, network = trained.config.encoding, trained.network
    examples = make_examples(
        encoding, [events[-length:] for events, length in zip(trained.training, (9, 40, 25))], [(4, 4)] * 3
    )
    together = collate(examples)
    hidden, cost = network.hidden(together)
    nats = network.nats(together, hidden)
    for row, example in enumerate(examples):
        batch = collate([example])
        hidden, own_cost = network.hidden(batch)
        assert torch.allclose(nats[row, : len(example)], network.nats(batch, hidden)[0], atol=1e-4)
        assert not nats[row, len(example) :].any()
        assert torch.allclose(cost[row], own_cost[0], atol=1e-4)
    assert network(together, 1.0).item() == pytest.approx(nats.sum().item() + cost.sum().item(), rel=1e-5)

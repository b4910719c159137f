"""A condition, whatever is known of a piece, steers the model that was trained with it, and samples drawn with it."""

import numpy as np
import pytest
import torch
from tiny_model import backbone_params, chorale

from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.tuple_model import TupleModel
from reprise.composition.sampling.drawing.sampler import Job, sample
from reprise.music.piece import Piece, note_table

LOW, HIGH = np.array([1.0, 0.0]), np.array([0.0, 1.0])
BARS = 4


def scale(lowest: int) -> Piece:
    """One part, a quarter note after the other, up and down a fifth."""
    rows = [(float(beat), 1.0, lowest + (0, 2, 4, 7)[beat % 4], 64, 0) for beat in range(4 * BARS)]
    return Piece(note_table(rows), 90.0, (0,), (4, 4), f"from {lowest}")


@pytest.fixture(scope="module")
def trained() -> tuple[TupleModel, NotesEncoding]:
    """Told LOW the pieces begin low, told HIGH an octave higher; nothing else says which it will be."""
    pieces = [scale(48), scale(60)]
    encoding = NotesEncoding.of(pieces)
    examples = make_examples(encoding, [encoding.encode(piece) for piece in pieces], [(4, 4)] * 2, [LOW, HIGH])
    torch.manual_seed(0)
    model = TupleModel(encoding.shape, backbone_params("lstm", layers=1, dropout=0.0), condition_size=2)
    optimizer, batch = torch.optim.Adam(model.parameters(), 0.02), collate(examples)
    for _ in range(80):
        optimizer.zero_grad()
        model(batch, 0.0).backward()
        optimizer.step()
    return model, encoding


def test_what_is_drawn_obeys_the_condition(trained):
    model, encoding = trained
    nothing = np.zeros((0, len(encoding.shape.fields)), np.int64)
    jobs = [Job((4, 4), (7, n), nothing, bars=2, conditions=[told]) for n, told in enumerate((LOW, HIGH) * 4)]
    lowest = [
        encoding.decode(events, (4, 4), 90.0, (0,), "drawn").notes["pitch"].min()
        for events in sample(model, encoding, jobs)
    ]
    assert set(lowest[::2]) == {48} and set(lowest[1::2]) == {60}


@torch.inference_mode()
def test_the_wrong_condition_makes_a_piece_less_likely(trained):
    model, encoding = trained
    model.eval()
    events = [encoding.encode(scale(48))]

    def nats(condition: np.ndarray) -> float:
        return model(collate(make_examples(encoding, events, [(4, 4)], [condition])), 1.0).item()

    assert nats(LOW) + 2 < nats(HIGH)


def test_a_piece_that_nobody_gave_a_condition_has_that_of_zeros(trained):
    model, encoding = trained
    assert model.draw_condition(np.random.default_rng(0)).tolist() == [0.0, 0.0]
    batch = collate(make_examples(encoding, [encoding.encode(scale(60))], [(4, 4)], [HIGH]))
    assert model.conditions_of(batch).tolist() == [[0.0, 1.0]]


def test_a_model_without_condition_reads_none():
    encoding = NotesEncoding.of([chorale(1)])
    model = TupleModel(encoding.shape, backbone_params("lstm"))
    batch = collate(make_examples(encoding, [encoding.encode(chorale(1))], [(4, 4)]))
    assert batch.condition.shape[-1] == model.condition_size == 0
    assert not [name for name, _ in model.named_parameters() if name.startswith(("before", "after"))]

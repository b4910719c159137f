"""The tuple model: sums of embeddings, logits relative to pitches, and steps that say what the whole says."""

import numpy as np
import pytest
import torch
from tiny_model import make_tiny_model
from torch import nn

from reprise.composition.encoding.events import NO_PITCH, EventShape
from reprise.composition.encoding.notes_vocabulary import PITCH
from reprise.composition.models import vae
from reprise.composition.models.batches import BY_FIELD, Batch, collate, make_examples
from reprise.composition.models.trained import MODELS
from reprise.composition.models.tuple_model import CategorySum, FieldHead
from reprise.composition.models.vae import PhraseVae

WIDTH = 8


def batch_of(trained, pieces: int = 2, events: int = 40) -> Batch:
    encoding = trained.config.encoding
    return collate(make_examples(encoding, [own[:events] for own in trained.training[:pieces]], [(4, 4)] * pieces))


def test_a_sum_of_embeddings_by_hand():
    table = CategorySum((2, 3), WIDTH)
    rows = table.table.weight
    summed = table(torch.tensor([[[0, 0], [1, 2]]]))
    assert torch.allclose(summed[0], torch.stack([rows[0] + rows[2], rows[1] + rows[4]]))
    assert table(torch.zeros(0, 2, dtype=torch.long)).shape == (0, WIDTH), "of no events too"


# --- a field of pitches: 48 values from MIDI 40 on, then a rest; two pitches and a tonic to be relative to

SHAPE = EventShape(
    fields=("pitch",),
    sizes=(49,),
    read=(1,),
    given=((1,),),
    references=(3,),
    tonics=(1,),
    classes=((2, 3),),
    pitches=(40,),
)


def silent_head(*speaking: str) -> FieldHead:
    """A head of which only these layers have weights, drawn at random; the other ones add 0."""
    torch.manual_seed(0)
    head = FieldHead(SHAPE, 0, WIDTH, 0.0).eval()
    for name in {"absolute", "relative", "degrees", "classes"} - {*speaking}:
        nn.init.zeros_(getattr(head, name).weight)
        nn.init.zeros_(getattr(head, name).bias)
    return head


def logits(head: FieldHead, *references: int, category: int = 0, other: int = 0) -> torch.Tensor:
    """With this category for C, and for D this one of the second table; 0 for the other pitch classes."""
    classes = torch.zeros(1, 2, 12, dtype=torch.long)
    classes[0, 0, 0], classes[0, 1, 2] = category, other
    return head(torch.ones(1, WIDTH), torch.zeros(1, 1, dtype=torch.long), torch.tensor([references]), classes)[0]


@torch.inference_mode()
def test_relative_logits_move_with_their_references():
    head = silent_head("relative", "degrees")
    before, after = logits(head, 60, 64, 0), logits(head, 62, 66, 2)
    assert torch.allclose(after[2:], before[:-2], atol=1e-6) and not torch.allclose(after, before, atol=1e-2)


@torch.inference_mode()
def test_the_octave_of_a_tonic_does_not_count_that_of_a_pitch_does():
    head = silent_head("relative", "degrees")
    alone = logits(head, NO_PITCH, NO_PITCH, 7)
    assert torch.allclose(alone, logits(head, NO_PITCH, NO_PITCH, 19)) and torch.allclose(alone[:12], alone[12:24])
    assert len(alone[:12].unique()) == 12, "each degree has a logit of its own"
    pitch = logits(head, 60, NO_PITCH, NO_PITCH)
    assert len(pitch[:45].unique()) == 45, "as has each interval, from 20 down (40) to 24 up (84)"


@torch.inference_mode()
def test_references_that_are_not_there_add_nothing():
    head = silent_head("relative", "degrees")
    assert not logits(head, NO_PITCH, NO_PITCH, NO_PITCH).any()
    both = logits(head, 60, NO_PITCH, NO_PITCH) + logits(head, NO_PITCH, 64, NO_PITCH)
    assert torch.allclose(logits(head, 60, 64, NO_PITCH), both, atol=1e-6)


@torch.inference_mode()
def test_how_lately_a_pitch_class_sounded_counts_in_every_octave():
    head = silent_head("classes")
    never, lately = (logits(head, 60, 64, 0, category=category) for category in (0, 1))
    changed = (never != lately).nonzero().flatten() + 40
    assert changed.tolist() == [48, 60, 72, 84], "the Cs from MIDI 40 to 88"


@torch.inference_mode()
def test_the_tables_of_pitch_classes_add_up():
    head = silent_head("classes")
    weights = head.classes(head.body(head.mix(torch.ones(1, WIDTH)) + head.known(torch.zeros(1, 1, dtype=torch.long))))
    nothing, both = logits(head, 60, 64, 0), logits(head, 60, 64, 0, category=1, other=2)
    moved = weights[0, 1] - weights[0, 0], weights[0, 4] - weights[0, 2]
    assert torch.allclose((both - nothing)[[8, 10]], torch.stack(moved), atol=1e-6), "C3 and D3"
    assert (both - nothing).abs().gt(1e-6).sum() == 8, "four Cs and four Ds"


# --- the whole model


@pytest.mark.parametrize("model", MODELS)
@torch.inference_mode()
def test_steps_say_what_the_whole_says(monkeypatch, model):
    """Event by event with a cache, as in sampling, against all at once, as in training."""
    monkeypatch.setattr(vae, "drawn", lambda mean, log_variance: mean)
    trained = make_tiny_model(model)
    network, batch = trained.network, batch_of(trained, events=90)  # longer than the context
    hidden, _ = network.hidden(batch)
    condition = batch.condition
    if isinstance(network, PhraseVae):
        means, _, phrase_of = network.encode(batch)
        condition = means[phrase_of]  # [B, N, L]
    read, cache = None, None
    for n in range(batch.events.shape[1]):
        y, cache = network.step(read, cache, condition[:, n])
        assert torch.allclose(y, hidden[:, n], atol=1e-4)
        for f, head in enumerate(network.heads):
            stepped = head(y, *(getattr(batch, name)[f][:, n] for name in BY_FIELD))
            assert torch.allclose(stepped, network.field_logits(f, hidden, batch)[:, n], atol=1e-4)
        read = batch.read[:, n + 1] if n + 1 < batch.read.shape[1] else None


@pytest.mark.parametrize("model", MODELS)
@torch.inference_mode()
def test_nats_are_those_of_the_true_values(model):
    trained = make_tiny_model(model)
    batch = batch_of(trained)
    hidden, _ = trained.network.hidden(batch)
    nats = trained.network.nats(batch, hidden)
    shares = trained.network.field_logits(PITCH, hidden, batch).softmax(-1)
    for row, n in ((0, 0), (1, 20)):
        assert nats[row, n, PITCH].item() == pytest.approx(
            -shares[row, n, batch.events[row, n, PITCH]].log().item(), rel=1e-4
        )


@pytest.mark.parametrize("model", ["lstm", "transformer"])
@torch.inference_mode()
def test_an_event_is_predicted_from_those_before_it(model):
    """Changing a note changes no hidden row up to its own; it changes the next one."""
    trained = make_tiny_model(model)
    encoding, events = trained.config.encoding, trained.training[0][:30]
    other = events.copy()
    other[10, PITCH] += 1 if events[10, PITCH] < 20 else -1
    hidden = [
        trained.network.hidden(collate(make_examples(encoding, [sequence], [(4, 4)])))[0][0]
        for sequence in (events, other)
    ]
    assert torch.equal(hidden[0][:11], hidden[1][:11]) and not torch.allclose(hidden[0][11], hidden[1][11], atol=1e-4)


@torch.inference_mode()
def test_a_transposed_piece_has_the_same_relative_features():
    """All that the backbone reads but pitches and pitch classes themselves is the same in another key."""
    encoding, events = make_tiny_model().config.encoding, make_tiny_model().training[0]
    there, back = (make_examples(encoding, [encoding.transposed(events, by)], [(4, 4)])[0] for by in (2, -3))
    differ = (there.read != back.read).any(axis=0)
    assert differ.sum() == 2, "the pitch and its class"
    assert np.array_equal(there.given[PITCH][:, :-2], back.given[PITCH][:, :-2])

"""Likelihood against sums by hand and over every possible next event."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_model import make_tiny_model
from tiny_pieces import piece_of, random_piece
from torch import nn

from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.hearing.leading import VoiceLeading
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import DURATION, MOTIFS, PART, PARTS_COMPARED, PITCH, STEP
from reprise.composition.evaluation import likelihood
from reprise.composition.evaluation.likelihood import past_only_hits, score
from reprise.composition.models import vae
from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.trained import MODELS, make_model
from reprise.composition.models.tuple_model import TupleModel

# Steps of 0, 1 and 4 beats, two parts, three pitches, durations of 1 and 4 beats: 36 notes, or the end.
TINY = NotesEncoding(60, 62, 2, Binning((0, 12, 48)), Binning((12, 48)), (64,), ((4, 4),), 2, (0, 0))
PIECE = piece_of((0, 12, 60, 0), (0, 12, 62, 1), (12, 48, 61, 0), (24, 12, 60, 1), (24, 12, 61, 1), (72, 12, 62, 0))
EVENTS = TINY.encode(PIECE)


def tiny_model(kind: str = "lstm", seed: int = 0) -> TupleModel:
    """Random weights, and heads that are sure of something."""
    torch.manual_seed(seed)
    model = make_model(replace(make_tiny_model(kind).config, encoding=TINY)).eval()
    with torch.no_grad():
        for head in model.heads:
            head.absolute.weight *= 6
            head.absolute.bias.normal_()
    return model


def examples(*pieces: np.ndarray) -> list:
    return make_examples(TINY, pieces, [(4, 4)] * len(pieces))


def known_model(shares: list[list[float]]) -> TupleModel:
    """Each field has these shares whatever came before."""
    model = tiny_model()
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        for head, field in zip(model.heads, shares):
            head.absolute.bias.copy_(torch.tensor(field).log())
    return model


SHARES = [
    [0.5, 0.25, 0.125, 0.125],
    [0.75, 0.25],
    [0.5, 0.3, 0.2],
    [0.9, 0.1],
]  # of step (and end), part, pitch, duration


def test_nats_and_hits_of_known_shares():
    found = score(known_model(SHARES), examples(EVENTS))[0]
    assert EVENTS[:, STEP].tolist() == [0, 0, 1, 1, 0, 2, 3]
    assert np.exp(-found.nats[:, STEP]) == pytest.approx([0.5, 0.5, 0.25, 0.25, 0.5, 0.125, 0.125])
    assert np.exp(-found.nats[:-1, PART]) == pytest.approx([0.75, 0.25, 0.75, 0.25, 0.25, 0.75])
    assert np.exp(-found.nats[:-1, PITCH]) == pytest.approx([0.5, 0.2, 0.3, 0.5, 0.3, 0.2])
    assert np.exp(-found.nats[:-1, DURATION]) == pytest.approx([0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    assert not found.nats[-1, PART:].any() and not found.hits[-1, PART:].any(), "the end has a step alone"
    assert found.hits[:, STEP].tolist() == [True, True, False, False, True, False, False]
    assert found.hits[:-1, PITCH].tolist() == [True, False, False, True, False, False]
    assert found.mask.sum() == 6 * 4 + 1 and found.kl_nats is None


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_probabilities_of_all_next_events_sum_to_one(kind):
    model = tiny_model(kind)
    for known in (0, 1, 4):
        possible = [[TINY.end, 0, 0, 0]] + [list(event) for event in np.ndindex(3, 2, 3, 2)]
        pieces = [np.concatenate([EVENTS[:known], [event]]) for event in possible]
        total = sum(math.exp(-found.nats[known].sum()) for found in score(model, examples(*pieces)))
        assert total == pytest.approx(1, abs=1e-5)


def test_scores_come_in_the_order_of_the_pieces(monkeypatch):
    monkeypatch.setattr(likelihood, "BATCH", 2)
    model, pieces = tiny_model(), [EVENTS, EVENTS[:2], EVENTS[2:], EVENTS[:4], EVENTS[1:]]
    for piece, found in zip(pieces, score(model, examples(*pieces)), strict=True):
        assert np.allclose(found.nats, score(model, examples(piece))[0].nats, atol=1e-5)
        assert found.nats.shape == piece.shape


def test_a_vae_counts_the_cost_of_its_latents(monkeypatch):
    monkeypatch.setattr(vae, "drawn", lambda mean, log_variance: mean)
    trained = make_tiny_model("vae")
    pieces = list(trained.training[:3])
    batch = collate(make_examples(trained.config.encoding, pieces[1:2], [(4, 4)]))
    found = score(trained.network, make_examples(trained.config.encoding, pieces, [(4, 4)] * 3))[1]
    with torch.inference_mode():
        _, cost = trained.network.hidden(batch)
        bound = trained.network(batch, 1.0).item()
    assert found.kl_nats == pytest.approx(cost.item(), rel=1e-4) and found.kl_nats > 0
    assert found.nats.sum() + found.kl_nats == pytest.approx(bound, rel=1e-5)


# --- pitches from the past alone


def brute_force(model: TupleModel, events: np.ndarray, note: int) -> np.ndarray:
    """Shares of the next pitch before `note`: the sum over all next notes, each scored as a whole."""
    shares = np.zeros(3)
    notes = [np.array(event) for event in np.ndindex(3, 2, 3, 2)]
    for event, found in zip(
        notes, score(model, examples(*(np.concatenate([events[:note], [event]]) for event in notes)))
    ):
        shares[event[PITCH]] += math.exp(-found.nats[note].sum())
    return shares


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_pitch_from_the_past_alone_is_the_sum_over_all_next_notes(kind, seed):
    model = tiny_model(kind, seed)
    shorter = EVENTS[[0, 2, 5, 6]]
    found = past_only_hits(model, TINY, [EVENTS, shorter], [(4, 4)] * 2)
    for events, hits in zip((EVENTS, shorter), found, strict=True):
        guesses = [brute_force(model, events, note).argmax() for note in range(len(events) - 1)]
        assert hits.tolist() == (events[:-1, PITCH] == guesses).tolist()


def one_sided(encoding: NotesEncoding, field: int, value: int, pitch: int) -> TupleModel:
    """All is equally likely, but where `field` has this value the pitch is surely `pitch`, and else another one."""
    torch.manual_seed(0)
    model = make_model(replace(make_tiny_model("lstm").config, encoding=encoding)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        head, sizes = model.heads[PITCH], encoding.shape.given[PITCH]
        after = 2 + len(VoiceLeading.sizes(min(encoding.parts, PARTS_COMPARED))) + MOTIFS  # of the echo and the voices
        at = len(sizes) - after - 2 + field  # before these come step and part
        head.known.table.weight[sum(sizes[:at]) + value, 0] = 50.0
        head.body[2].weight[0, 0] = 1.0
        head.absolute.weight[pitch, 0] = 10.0
        head.absolute.bias.copy_(torch.tensor([-50.0, -100.0, -100.0]).roll(pitch + 1))
        head.absolute.bias[pitch] = -100.0
    return model


def test_the_likeliest_pitch_need_not_be_that_of_the_likeliest_part():
    """Part 0 has 40 %, always with C; each of the others 30 %, always with C sharp. So that has 60 %."""
    encoding = replace(TINY, parts=3)
    model = one_sided(encoding, PART, value=0, pitch=0)
    model.heads[PART].absolute.bias.data.copy_(torch.tensor([0.4, 0.3, 0.3]).log())
    events = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [1, 2, 1, 0], [encoding.end, 0, 0, 0]])
    assert past_only_hits(model, encoding, [events], [(4, 4)])[0].tolist() == [False, True, True]
    found = score(model, make_examples(encoding, [events], [(4, 4)]))[0]
    assert found.hits[:-1, PITCH].tolist() == [True, True, True], "given the part"


def test_what_a_model_that_is_sure_of_the_end_says_of_the_next_pitch():
    """It would have C after the end, C sharp after everything else."""
    model = one_sided(TINY, STEP, value=TINY.end, pitch=0)
    model.heads[STEP].absolute.bias.data[TINY.end] = 60
    hits = past_only_hits(model, TINY, [EVENTS, EVENTS[3:]], [(4, 4)] * 2)
    assert hits[0].tolist() == (EVENTS[:-1, PITCH] == 1).tolist()
    assert hits[1].tolist() == (EVENTS[3:-1, PITCH] == 1).tolist()


def loud_model(kind: str) -> TupleModel:
    """`tiny_model` in which what a latent says, and so what a posterior reads, weighs much."""
    model = tiny_model(kind)
    if kind == "vae":
        with torch.no_grad():
            model.posterior.weight *= 40
            model.posterior.bias[model.condition_size :] = -10  # of hardly any variance
            model.after.read.weight *= 20
    return model


@pytest.mark.parametrize("kind", MODELS)
def test_the_future_changes_nothing_that_is_said_to_be_known_from_the_past(kind):
    """Accuracies, pitches from the past alone and logits of the first notes, whatever notes follow them."""
    model, rng, same = loud_model(kind), np.random.default_rng(0), 5
    notes = np.array([list(np.ndindex(3, 2, 3, 2))[i] for i in rng.integers(36, size=12)])
    pieces = [np.concatenate([notes[:same], rng.permutation(notes[same:]), [[TINY.end, 0, 0, 0]]]) for _ in range(6)]
    assert len({piece.tobytes() for piece in pieces}) == 6
    scores = score(model, examples(*pieces))
    past_only = past_only_hits(model, TINY, pieces, [(4, 4)] * 6)
    batch = collate(examples(*pieces))
    with torch.inference_mode():
        hidden = model.hidden_from_past(batch)[:, : same + 1]
    torch.testing.assert_close(hidden, hidden[:1].expand_as(hidden), rtol=1e-5, atol=1e-5)
    for found, pitches in zip(scores, past_only):
        assert np.array_equal(found.hits[:same], scores[0].hits[:same])
        assert np.array_equal(pitches[:same], past_only[0][:same])


def test_a_posterior_does_know_the_future():
    """Else the test above would hold for nothing: what the bound is made from changes with what follows."""
    model = loud_model("vae")
    batch = collate(examples(EVENTS, EVENTS[[0, 1, 2, 5, 6]]))
    with torch.inference_mode():
        torch.manual_seed(0)
        known, from_past = model.hidden(batch)[0][:, :2], model.hidden_from_past(batch)[:, :2]
    assert (known[0] - known[1]).abs().max() > 0.1 > (from_past[0] - from_past[1]).abs().max()


@pytest.mark.parametrize("model", MODELS)
def test_scoring_changes_nothing_in_a_model(model):
    trained = make_tiny_model(model)
    encoding = trained.config.encoding
    notes = encoding.encode(random_piece(0, 20, 4))
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    trained.network.train()
    torch.manual_seed(1)
    first = score(trained.network, make_examples(encoding, [notes], [(4, 4)]))[0]
    torch.manual_seed(1)
    again = score(trained.network, make_examples(encoding, [notes], [(4, 4)]))[0]
    assert np.array_equal(first.nats, again.nats), "no dropout"
    assert all(torch.equal(before[name], value) for name, value in trained.network.state_dict().items())

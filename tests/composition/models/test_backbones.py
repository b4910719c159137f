"""Backbones: event by event or all at once the same, and blind to what comes later."""

import math
from dataclasses import replace

import pytest
import torch
from tiny_model import backbone_params

from reprise.composition.models import backbones
from reprise.composition.models.backbones import CHUNK, make_backbone, rotate
from reprise.errors import ParamsError

WIDTH, EVENTS, CONTEXT = 16, 30, 7
PARAMS = {"layers": 2, "width": WIDTH, "dropout": 0.3, "heads": 2, "context": CONTEXT}
KINDS = ("lstm", "transformer")


def backbone(kind: str = "transformer", **changes) -> torch.nn.Module:
    torch.manual_seed(0)
    return make_backbone(backbone_params(kind, **(PARAMS | changes))).eval()


def random(events: int = EVENTS, sequences: int = 2) -> torch.Tensor:
    return torch.randn(sequences, events, WIDTH, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [(1,) * EVENTS, (10, 1, 12, 7)])
@torch.inference_mode()
def test_event_by_event_gives_what_all_at_once_gives(kind, cuts):
    net, x = backbone(kind), random()
    whole, _ = net(x)
    parts, cache = [], None
    for piece in x.split(cuts, dim=1):
        y, cache = net(piece, cache)
        parts.append(y)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


@torch.inference_mode()
def test_a_sequence_longer_than_a_chunk_is_as_if_it_came_at_once(monkeypatch):
    net, x = backbone(layers=1), random(2 * CHUNK + 9, 1)
    chunked, _ = net(x)
    monkeypatch.setattr(backbones, "CHUNK", 10 * CHUNK)
    assert torch.allclose(chunked, net(x)[0], atol=1e-5)


@torch.inference_mode()
def test_one_event_at_a_time_beyond_a_chunk_is_still_the_same():
    net, x = backbone(layers=1, width=8, heads=1), random(CHUNK + 40, 1)[..., :8]
    whole, _ = net(x)
    _, cache = net(x[:, : CHUNK + 10])
    for n in range(CHUNK + 10, CHUNK + 40):
        y, cache = net(x[:, n : n + 1], cache)
        assert torch.allclose(y[:, 0], whole[:, n], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [0, 1, 3, CONTEXT, 12])
@torch.inference_mode()
def test_a_cache_may_be_gone_on_from_twice(kind, before):
    """Whatever was added to it in between, by one that goes on with other events, and however its room ran out."""
    net, x = backbone(kind), random()
    cache = net(x[:, :2])[1]
    for n in range(2, 2 + before):
        _, cache = net(x[:, n : n + 1], cache)
    found = []
    for own in (x, x.flip(1), x):
        ys, further = [], cache
        for n in range(14, 14 + 2 * CONTEXT):
            y, further = net(own[:, n : n + 1], further)
            ys.append(y)
        found.append(torch.cat(ys, dim=1))
    assert torch.equal(found[0], found[2]) and not torch.allclose(found[0], found[1], atol=1e-3)


@torch.inference_mode()
def test_a_step_seldom_moves_what_is_remembered():
    """Only where the room ran out, which then doubles, and never to more than twice the context."""
    net, x = backbone(context=16), random(200)
    stores, cache = [], None
    for n in range(200):
        _, cache = net(x[:, n : n + 1], cache)
        stores.append(cache[1][0].store)
        assert len(cache[1][0]) == min(n + 1, 16) and stores[-1].keys.shape[2] <= 2 * 17
    assert len({id(store.keys) for store in stores}) <= 5 + 200 // 16


def test_gradients_flow_through_a_cache():
    net, x = backbone(), random().requires_grad_()
    net(x)[0].square().sum().backward()
    whole, x.grad, cache, total = x.grad, None, None, torch.zeros(())
    for piece in x.split((10, 1, 1, 18), dim=1):
        y, cache = net(piece, cache)
        total = total + y.square().sum()
    total.backward()
    assert torch.allclose(x.grad, whole, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_nothing_later_is_seen(kind):
    net, x = backbone(kind), random()
    before, _ = net(x)
    x[:, 12] = x[:, 12].flip(-1)
    after, _ = net(x)
    assert torch.equal(after[:, :12], before[:, :12])
    assert not torch.allclose(after[:, 12], before[:, 12], atol=1e-3)


@torch.inference_mode()
def test_each_layer_sees_so_many_events_back():
    for layers, reach in ((1, CONTEXT - 1), (2, 2 * (CONTEXT - 1))):
        net, x = backbone(layers=layers), random()
        before, _ = net(x)
        x[:, 3] = x[:, 3].flip(-1)
        changed = (net(x)[0] != before).any(dim=2).any(dim=0).nonzero().flatten()
        assert changed.tolist() == list(range(3, 3 + reach + 1))


def test_rotation_by_hand():
    """Two features are one pair: position 0 leaves it, position 1 turns it by 1 rad."""
    turned = rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1, 1]))
    expected = [[1, 0], [math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]]
    assert torch.allclose(turned, torch.tensor(expected))


def test_scores_depend_on_the_distance_alone():
    query, key = random(1, 2)[:, 0]
    scores = [
        (rotate(query[None], torch.tensor([at + 5])) * rotate(key[None], torch.tensor([at]))).sum().item()
        for at in (0, 3, 40, 1000)
    ]
    assert scores == pytest.approx([scores[0]] * 4, abs=1e-3)
    further = (rotate(query[None], torch.tensor([6])) * rotate(key[None], torch.tensor([0]))).sum().item()
    assert abs(further - scores[0]) > 0.01


@torch.inference_mode()
def test_where_a_sequence_begins_does_not_count():
    """The positions of rotary embeddings are relative: what a full context sees is the same anywhere."""
    net, x = backbone(layers=1), random(3 * CONTEXT, 1)
    far = torch.cat([random(50, 1), x], dim=1)
    assert torch.allclose(net(x)[0][:, CONTEXT:], net(far)[0][:, 50 + CONTEXT :], atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_for_training_alone(kind):
    net, x = backbone(kind), random()
    assert torch.equal(net(x)[0], net(x)[0])
    net.train()
    assert not torch.equal(net(x)[0], net(x)[0])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "gru"),
        ("layers", 0),
        ("width", 4),
        ("dropout", 1.0),
        ("dropout", float("nan")),
        ("heads", 0),
        ("heads", 3),
        ("context", 0),
    ],
)
def test_params_out_of_range_are_named(field, value):
    with pytest.raises(ParamsError, match=f"^{field}: is {value!r}"):
        replace(backbone_params(**PARAMS), **{field: value})

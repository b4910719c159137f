"""Dropout: its rate, its scale, its seeds; nothing is dropped outside of training."""

import pytest
import torch

from reprise.learning.dropout import LANE, Dropout


def ones(*size: int) -> torch.Tensor:
    return torch.ones(size, requires_grad=True)


@pytest.mark.parametrize("rate", [0.15, 0.3, 0.5, 0.9])
def test_so_many_are_dropped_and_the_others_make_up_for_them(rate):
    torch.manual_seed(1)
    y = Dropout(rate)(ones(1000, 1001))
    assert (y == 0).float().mean().item() == pytest.approx(rate, abs=0.002)
    assert y.unique().tolist() == pytest.approx([0, 1 / (1 - rate)], rel=1e-4)
    assert y.mean().item() == pytest.approx(1, abs=0.02)


def test_neighbours_are_dropped_independently():
    """Of the four that are drawn at once, and of those in other rows."""
    torch.manual_seed(1)
    kept = (Dropout(0.5)(ones(1000, 1000)) != 0).float() - 0.5
    for apart in (1, 2, 3, 4, 1000):
        assert abs((kept.flatten()[apart:] * kept.flatten()[:-apart]).mean().item()) < 0.002


def test_the_gradient_passes_where_the_value_does():
    torch.manual_seed(1)
    x = ones(7, 5, 3)
    y = Dropout(0.4)(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach()) and 0 < (y == 0).sum() < y.numel()


@pytest.mark.parametrize("size", [(), (1,), (5,), (0, 3), (2, 3, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_type_stay(size, dtype):
    y = Dropout(0.5)(torch.ones(size, dtype=dtype))
    assert y.shape == size and y.dtype == dtype


def test_nothing_is_dropped_outside_of_training_or_at_rate_0():
    x = ones(100)
    before = torch.get_rng_state()
    assert Dropout(0.5).eval()(x) is x and Dropout(0.0)(x) is x
    assert torch.equal(torch.get_rng_state(), before), "nor anything drawn"


def test_hardly_anything_stays_at_a_rate_of_nearly_1():
    y = Dropout(1 - 1e-9)(ones(100))
    assert set(y.unique().tolist()) <= {0.0, float(LANE)}


def test_the_global_generator_decides():
    drop, drawn = Dropout(0.5), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(drop(ones(100)))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drop(ones(100)), drop(ones(100)))

"""Losses by hand, on truths that are true, false and undecided."""

import numpy as np
import pytest
import torch

from reprise.embedding.clap.losses import flip_loss, multi_positive_infonce, pair_loss, sigmoid_loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, -3.0]])


def log1p(x: float) -> float:
    return float(np.log1p(np.exp(x)))


def test_true_and_false_pairs_weigh_the_same_and_undecided_ones_nothing():
    truth = torch.tensor([[1, 0, -1], [0, 0, 0]])
    expected = (log1p(-2) + (log1p(-1) + log1p(0) + log1p(1) + log1p(-3)) / 4) / 2
    assert sigmoid_loss(LOGITS, truth).item() == pytest.approx(expected)


def test_sigmoid_loss_without_a_true_pair_is_finite():
    assert sigmoid_loss(LOGITS, torch.zeros(2, 3, dtype=torch.int8)).item() > 0


def test_infonce_counts_all_that_is_true_and_leaves_out_what_is_undecided():
    truth = torch.tensor([[1, 1, 0], [0, 0, 0]])
    expected = -np.log((np.exp(2) + np.exp(-1)) / (np.exp(2) + np.exp(-1) + np.exp(0.5)))
    assert multi_positive_infonce(LOGITS, truth).item() == pytest.approx(expected)
    truth = torch.tensor([[1, -1, 0], [-1, 0, 1]])
    first, second = -np.log(np.exp(2) / (np.exp(2) + np.exp(0.5))), -np.log(np.exp(-3) / (np.exp(1) + np.exp(-3)))
    assert multi_positive_infonce(LOGITS, truth).item() == pytest.approx((first + second) / 2)


def test_pairs_are_found_in_both_directions():
    logits = torch.tensor([[3.0, 0.0], [1.0, 2.0]])
    rows = (log1p(0 - 3) + log1p(1 - 2)) / 2
    columns = (log1p(1 - 3) + log1p(0 - 2)) / 2
    assert pair_loss(logits).item() == pytest.approx((rows + columns) / 2)


def test_a_flip_costs_the_less_the_further_it_lies_below():
    assert flip_loss(torch.tensor([5.0]), torch.tensor([0.0])).item() == pytest.approx(log1p(-5))
    assert flip_loss(torch.tensor([1.0]), torch.tensor([1.0])).item() == pytest.approx(np.log(2))

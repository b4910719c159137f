"""What training minimises. Shapes: Q captions, B clips; truth int8[Q, B] is 1, 0, or -1 where it is undecided."""

import torch
from torch import Tensor, nn


def sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy of every caption on every clip whose truth is decided; true and false pairs weigh the same
    in all, however few the true ones are (after Zhai et al. 2023, eq. 1, whose pairs have one true partner each).
    """
    losses = nn.functional.binary_cross_entropy_with_logits(logits, (truth == 1).float(), reduction="none")
    return (_mean(losses, truth == 1) + _mean(losses, truth == 0)) / 2


def multi_positive_infonce(logits: Tensor, truth: Tensor) -> Tensor:
    """Minus the log of the share that true clips have of a caption's softmax, undecided ones left out; captions that
    are true of no clip don't count (Khosla et al., Supervised contrastive learning, NeurIPS 2020, eq. 3).
    """
    decided = logits.masked_fill(truth < 0, -torch.inf)
    true = logits.masked_fill(truth != 1, -torch.inf)
    counted = (truth == 1).any(dim=1)
    return (decided.logsumexp(dim=1) - true.logsumexp(dim=1))[counted].mean()


def pair_loss(logits: Tensor) -> Tensor:
    """InfoNCE of pairs that belong together, row i and column i, in both directions (van den Oord et al. 2018)."""
    target = torch.arange(len(logits), device=logits.device)
    return (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.T, target)) / 2


def flip_loss(true: Tensor, flipped: Tensor) -> Tensor:
    """How far a flipped caption's logit on its clip, float[B], isn't below the true one's."""
    return nn.functional.softplus(flipped - true).mean()


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)

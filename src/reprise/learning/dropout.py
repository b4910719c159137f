"""Dropout whose random numbers cost a processor little."""

import torch
from torch import Tensor, nn

LANE = 2**16  # values of a lane; four lanes are drawn at once


class Dropout(nn.Module):
    """`nn.Dropout` in a third of its time on a processor: 16 random bits decide on an element, of 64 drawn at once.

    The rate is the multiple of 1 / 65,536 next to `rate` below 1, and what stays is scaled by just that. Draws come
    from torch's global generator; on other devices they are `nn.Dropout`'s own.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.dropped = min(round(rate * LANE), LANE - 1)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.rate, self.training)
        if not (self.training and self.dropped):
            return x
        drawn = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        lanes = drawn.view(torch.int16)[: x.numel()].view(x.shape)
        kept = lanes >= self.dropped - LANE // 2
        return x * kept.to(x.dtype).mul_(LANE / (LANE - self.dropped))

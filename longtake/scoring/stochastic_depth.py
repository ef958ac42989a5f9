"""Stochastic depth (Huang et al. 2016, arXiv 1603.09382): in training a block's addition is left out now and then."""

import torch
from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """Leaves out what a block adds, whole for a member of the batch, with probability `rate`; scaled so that the mean stays."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, added: Tensor) -> Tensor:
        """`added`: [B, ...], the block's branch before it is summed with its input."""
        if not self.training or self.rate == 0:
            return added
        one_per_member = (added.shape[0],) + (1,) * (added.ndim - 1)
        kept = torch.rand(one_per_member, device=added.device) >= self.rate
        return added * (kept / (1 - self.rate)).to(added.dtype)


def rates_of_blocks(last: float, depths: tuple[int, ...]) -> list[list[float]]:
    """The rate of each block, stage by stage: none for the first, growing evenly to `last` for the last."""
    rates = torch.linspace(0, last, sum(depths), device="cpu").split(list(depths))
    return [stage.tolist() for stage in rates]

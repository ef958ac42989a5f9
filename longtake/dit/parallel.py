"""Workers that train one model together: plain data parallelism.

Each holds the whole model, takes its slice of each batch, and adds its gradients to those of the others. A loss is divided by
the samples of all workers, so that sums are all that is exchanged and one worker comes to the same, but for the order of rounding.

Weights that are shared out (FSDP2) would come in here and nowhere else: `prepare` wraps the blocks, `finish_gradients` has
nothing left to do, and `whole` gathers what a checkpoint keeps.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, distributed, nn

CHUNK = 1 << 26
"""Numbers of gradients that are sent together."""


class Replicas:
    """The workers, as one of them sees them; of one alone nothing is sent."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        """Those of the default process group; where there is none, this process alone."""
        together = distributed.is_available() and distributed.is_initialized()
        self.rank = distributed.get_rank() if together else 0
        self.world = distributed.get_world_size() if together else 1
        self.device = torch.device(device)

    @torch.no_grad()
    def prepare(self, model: nn.Module) -> None:
        """All workers have the first one's weights."""
        if self.world > 1:
            for weight in model.parameters():
                distributed.broadcast(weight.data, 0)

    @torch.no_grad()
    def finish_gradients(self, weights: Sequence[nn.Parameter]) -> None:
        """Every weight has the sum of all workers' gradients; zeros where nobody has one."""
        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        if self.world > 1:
            for chunk in _chunks([weight.grad for weight in weights if weight.grad is not None]):
                flat = torch.cat([gradient.reshape(-1) for gradient in chunk])
                distributed.all_reduce(flat)
                for gradient, summed in zip(chunk, flat.split([each.numel() for each in chunk]), strict=True):
                    gradient.copy_(summed.view_as(gradient))

    def whole(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Tensors as a checkpoint keeps them. All workers call it; the first one's answer counts."""
        return tensors

    def add(self, *values: float) -> list[float]:
        """The sum of each over all workers."""
        if self.world == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(summed)
        return [float(value) for value in summed]

    def any(self, *flags: bool) -> list[bool]:
        """Whether each is so for one of the workers at least."""
        return [count > 0 for count in self.add(*(float(flag) for flag in flags))]

    def first(self, *flags: bool) -> list[bool]:
        """What the first worker says."""
        return [answer > 0 for answer in self.add(*(float(flag and self.rank == 0) for flag in flags))]


def _chunks(gradients: Iterable[Tensor]) -> Iterable[list[Tensor]]:
    chunk: list[Tensor] = []
    size = 0
    for gradient in gradients:
        if chunk and size + gradient.numel() > CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(gradient)
        size += gradient.numel()
    if chunk:
        yield chunk

"""The moving average of the weights: what is judged, sampled from and kept."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Averages:
    """The average of a model's weights over its steps; young ones forget faster, so that the first weights do not linger."""

    def __init__(self, weights: Mapping[str, Tensor], keep: float) -> None:
        """Begins with these; a model's others have no average."""
        self.keep = keep
        self.weights: dict[str, Tensor] = {name: weight.detach().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def update(self, weights: Iterable[Tensor], step: int) -> None:
        """After the step number `step`, from 1; the model's weights in their own order."""
        keep = min(self.keep, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.weights.values()), [weight.detach() for weight in weights], 1.0 - keep)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[None]:
        """The model has the averaged weights while the block runs, and its own again after it, to the bit."""
        own = {name: weight.data for name, weight in model.named_parameters() if name in self.weights}
        try:
            _point(model, self.weights)
            yield
        finally:
            _point(model, own)


def _point(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    for name, weight in model.named_parameters():
        if name in weights:
            weight.data = weights[name]

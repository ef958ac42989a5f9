"""What a step of a training came to, and which parts of a model learn."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["language", "vision", "projector"]


@dataclass(frozen=True)
class StepRecord:
    """What one step came to. The held-out loss stands alone before the first step, which is number 0."""

    number: int
    """Steps that are done."""
    loss: float | None = None
    """Mean over the step's answer tokens; None before the first step, and where all its questions were too long."""
    tokens: int = 0
    """Of answers."""
    too_long: int = 0
    """Questions that were left out: over `tokens_max`."""
    rate: float = 0.0
    """Share of the peak learning rates."""
    norm: float = 0.0
    """Of the gradients, before it was bounded."""
    held_out_loss: float | None = None
    """Mean over all answer tokens of the held-out questions; None where it was not taken."""

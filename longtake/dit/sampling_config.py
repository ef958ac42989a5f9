"""How a film is drawn from a trained model."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.dit.config import Condition

TEXT_GUIDANCE = 4.0
"""Where nothing is said (DiT's for its pictures; neither paper gives one)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SamplingConfig:
    """Steps, solver, and how far beyond its plain prediction a model is pushed towards what was asked for."""

    steps: int = Field(default=50, ge=1, le=1000)
    """From noise to film; one evaluation of the model each, two with heun."""
    solver: Literal["euler", "heun"] = "euler"
    """heun corrects each step but the last by a second look from where it leads: second order, at twice the cost."""
    text_guidance: float | None = Field(default=None, ge=0, le=100)
    """Weight of the text: 1 is the model's plain prediction, more follows the text closer, at the cost of variety. null: 4 where the
    model has learned to do without text, else 1."""
    condition_guidance: dict[Condition, float] = Field(default_factory=dict)
    """Weight of each metric, likewise; 1 where none is given. Each weight other than 1 costs one more evaluation a step."""

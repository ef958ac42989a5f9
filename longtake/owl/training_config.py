"""How a world model is trained: one dictionary a stage, every default with its reason (C.1, F.2)."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.dit.recipe import Checkpoints, Guard, Schedule, Validation

Stage = Literal["alignment", "generative", "world"]
"""1: states become like the film decoder's texts; 2: states film; 3: and the language model writes what happens."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OwlTrainingConfig:
    """One stage. The paper states neither batch nor learning rates (C.1)."""

    stage: Stage = "world"
    """world alone learns the dynamics."""
    repeat_prompt: bool = True
    """alignment and generative read the prompt in every d, as the paper has it for videos of one caption (C.2); false: the clips' texts."""
    batch: int = Field(default=16, ge=1)
    """Stories of a step."""
    clips: int = Field(default=0, ge=0)
    """Of a story, drawn anew each time, that the film decoder learns from; 0: all. The language model reads all of them anyway (G.2)."""
    steps: int = Field(default=1000, ge=1)
    """10,000 for stages 1 and 2 and 1,000 for stage 3 in the paper."""
    dynamics_weight: float = Field(default=0.1, ge=0)
    """Of the words' loss beside the film's in stage 3 (F.2, 7: 0.1 to 1)."""
    lr: float = Field(default=1e-4, gt=0)
    """Of the language model, queries and projection at its peak (F.2, 16) ..."""
    film_lr: float = Field(default=1e-5, gt=0)
    """... and of the film decoder (the public value of DynamiCrafter, B.4)."""
    schedule: Schedule = Field(default_factory=Schedule)
    """Of both, over the training."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW, for matrices alone."""
    betas: tuple[float, float] = (0.9, 0.95)
    """Of AdamW."""
    clip: float = Field(default=1.0, gt=0)
    """The longest that a gradient may be (F.2, 16)."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """What the average of the weights keeps in a step."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of products; auto: bfloat16 on GPUs that have it."""
    seed: int = Field(default=0, ge=0)
    """Of the order, the noise and the first weights."""
    validation: Validation = Field(default_factory=lambda: Validation(samples=0))
    """Of stories that are held out, with the averaged weights."""
    guard: Guard = Field(default_factory=Guard)
    """What becomes of a step that would do harm."""
    checkpoints: Checkpoints = Field(default_factory=Checkpoints)
    """What a killed training loses at most."""

    @property
    def repeats_prompt(self) -> bool:
        return self.repeat_prompt and self.stage != "world"

"""What a sweep tries: one dictionary, every default with its reason or its source."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.scaling.presets import with_preset

Preset = Literal["paper", "hour", "cpu", "demo"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Grid:
    """Batch by learning rate at each of some sizes: where the best of both lies."""

    depths: tuple[int, ...] = (4, 6, 8)
    """Sizes; two at least, since the laws of both follow the size."""
    tokens: tuple[int, ...] = (2_000_000_000, 4_000_000_000, 10_000_000_000)
    """After which each run is looked at; two at least, since the laws follow the tokens: one run gives them all."""
    batches: int = Field(default=3, ge=2)
    """That are tried at first, around the guess ..."""
    batch_ratio: float = Field(default=2.0, gt=1)
    """... each so many times the one before (the paper's figure 4)."""
    lrs: int = Field(default=4, ge=2)
    """Learning rates likewise."""
    lr_ratio: float = Field(default=2.0, gt=1)
    """(The paper's figure 4 has 1.5.)"""
    widenings: int = Field(default=4, ge=0)
    """How often a side on whose edge a minimum lies is moved outwards."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Setting:
    """A batch and a learning rate."""

    batch_tokens: int = Field(ge=1)
    """Video tokens of a step; whole samples are taken."""
    lr: float = Field(gt=0)
    """At which the whole run is held."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HeldOut:
    """What no law is fitted on."""

    depth: int = Field(default=0, ge=0)
    """A size larger than all others; 0: none."""
    depth_tokens: int = Field(default=0, ge=0)
    """After which its loss is looked at; 0: the most of the grid."""
    grid: int = Field(default=3, ge=1)
    """Batches and learning rates around the predicted ones, each way, that it is trained with: is the prediction the best of them?"""
    flops: float = Field(default=0.0, ge=0)
    """A budget larger than all others; 0: none."""
    sizes: int = Field(default=2, ge=1)
    """That are trained at it: those nearest to the one that is predicted to be best."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SweepWork:
    """Who trains; it changes no loss, but for the order of rounding."""

    engine: Literal["local", "ray"] = "local"
    """Processes of this machine, or actors of the Ray cluster at RAY_ADDRESS (without one, of a Ray on this machine)."""
    trainers: int = Field(default=0, ge=0)
    """Workers, each with one line at a time; 0: one a processor of the machine or cluster."""
    cpus: int = Field(default=1, ge=1)
    """Threads of each."""
    gpus: float = Field(default=0.0, ge=0)
    """GPUs of each; 0.25: four small models share one. It needs a number of trainers."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SweepConfig:
    """A sweep: grids of batch and learning rate, sizes at equal budgets by both arms, repeats, and what is held out."""

    preset: Preset | None = None
    """A sweep that is ready to run, over which all else counts; resolved when it is loaded. None: the paper's grids and budgets."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Fields of TrainingConfig that all runs share: model.width_per_layer, objective, validation, images, ... What the sweep itself
    chooses (model.depth, batch_tokens, lr, tokens, steps, seed) has no place here."""
    depths: tuple[int, ...] = (4, 6, 8, 10)
    """Sizes that are trained at each budget (the paper's four that it fits on)."""
    budgets: tuple[float, ...] = (3e17, 6e17, 1e18, 3e18, 6e18)
    """FLOPs of a run (the paper's figure 6)."""
    grid: Grid = Field(default_factory=Grid)
    """How batch and learning rate are found."""
    guess: Setting | None = None
    """Where the grids begin, at every size; none: where the laws of `prior` have it."""
    prior: str = "video-dit"
    """Published laws that the grids begin at."""
    fixed: Setting | None = None
    """Of the other arm, which has the same batch and learning rate at every size and budget. None: the best of the smallest size and
    the fewest tokens of the grids, as one tunes once and small."""
    repeats: int = Field(default=3, ge=1)
    """Seeds at one cell, the smallest size of the grids after the fewest tokens: what chance does (1: none)."""
    held_out: HeldOut = Field(default_factory=HeldOut)
    """What judges the laws."""
    cap_flops: float = Field(default=0.0, ge=0)
    """A sweep that is to cost more is refused before anything runs; 0: no cap."""
    cap_hours: float = Field(default=0.0, ge=0)
    """Likewise, in hours of all trainers at work, by a throughput that is measured."""
    seed: int = Field(default=0, ge=0)
    """Of first weights, order and noise; repeats count on from it."""
    work: SweepWork = Field(default_factory=SweepWork)
    """Who does it."""

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, given: Any) -> Any:
        return with_preset(given) if isinstance(given, Mapping) else given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.grid.depths)) < 2 or len(set(self.grid.tokens)) < 2:
            raise ValueError(
                "grid.depths and grid.tokens need two each, or the laws of batch and learning rate have no slope"
            )
        if self.held_out.depth and self.held_out.depth <= max(*self.depths, *self.grid.depths):
            raise ValueError(f"held_out.depth {self.held_out.depth} is not larger than all sizes that are fitted on")
        if self.held_out.flops and self.held_out.flops <= max(self.budgets):
            raise ValueError(
                f"held_out.flops {self.held_out.flops:g} is not larger than all budgets that are fitted on"
            )
        return self

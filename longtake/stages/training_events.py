"""What the workers of a training are told, and what the first of them tells while it learns. No torch: whoever listens needs none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from longtake.dit.recipe import TrainingConfig
from longtake.dit.step_record import StepRecord
from longtake.latents.sample_set import SampleSet

FOLDER = "training/"
"""Below the data root: `training/<run_id>/`, checkpoints and films while a run goes on, and its curve."""


Ending = Literal["", "stopped", "diverged", "out_of_memory"]
"""Why a training ended before all its steps were done; empty where they were."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One training."""

    data_root: str
    run_id: str
    samples: SampleSet
    config: TrainingConfig
    """Its model is the one that is trained: channels and text as the samples have them."""
    start: str = ""
    """URI of the trained model that it goes on from; empty: from nothing."""
    start_samples: Mapping[str, Any] = field(default_factory=dict)
    """The `SampleSet` that this model saw last, as its card has it."""
    publish: bool = True
    """False: its losses are wanted and not its weights, as of a cell of a sweep."""

    @property
    def folder(self) -> str:
        return f"{FOLDER}{self.run_id}/"


@dataclass(frozen=True, kw_only=True)
class Began:
    """The model stands on its device."""

    step: int
    """Steps that are done already."""
    steps: int
    """In all, about."""
    params: int
    device: str
    precision: str
    compiled: bool
    workers: int
    peak_flops: float | None
    """Of all devices together, a second, dense; None where it is not known."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A checkpoint is in the lake."""

    at_s: float
    """Seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The last event. Its curve is in the lake: `curve.json` in the run's folder."""

    reason: Ending
    detail: str = ""
    model: str | None = None
    """Key of the trained model; None where the training is not done."""
    step: int


Event = Began | StepRecord | Kept | Finished

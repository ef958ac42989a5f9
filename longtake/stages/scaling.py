"""A sweep in the lake: its samples, its family of models, its runs. What planning, training and fitting of it have in common."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Any

from longtake.config import dump_changes, load_config
from longtake.datasets.naming import family_of
from longtake.dit.config import ALGORITHM_VERSION, TEXT_STEP
from longtake.dit.order import choose_side, plan_buckets
from longtake.dit.recipe import Checkpoints, TrainingConfig
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.latents.sample_set import SampleSet
from longtake.records import Run, Sample, bucket_of, digest, made_by
from longtake.scaling.cells import Cell, Line, Outcome
from longtake.scaling.config import SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.plan import Planned, plan
from longtake.stages.samples import read_sample_set, read_samples
from longtake.stages.training_assignment import INDECISIVE
from longtake.stages.training_events import Assignment

STAGE = "scaling"
CHOSEN = ("batch_tokens", "lr", "tokens", "steps", "seed", "films", "checkpoints")
"""Fields of TrainingConfig that a sweep says itself."""
NEVER = 1 << 62
"""Steps between validations besides those that are asked for."""
KEPT_EVERY_S = 60.0
"""What a killed line loses at most."""


@dataclass(frozen=True)
class Sweep:
    """What is tried, on which samples."""

    lake: Lake
    samples: SampleSet
    config: SweepConfig
    training: TrainingConfig
    """What all its runs have in common."""

    @classmethod
    def open(cls, lake: Lake, samples: str, config: Mapping[str, Any]) -> "Sweep":
        """Raises UserError for a config that is none, and for samples that are not there."""
        settings = load_config(SweepConfig, config, where="sweep config")
        return cls(lake, read_sample_set(lake, samples), settings, _base(settings, read_sample_set(lake, samples)))

    @property
    def name(self) -> str:
        """Of its laws and its page: which family of datasets, and what is the same in all its runs."""
        return f"{family_of(self.samples.dataset)}-{self.made_by[:8]}"

    @cached_property
    def made_by(self) -> str:
        """The same for all its runs, whatever else is planned: a sweep that asks for more takes those that there are."""
        said = dump_changes(self.training)  # a field that a later version adds must not lose what took days
        plain = {name: value for name, value in said.items() if name not in (*INDECISIVE, *CHOSEN)}
        of_samples = {"samples": self.samples.name, "basis": self.samples.basis}
        return made_by(STAGE, ALGORITHM_VERSION, {"training": plain, **of_samples})

    @cached_property
    def rows(self) -> list[Sample]:
        """Its samples."""
        return read_samples(self.lake, self.samples)

    @cached_property
    def family(self) -> Family:
        """Its models, and what they cost on these samples."""
        train_side = choose_side(self.rows, "train", self.samples.validation_share)
        shares = {bucket.shape: bucket.share for bucket in plan_buckets(train_side, self.training.images)}
        text = fmean(-(-max(row.text_tokens or 1, 1) // TEXT_STEP) * TEXT_STEP for row in train_side)
        return Family(self.training.model, shares, round(text))

    def outcomes(self) -> list[Outcome]:
        """All cells that are done."""
        return [_outcome(row) for row in self.lake.tables.read(Run, made_by=self.made_by)]

    def plan(self) -> Planned:
        """The phases as far as they can be named, and the cells that come next."""
        return plan(self.config, self.family, self.outcomes())

    def assignment(self, line: Line, marks: Iterable[int]) -> Assignment:
        """The training that gives a line's cells."""
        marks = tuple(sorted(marks))
        config = replace(
            self.training,
            model=replace(self.training.model, depth=line.depth),
            batch_tokens=line.batch_tokens, lr=line.lr, seed=line.seed, tokens=marks[-1],
            validation=replace(self.training.validation, every_steps=NEVER, at_tokens=marks),
            checkpoints=Checkpoints(every_steps=NEVER, every_s=KEPT_EVERY_S, keep=1),
            films=replace(self.training.films, count=0),
        )  # fmt: skip
        run_id = self._key(line, marks)
        return Assignment(
            data_root=self.lake.data_root, run_id=run_id, samples=self.samples, config=config, publish=False
        )

    def row(self, cell: Cell, **found: Any) -> Run:
        """A cell's row; its key follows from the cell, so that the same cell is the same row whoever trained it."""
        line = cell.line
        run_id = self._key(line, cell.tokens)
        config = {
            "depth": line.depth,
            "batch_tokens": line.batch_tokens,
            "lr": line.lr,
            "seed": line.seed,
            "tokens": cell.tokens,
        }
        blank = {
            "flops": 0.0,
            "steps": 0,
            "seconds": 0.0,
            "loss": None,
            "train_loss": None,
            "reason": None,
            "detail": None,
        }
        return Run(
            run_id=run_id, bucket=bucket_of(run_id), dataset=self.samples.name, params=round(self.family.params(line.depth, "all")),
            tokens=cell.tokens, batch_tokens=line.batch_tokens, lr=line.lr, loss_floor=None, checkpoint=None,
            config=json.dumps(config), made_by=self.made_by, **(blank | found),
        )  # fmt: skip

    def _key(self, line: Line, tokens: object) -> str:
        return digest(self.made_by, *vars(line).values(), tokens, chars=16)


def _outcome(row: Run) -> Outcome:
    said = json.loads(row.config)
    line = Line(depth=said["depth"], batch_tokens=said["batch_tokens"], lr=said["lr"], seed=said["seed"])
    return Outcome(
        cell=Cell(line=line, tokens=said["tokens"]), loss=row.loss, reason=row.reason or "", flops=row.flops,
        seconds=row.seconds,
    )  # fmt: skip


def _base(config: SweepConfig, samples: SampleSet) -> TrainingConfig:
    """What all runs have in common, its model as the samples have it."""
    if chosen := sorted(
        {name for name in CHOSEN if name in config.training} | ({"depth"} & set(config.training.get("model") or {}))
    ):
        raise UserError(
            f"the sweep config says training.{', '.join(chosen)}, which the sweep itself chooses; leave it out"
        )
    loaded = load_config(TrainingConfig, config.training, where="sweep config, training")
    if loaded.schedule.kind != "constant":
        raise UserError(
            f"the sweep config says training.schedule.kind {loaded.schedule.kind}; a run gives the losses of shorter ones only at a "
            "constant learning rate: leave it out"
        )
    model = replace(loaded.model, depth=1, channels=samples.channels, text_width=samples.text_width)
    return replace(loaded, model=model)

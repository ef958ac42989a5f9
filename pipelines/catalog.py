"""What there is to know of each pipeline without loading Kubeflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_type_hints

from pipelines.cluster.schedules import PARAMETERS


@dataclass(frozen=True)
class Entry:
    """The steps of a pipeline, and which dictionary among its parameters is which config."""

    steps: tuple[str, ...]
    configs: Mapping[str, type]

    @property
    def makes_datasets(self) -> bool:
        """Whether its parameter `dataset` is the family of what it makes; else it is that or the name of what it reads."""
        return "selecting" in self.steps


def _configs_of(pipeline: str) -> dict[str, type]:
    hints = get_type_hints(PARAMETERS[pipeline])
    return {name: config for name, config in hints.items() if name.endswith("_config")}


CURATION = ("listing", "slicing", "scoring", "selecting", "captioning")
"""From raw footage to a captioned dataset."""

CATALOG: Mapping[str, Entry] = {
    "curate": Entry(steps=(*CURATION, "summary"), configs=_configs_of("curate")),
    "doctor": Entry(steps=("doctor",), configs=_configs_of("doctor")),
    "generate": Entry(steps=("generating", "summary"), configs=_configs_of("generate")),
    "retrain": Entry(
        steps=(*CURATION, "news", "encoding", "training", "promoting", "summary"), configs=_configs_of("retrain")
    ),
    "scale": Entry(steps=("scaling_plan", "scaling_sweep", "scaling_fit", "summary"), configs=_configs_of("scale")),
    "train": Entry(steps=("encoding", "training", "summary"), configs=_configs_of("train")),
    "train-owl": Entry(steps=("owl_training", "summary"), configs=_configs_of("train-owl")),
    "train-tsa": Entry(steps=("tsa_training", "summary"), configs=_configs_of("train-tsa")),
    "tune-captioner": Entry(steps=("caption_tuning", "summary"), configs=_configs_of("tune-captioner")),
}
"""By their names, which Kubeflow, Argo and the command share; `module_of` says where the code is."""


SWEEP_ROUNDS = 4
"""Of `scale`, which is planned as it goes: grids, once wider, then sizes at what the grids say, then the held-out budget. A sweep that
needs more goes on in the next run."""


def module_of(pipeline: str) -> str:
    """The module that builds it: a name in Kubernetes has dashes, one in Python has underscores."""
    return f"pipelines.{pipeline.replace('-', '_')}"

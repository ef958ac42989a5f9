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


def _configs_of(pipeline: str) -> dict[str, type]:
    hints = get_type_hints(PARAMETERS[pipeline])
    return {name: config for name, config in hints.items() if name.endswith("_config")}


CATALOG: Mapping[str, Entry] = {
    "curate": Entry(
        steps=("listing", "slicing", "scoring", "selecting", "captioning", "summary"), configs=_configs_of("curate")
    ),
    "doctor": Entry(steps=("doctor",), configs=_configs_of("doctor")),
    "train-tsa": Entry(steps=("tsa_training", "summary"), configs=_configs_of("train-tsa")),
    "tune-captioner": Entry(steps=("caption_tuning", "summary"), configs=_configs_of("tune-captioner")),
}
"""By their names, which Kubeflow, Argo and the command share; `module_of` says where the code is."""


def module_of(pipeline: str) -> str:
    """The module that builds it: a name in Kubernetes has dashes, one in Python has underscores."""
    return f"pipelines.{pipeline.replace('-', '_')}"

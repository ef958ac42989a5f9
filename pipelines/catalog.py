"""What there is to know of each pipeline without loading Kubeflow."""

from collections.abc import Mapping
from dataclasses import dataclass

from longtake.stages.config import ListingConfig, SlicingStageConfig


@dataclass(frozen=True)
class Entry:
    """The steps of a pipeline, and which dictionary among its parameters is which config."""

    steps: tuple[str, ...]
    configs: Mapping[str, type]


CATALOG: Mapping[str, Entry] = {
    "curate": Entry(
        steps=("listing", "slicing", "summary"),
        configs={"listing_config": ListingConfig, "slicing_config": SlicingStageConfig},
    ),
    "doctor": Entry(steps=("doctor",), configs={}),
}

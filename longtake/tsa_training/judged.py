"""One sample with its target and what was predicted for it, and columns of many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.records import METRICS

CLEAN, COMPOSED, SEVERAL = "clean", "composed", "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A sample; one that stands on two ladders is two of these with the same `sample_id`."""

    sample_id: str
    source: str
    """The footage that it comes from."""
    kinds: tuple[str, ...] = ()
    """Names of its defects; none if it is clean."""
    severities: tuple[float, ...] = ()
    """One for each kind."""
    dimensions: tuple[str, ...] = ()
    """What the defects spoil, one for each kind: dynamic, static or naturalness (Koala-36M, labelling guide)."""
    ladder: str | None = None
    """Samples of one ladder are the same footage with the same defects, ever more severe."""
    step: int = 0
    """On its ladder: 0 is clean, and the others rise in severity."""
    held_out_source: bool
    """The network was not trained on the source."""
    held_out_kind: bool
    """It was not trained on the kind, or one of them."""
    target: float
    vtss: float
    """Both 1 to 5."""
    metrics: tuple[float, ...]
    """The sub-metrics in the order of METRICS; NaN where one was not measured."""

    @property
    def kind(self) -> str:
        """The one kind, or "clean", or "composed"."""
        return COMPOSED if len(self.kinds) > 1 else self.kinds[0] if self.kinds else CLEAN

    @property
    def dimension(self) -> str:
        """The one dimension, or "clean", or "several"."""
        found = set(self.dimensions)
        return SEVERAL if len(found) > 1 else next(iter(found), CLEAN)


def once(rows: Iterable[Judged]) -> list[Judged]:
    """The first row of each sample."""
    found: dict[str, Judged] = {}
    for row in rows:
        found.setdefault(row.sample_id, row)
    return list(found.values())


def targets(rows: Sequence[Judged]) -> NDArray[np.float64]:
    return np.array([row.target for row in rows], np.float64)


def scores(rows: Sequence[Judged]) -> NDArray[np.float64]:
    return np.array([row.vtss for row in rows], np.float64)


def metric_columns(rows: Sequence[Judged]) -> dict[str, NDArray[np.float64]]:
    """By name, NaN where one was not measured."""
    table_NL = np.array([row.metrics for row in rows], np.float64).reshape(len(rows), len(METRICS))
    return {name: table_NL[:, index] for index, name in enumerate(METRICS)}

"""VTSS against hand-set thresholds: on how many clips they agree, also where both keep as many, and how well one foretells the other.

Legend: B bins of VTSS as in `valley`; 2: clips that the thresholds drop, and those that they keep.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longtake.selecting.valley import EDGES, MOST, Counts, bin_of

ROC_EVERY = 4
"""Bins from one threshold of the curve to the next: 101 points, few enough for Kubeflow's metadata."""
ABOVE_ALL = MOST + 1 / 100
"""The first threshold of the curve, which no score reaches; infinite is no number of JSON."""


@dataclass(frozen=True, slots=True)
class Table:
    """Clips by who keeps them."""

    both: int
    vtss_alone: int
    thresholds_alone: int
    neither: int

    @property
    def clips(self) -> int:
        return self.both + self.vtss_alone + self.thresholds_alone + self.neither

    @property
    def by_vtss(self) -> int:
        """Clips that VTSS keeps."""
        return self.both + self.vtss_alone

    @property
    def by_thresholds(self) -> int:
        return self.both + self.thresholds_alone


@dataclass(frozen=True, slots=True)
class Roc:
    """VTSS as a foreteller of what the thresholds keep: a point for each threshold on VTSS, from the highest on."""

    false_positives: Sequence[float]
    """Share of the clips that they drop which VTSS keeps."""
    true_positives: Sequence[float]
    """Share of the clips that they keep which VTSS keeps too."""
    thresholds: Sequence[float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How VTSS and the thresholds agree."""

    table: Table
    threshold: float
    """On VTSS."""
    equal_table: Table
    equal_threshold: float
    """That on VTSS which keeps as many clips as the thresholds do, as nearly as two decimals can."""
    roc: Roc | None
    """None where the thresholds keep all clips, or none."""


@dataclass(slots=True)
class AgreementTally:
    """Counts clips one by one, in memory that does not grow."""

    threshold: float
    counts_2B: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, len(EDGES) - 1), np.int64))
    own_22: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, 2), np.int64))
    """By whether the thresholds keep the clip, and whether VTSS does."""

    def add(self, vtss: float, by_thresholds: bool) -> None:
        """One clip with its VTSS, which is no NaN, and whether the thresholds keep it."""
        self.counts_2B[int(by_thresholds), bin_of(vtss)] += 1
        self.own_22[int(by_thresholds), int(vtss >= self.threshold)] += 1

    def agreement(self) -> Agreement | None:
        """What came of it; None without any clip."""
        if not self.own_22.sum():
            return None
        equal = equal_bin(self.counts_2B)
        return Agreement(
            _table(self.own_22),
            self.threshold,
            table_at(self.counts_2B, equal),
            float(EDGES[equal]),
            roc(self.counts_2B),
        )


def table_at(counts_2B: Counts, bin_: int) -> Table:
    """Where VTSS keeps what is in this bin and above."""
    kept_2 = counts_2B[:, bin_:].sum(axis=1)
    return _table(np.stack([counts_2B.sum(axis=1) - kept_2, kept_2], axis=1))


def equal_bin(counts_2B: Counts) -> int:
    """From which bin on VTSS keeps most nearly as many clips as the thresholds do; of equal ones the highest."""
    kept = np.append(np.cumsum(counts_2B.sum(axis=0)[::-1])[::-1], 0)
    off = np.abs(kept - counts_2B[1].sum())
    return int(len(off) - 1 - np.argmin(off[::-1]))


def roc(counts_2B: Counts) -> Roc | None:
    """From none kept to all kept; None where the thresholds keep all clips, or none."""
    clips_2 = counts_2B.sum(axis=1)
    if not clips_2.all():
        return None
    kept_2B = np.cumsum(counts_2B[:, ::-1], axis=1)[:, ::-1][:, ::ROC_EVERY]
    dropped, kept = ([0.0, *(kept_2B[row, ::-1] / clips_2[row]).tolist()] for row in (0, 1))
    return Roc(dropped, kept, [ABOVE_ALL, *EDGES[:-1][::ROC_EVERY][::-1].tolist()])


def _table(kept_22: NDArray[np.int64]) -> Table:
    (neither, vtss_alone), (thresholds_alone, both) = kept_22.tolist()
    return Table(both, vtss_alone, thresholds_alone, neither)

"""What an evaluation finds: figures and tables as plain records. A figure that cannot be known is NaN."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

GOOD_FROM = 2.5
"""The least target of a good sample: the only threshold of Koala-36M (section 4.4)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the ends of its interval."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well predicted scores agree with their targets, with 95 % intervals over sources."""

    samples: int
    sources: int
    plcc: Figure
    srcc: Figure
    krcc: Figure
    rmse: Figure
    """In the units of the scores."""
    within: Figure = Figure(math.nan)
    """The mean over sources of the SRCC among the samples of each: how good a source's clean footage is has no part in it."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of if self.of else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of all ladders of a kind."""

    step: int
    samples: int
    target: float
    vtss: float
    """Both are means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladders:
    """Neighbouring pairs of severity ladders of which the worse one has the lower VTSS."""

    all: Share
    by_kind: Mapping[str, Share]
    by_step: Mapping[int, Share]
    """By the better one's step: 0 is clean against the mildest."""
    rungs: Mapping[str, tuple[Rung, ...]]
    """By kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricAgreement:
    """How well one sub-metric alone orders the samples; below 0 where it does so the other way round than in training."""

    name: str
    srcc: float
    folded_srcc: float
    """Of its distance from the median of clean training samples: many metrics are bad at both ends."""

    @property
    def best(self) -> float:
        """The better of the two on the very samples that are judged, which favours the metric; NaN if neither is known."""
        return max((value for value in (self.srcc, self.folded_srcc) if not math.isnan(value)), default=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one way of selecting keeps, and its two errors by name."""

    way: str
    threshold: float
    """On VTSS; NaN of hand-set thresholds."""
    kept: Share
    bad_let_through: Share
    """Of the bad."""
    good_thrown_away: Share
    """Of the good."""
    clean_thrown_away: Share
    """Of those without any defect."""

    @property
    def accuracy(self) -> float:
        wrong = self.bad_let_through.count + self.good_thrown_away.count
        return Share(self.kept.of - wrong, self.kept.of).value


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What becomes of a decision when its thresholds are moved: first the stricter way, then the looser one."""

    way: str
    samples: int
    errors: int
    """Of the decision as it was: bad ones let through and good ones thrown away."""
    dropped: int
    """Samples that only the stricter one drops,"""
    good_lost: int
    """the good ones among them,"""
    stricter_errors: int
    """and all errors of the stricter one."""
    added: int
    """Samples that only the looser one keeps,"""
    bad_let_in: int
    """the bad ones among them,"""
    looser_errors: int
    """and all errors of the looser one."""

    @property
    def wrong(self) -> int:
        """Good clips lost by the one and bad ones let in by the other."""
        return self.good_lost + self.bad_let_in


@dataclass(frozen=True, slots=True)
class RocPoint:
    """The share of bad and of good samples with at least this VTSS."""

    bad_kept: float
    good_kept: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Roc:
    """How well VTSS tells good from bad at every threshold, the highest first."""

    points: tuple[RocPoint, ...]
    """Those on straight lines between others are left out; none where all are good or all are bad."""
    auc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that is known of a network from samples of sources that it was not trained on."""

    vtss_min: float
    samples: int
    sources: int
    groups: Mapping[str, Agreement]
    """All samples come first."""
    dimensions: Mapping[str, Agreement]
    kinds: Mapping[str, Agreement]
    ladders: Ladders
    metrics: tuple[MetricAgreement, ...]
    """The best one first."""
    best_metrics: Mapping[str, MetricAgreement]
    """By kind, the sub-metric that orders the held-out samples of that kind best; it and its sign are chosen on these very samples."""
    decisions: tuple[Decision, ...]
    """VTSS at its own threshold comes first, hand-set thresholds last."""
    shifts: tuple[Shift, ...]
    roc: Roc

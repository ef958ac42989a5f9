"""What a page shows of VTSS: the clips at its two ends, and which sub-metrics cost clips most."""

from bisect import insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from longtake.records import Clip, Score

ENDS = 3
"""Clips that are shown at either end."""


@dataclass(frozen=True)
class Cost:
    """What one sub-metric has to do with VTSS."""

    name: str
    clips: int
    """That it costs most."""
    share: float
    """Of the clips that have a VTSS."""
    mean_gain: float | None
    """What VTSS would gain without it, of those clips."""
    correlation: float | None
    """Spearman's, of the sub-metric with VTSS."""


class SuitabilityTally:
    """VTSS and its reasons, of any number of clips in any order; few are kept."""

    def __init__(self) -> None:
        self.clips_judged = 0
        self._costs: Counter[str] = Counter()
        self._gains: dict[str, float] = {}
        """By reason: clips, and what VTSS would gain in all of them."""
        self._lowest: list[tuple[float, str, Score, Clip]] = []
        self._highest: list[tuple[float, str, Score, Clip]] = []
        """From the end inwards."""

    def add(self, score: Score, clip: Clip) -> None:
        """One clip; one without VTSS is passed over."""
        if score.vtss is None:
            return
        self.clips_judged += 1
        if score.vtss_reason:
            self._costs[score.vtss_reason] += 1
            self._gains[score.vtss_reason] = self._gains.get(score.vtss_reason, 0.0) + (score.vtss_gain or 0.0)
        for ends, place in ((self._lowest, score.vtss), (self._highest, -score.vtss)):
            insort(ends, (place, clip.clip_id, score, clip), key=lambda item: item[:2])
            del ends[ENDS:]

    @property
    def without_reason(self) -> int:
        """Clips with VTSS that nothing costs much."""
        return self.clips_judged - self._costs.total()

    def lowest(self) -> list[tuple[Score, Clip]]:
        """The clips of the lowest VTSS, the lowest first; none that is among the highest as well."""
        return [item[2:] for item in self._lowest[: self.clips_judged // 2]]

    def highest(self) -> list[tuple[Score, Clip]]:
        """The clips of the highest VTSS, the highest first."""
        return [item[2:] for item in self._highest[: self.clips_judged // 2]]

    def clips(self) -> list[Clip]:
        """All that may be shown."""
        return [clip for _, clip in self.lowest() + self.highest()]

    def costs(self, correlations: Mapping[str, float | None]) -> list[Cost]:
        """Each sub-metric that has a correlation with VTSS, the costliest first."""
        found = [
            Cost(
                name=name,
                clips=self._costs[name],
                share=self._costs[name] / max(self.clips_judged, 1),
                mean_gain=self._gains[name] / self._costs[name] if self._costs[name] else None,
                correlation=correlation,
            )
            for name, correlation in correlations.items()
        ]
        return sorted(found, key=lambda cost: -cost.clips)

"""Metrics of a clip as a model is given them: which ones, on which scale, and how they are spread."""

import math
from collections.abc import Mapping

CONDITIONS = ("motion", "aesthetic", "clarity", "vtss")
"""Columns of the table `scores` that go into samples (Koala-36M, D.1: "such as")."""
LOGARITHMIC = frozenset({"motion"})
"""It runs to hundreds where most clips have a few (F.2, 10 and 17 of the Koala-36M note)."""


SMALLEST_DEVIATION = 1e-6


def transform(name: str, value: float) -> float:
    """The metric in the scale that is standardised: log(1 + motion), the others as they are."""
    return math.log1p(max(0.0, value)) if name in LOGARITHMIC else value


def known_metrics(score: object) -> dict[str, float]:
    """Those of `CONDITIONS` that a row of `scores` has; none of no row."""
    values = {name: getattr(score, name, None) for name in CONDITIONS}
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}


class Spread:
    """Mean and standard deviation of each transformed metric over the samples that have it, in memory that does not grow."""

    def __init__(self) -> None:
        self._moments: dict[str, tuple[int, float, float]] = {}

    def add(self, conditions: Mapping[str, float | None]) -> None:
        """One sample; what is unknown is passed over."""
        for name, value in conditions.items():
            if value is not None and math.isfinite(value):
                count, mean, squares = self._moments.get(name, (0, 0.0, 0.0))
                apart = (given := transform(name, value)) - mean
                mean += apart / (count + 1)
                self._moments[name] = (count + 1, mean, squares + apart * (given - mean))  # Welford

    def statistics(self) -> dict[str, tuple[float, float]]:
        """(mean, deviation) by name; what no sample has is left out. Of a metric that is the same everywhere the deviation is 1."""
        found = {}
        for name, (count, mean, squares) in sorted(self._moments.items()):
            deviation = math.sqrt(squares / count)
            found[name] = (mean, deviation if deviation > SMALLEST_DEVIATION else 1.0)
        return found

"""A sample of rows that come in batches, in memory that does not grow: what the plots of a whole dataset are drawn from."""

import hashlib
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from longtake.records import Score
from longtake.report.distribution import bin_edges, correlations, count_into

SIZE = 20_000
"""Rows: a correlation is then known to about 0.01, a share to about 0.3 %."""

Row = TypeVar("Row")


class Reservoir(Generic[Row]):
    """Of all rows offered those `size` whose keys have the lowest hashes: a uniform sample, the same in whatever order they came."""

    def __init__(self, size: int = SIZE) -> None:
        self.size, self.offered = size, 0
        self._heap: list[tuple[int, str, Row]] = []

    def offer(self, key: str, row: Row) -> None:
        """Keys are distinct, such as a clip's id."""
        self.offered += 1
        place = -int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, (place, key, row))
        elif (place, key) > self._heap[0][:2]:
            heapq.heapreplace(self._heap, (place, key, row))

    def rows(self) -> list[Row]:
        """The sample, in the order of the hashes."""
        return [row for _, _, row in sorted(self._heap, key=lambda item: item[:2], reverse=True)]


@dataclass(frozen=True)
class Histogram:
    """Of one metric: the clips in each bin, kept and dropped apart."""

    edges: list[float]
    kept: list[int]
    dropped: list[int]


class MetricSample:
    """The metrics of any number of clips, as far as plots need them: exact up to `size` clips, a sample of them beyond."""

    def __init__(self, names: Sequence[str], size: int = SIZE) -> None:
        self.names = tuple(names)
        self._rows: Reservoir[tuple[bool, tuple[float | None, ...]]] = Reservoir(size)

    def add(self, score: Score, *, kept: bool = True) -> None:
        """One clip; one that could not be measured has no numbers and is passed over."""
        if score.reason is None:
            self._rows.offer(score.clip_id, (kept, tuple(getattr(score, name) for name in self.names)))

    @property
    def clips(self) -> int:
        """Measured clips that were added."""
        return self._rows.offered

    @property
    def drawn(self) -> int:
        """Clips that the histograms and correlations come from."""
        return min(self._rows.offered, self._rows.size)

    def histograms(self, bins: int = 20) -> dict[str, Histogram]:
        """By name, of those metrics that any clip has."""
        rows = self._rows.rows()
        found = {}
        for index, name in enumerate(self.names):
            edges = bin_edges((values[index] for _, values in rows), bins)
            if edges:
                kept, dropped = (
                    count_into((values[index] for was_kept, values in rows if was_kept is side), edges) for side in (True, False)
                )  # fmt: skip
                found[name] = Histogram(edges, kept, dropped)
        return found

    def correlations(self, names: Sequence[str]) -> list[list[float | None]]:
        """Spearman's, of each two of these names."""
        columns = dict(zip(self.names, zip(*(values for _, values in self._rows.rows()), strict=True), strict=False))
        return correlations([columns.get(name, ()) for name in names])

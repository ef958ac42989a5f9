"""How values are spread, and which go together: bins at round numbers, and rank correlations, in plain Python.

A value that is missing (None) or not finite is not counted.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from operator import and_, mul

Values = Iterable[float | None]
FENCE = 3.0
"""A value is far out from so many interquartile ranges beyond the quartiles on (Tukey, Exploratory Data Analysis, 1977)."""
FEWEST_ROWS = 3
"""Two rows always lie on a line."""


def bin_values(values: Values, bins: int = 20) -> tuple[list[int], list[float]]:
    """How many values lie in each of at most `bins` bins, and the bins' edges, as `bin_edges` chooses them."""
    known = _known(values)
    edges = bin_edges(known, bins)
    return count_into(known, edges), edges


def bin_edges(values: Values, bins: int = 20) -> list[float]:
    """Edges at round numbers, a first or last one infinite where values lie far out, which then share that bin.

    Constant values give one bin of no width, [v, v]; no values give no edges.
    """
    known = sorted(_known(values))
    if not known:
        return []
    least, most = known[0], known[-1]
    low, high = _bulk(known)
    span = high - low
    if not 1e-300 < span < 1e300 or span <= 1e-9 * max(abs(low), abs(high)):
        return [least, most]
    step = _round_step(low, high, max(bins - (least < low) - (high < most), 1))
    edges = [float(f"{k * step:.12g}") for k in range(math.floor(low / step), math.ceil(high / step) + 1)]
    return [-math.inf] * (least < edges[0]) + edges + [math.inf] * (edges[-1] < most)


def count_into(values: Values, edges: Sequence[float]) -> list[int]:
    """Values in each bin [edge, next edge); what lies beyond the first or last edge counts in the bin there."""
    counts = [0] * max(len(edges) - 1, 0)
    for value in _known(values):
        counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return counts


def correlations(columns: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    """Spearman's rank correlation, -1 to 1, of each two columns of equal length, over the rows where both are known.

    Ranks, not values: metrics have long tails, and are not linear in one another. None where a column is constant in
    those rows, or fewer than 3 of them are left.
    """
    present = [bytes(value is not None and math.isfinite(value) for value in column) for column in columns]

    @cache  # nearly always all columns know the same rows, and each is ranked once
    def ranks(column: int, rows: bytes) -> list[float] | None:
        return _unit_ranks([v for v, known in zip(columns[column], rows, strict=True) if known and v is not None])

    def pair(one: int, other: int) -> float | None:
        rows = bytes(and_(*both) for both in zip(present[one], present[other], strict=True))
        a, b = ranks(one, rows), ranks(other, rows)
        return None if a is None or b is None else min(1.0, max(-1.0, sum(map(mul, a, b))))

    lower = [[pair(i, j) for j in range(i + 1)] for i in range(len(columns))]
    return [[lower[max(i, j)][min(i, j)] for j in range(len(columns))] for i in range(len(columns))]


def _known(values: Values) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _bulk(known: Sequence[float]) -> tuple[float, float]:
    """The range of sorted values that is drawn in full: all but what is far out, which is 1 % at either end at most."""
    n = len(known)
    quarter, three_quarters = known[n // 4], known[-1 - n // 4]
    reach = FENCE * (three_quarters - quarter)
    low = known[min(bisect_left(known, quarter - reach), n // 100)]
    high = known[max(bisect_right(known, three_quarters + reach), n - n // 100) - 1]
    return (low, high) if low < high else (known[0], known[-1])


def _round_step(low: float, high: float, bins: int) -> float:
    """The least of 1, 2, 2.5, 5, 10, ... times a power of ten, multiples of which cover the range in so many bins."""
    power = 10.0 ** math.floor(math.log10((high - low) / bins))
    steps = [power * factor for factor in (1, 2, 2.5, 5, 10, 20, 25, 50, 100)]
    return next((s for s in steps if math.ceil(high / s) - math.floor(low / s) <= max(bins, 2)), steps[-1])


def _unit_ranks(values: Sequence[float]) -> list[float] | None:
    """Ranks about their mean, their squares adding up to 1; equal values share their mean rank. None if all are equal."""
    if len(values) < FEWEST_ROWS or min(values) == max(values):
        return None
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, start = [0.0] * len(values), 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            for place in order[start:end]:
                ranks[place] = (start + end - 1) / 2
            start = end
    mean = (len(values) - 1) / 2
    length = math.sqrt(sum((rank - mean) ** 2 for rank in ranks))
    return [(rank - mean) / length for rank in ranks]

"""What a page of a selecting shows of VTSS: how it is spread, its threshold, and where hand-set thresholds decide otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from longtake.report.plots import histogram_svg, number


class Table(Protocol):
    """Clips by who keeps them."""

    @property
    def both(self) -> int: ...
    @property
    def vtss_alone(self) -> int: ...
    @property
    def thresholds_alone(self) -> int: ...
    @property
    def neither(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Suitability:
    """VTSS of the measured clips."""

    edges: Sequence[float]
    """Of the bins."""
    kept: Sequence[int]
    dropped: Sequence[int]
    """Clips in each bin, by whatever rule."""
    curves: Sequence[Sequence[tuple[float, float]]]
    """Of each Gaussian that was fitted: VTSS, and clips a bin."""
    selects: bool
    """False: it is compared alone, and chooses nothing."""
    threshold: float
    sentence: str
    """The threshold, and where it comes from."""
    table: Table
    """Against the thresholds."""
    equal_threshold: float
    """On VTSS, so that it keeps as many as the thresholds."""
    equal_table: Table
    compared: Sequence[str]
    """The thresholds, in words."""
    absent: Sequence[str]
    """Metrics whose thresholds are left out of it, since not all clips have them."""


def show_suitability(found: Suitability) -> dict[str, Any]:
    """What the template shows of it."""
    plot = histogram_svg(
        found.kept, found.edges, label="vtss", dropped=found.dropped, marks={"threshold": found.threshold},
        curves=found.curves,
    )  # fmt: skip
    return {
        "plot": plot,
        "curves": bool(found.curves),
        "selects": found.selects,
        "sentence": found.sentence,
        "tables": [
            _table(f"VTSS at least {number(found.threshold)}", found.table),
            _table(f"VTSS at least {number(found.equal_threshold)}, which keeps as many", found.equal_table),
        ],
        "compared": found.compared,
        "absent": found.absent,
    }


def _table(title: str, table: Table) -> dict[str, Any]:
    """Clips and shares: two rows (thresholds keep, drop) of two cells (VTSS keeps, drops), each with its sum."""
    clips = table.both + table.vtss_alone + table.thresholds_alone + table.neither
    rows = (table.both, table.thresholds_alone), (table.vtss_alone, table.neither)
    sums = tuple(map(sum, zip(*rows, strict=True)))
    shown = [
        {"name": name, "cells": [_cell(n, clips) for n in (*row, sum(row))]}
        for name, row in zip(("thresholds keep", "thresholds drop", "all"), (*rows, sums), strict=True)
    ]
    agree = _cell(table.both + table.neither, clips)["share"]
    return {"title": title, "rows": shown, "agree": agree}


def _cell(clips: int, of: int) -> dict[str, str]:
    return {"clips": f"{clips:,}", "share": f"{clips / max(of, 1):.1%}"}

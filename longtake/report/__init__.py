"""Self-contained HTML: one page a step, nothing loaded from outside, everything escaped, under 2 MB beside its films."""

from longtake.report.agreement import Suitability
from longtake.report.captioning import captioning_sheet
from longtake.report.page import counts_in, render_page
from longtake.report.reservoir import MetricSample
from longtake.report.scoring import ScoreTally, scoring_sheet
from longtake.report.selecting import Duplicates, Shown, selecting_sheet
from longtake.report.sheet import contact_sheet, listing_sheet

__all__ = [
    "Duplicates",
    "MetricSample",
    "ScoreTally",
    "Shown",
    "Suitability",
    "captioning_sheet",
    "contact_sheet",
    "counts_in",
    "listing_sheet",
    "render_page",
    "scoring_sheet",
    "selecting_sheet",
]

"""Self-contained HTML: one page a step, nothing loaded from outside, everything escaped, under 2 MB."""

from longtake.report.page import counts_in, render_page
from longtake.report.sheet import contact_sheet, listing_sheet

__all__ = ["contact_sheet", "counts_in", "listing_sheet", "render_page"]

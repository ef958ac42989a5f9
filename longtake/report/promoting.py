"""The page of a promotion: what was decided and why, both models video by video, and the decisions before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from longtake.promotion.entry import Entry
from longtake.promotion.judging import Judged
from longtake.report.curves import Axis, Series, chart_svg
from longtake.report.page import render_page
from longtake.report.plots import number, numbers_apart

MAX_ENTRIES = 50
MAX_POINTS = 1000


@dataclass(frozen=True, kw_only=True)
class PromotingSheet:
    """Everything that the page shows."""

    facts: Mapping[str, str]
    entry: Entry
    judged: Sequence[Judged]
    """Empty where nothing had to be judged."""
    log: Sequence[Entry]
    """All decisions about the family, the oldest first."""


def promoting_sheet(sheet: PromotingSheet) -> str:
    """The page, which stands alone."""
    loss, previous_loss = sheet.entry.loss, sheet.entry.previous_loss
    both = loss is not None and previous_loss is not None
    return render_page(
        "promoting.html",
        title="Promotion",
        place=f"family {sheet.entry.family}",
        facts=sheet.facts,
        sheet=sheet,
        losses=numbers_apart(loss or 0.0, previous_loss or 0.0) if both else (number(loss), number(previous_loss)),
        plot=_plot(sheet.judged) if sheet.judged else None,
        log=list(reversed(sheet.log))[:MAX_ENTRIES],
        number=number,
    )


def _plot(judged: Sequence[Judged]) -> Markup:
    """A dot a video: its loss by the model in use, and by the new one; below the line the new one is better."""
    videos: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        videos[one.video_id].append(one)
    pairs = [(fmean(j.previous_loss for j in each), fmean(j.loss for j in each)) for each in videos.values()]
    pairs = pairs[:: -(-len(pairs) // MAX_POINTS)]
    ends = [value for pair in pairs for value in pair]
    x, y = Axis.over("loss of the model in use", ends), Axis.over("", ends)
    line = Series(points=[(x.low, x.low), (x.high, x.high)], style="dashed", colour="dim")
    return chart_svg([line, Series(points=pairs, style="dots")], x, y, label="losses by video", width=420, height=320)

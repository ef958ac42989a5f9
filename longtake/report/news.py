"""The page of news: which videos a family's promoted model has not had the chance to learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longtake.promotion.entry import Entry
from longtake.records import Video
from longtake.report.page import render_page

MAX_VIDEOS = 500


@dataclass(frozen=True, kw_only=True)
class NewsSheet:
    """Everything that the page shows."""

    facts: Mapping[str, str]
    family: str
    last: Entry | None
    """The family's last decision."""
    new: Sequence[Video]
    known: int
    fewest_new: int
    enough: bool


def news_sheet(sheet: NewsSheet) -> str:
    """The page, which stands alone; names of files are untrusted, and escaped."""
    return render_page(
        "news.html",
        title="News",
        place=f"family {sheet.family}",
        facts=sheet.facts,
        sheet=sheet,
        seconds=sum(video.duration_s for video in sheet.new),
        videos=sorted(sheet.new, key=lambda video: video.uris)[:MAX_VIDEOS],
        hidden=max(0, len(sheet.new) - MAX_VIDEOS),
    )

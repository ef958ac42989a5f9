"""videos and the promoted model -> is there footage that it has not had the chance to learn from?

It reads the log of promotions and one table, so that a schedule may ask every hour. What counts is content: a file that was
moved, or written again with the same bytes, is no news.
"""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from longtake.config import load_config
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, key_below
from longtake.promotion.entry import Entry
from longtake.records import Video
from longtake.report.news import NewsSheet, news_sheet
from longtake.shards import WHOLE
from longtake.stages.config import EncodingStageConfig
from longtake.stages.pointer import read_last
from longtake.stages.step import Summary, open_places, open_step

STAGE = "news"

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class NewsSummary(Summary):
    """What is new, and what a training goes on from."""

    news: bool = False
    """Whether it is enough for a training."""
    new_videos: int = 0
    model: str = ""
    """URI of the promoted model; empty where there is none yet."""
    videos: int = 0
    """Version of the table `videos` that was looked at."""
    encoding_config: dict[str, Any] = field(default_factory=dict)
    """The config as it was given, with the basis of the latents that the promoted model understands."""


def run(
    *,
    raw: str,
    data_root: str,
    family: str = "dit",
    fewest_new: int = 1,
    encoding_config: Mapping[str, Any] | None = None,
    run: str = "",
) -> NewsSummary:
    """Counts the videos below `raw` that were listed after the footage that the family's last decision was about.

    It is news from `fewest_new` of them on, and always where nothing was decided yet. Raises UserError for a wrong place,
    family or config, and where nothing was listed yet.
    """
    encoding = dict(encoding_config or {})
    settings = load_config(EncodingStageConfig, encoding, where="encoding config")
    if fewest_new < 0:
        raise UserError(f"fewest_new is {fewest_new}; give 0, for a training in any case, or more")
    source, lake = open_places(raw, data_root)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step:
        version = lake.tables.version(Video)
        if version is None:
            raise UserError(f"no video of {source.uri} is listed in {lake.data_root} yet; run the step listing first")
        last = read_last(lake, family)
        new, known = find_new(lake, source.uri, version, last)
        step.begin(inputs=len(new) + known, skipped=known)
        enough = last is None or len(new) >= fewest_new
        page = news_sheet(
            NewsSheet(
                facts=step.facts(raw=source.uri), family=family, last=last,
                new=new, known=known, fewest_new=fewest_new, enough=enough,
            )
        )  # fmt: skip
        for _ in new:
            step.advance()
        summary = step.publish(page, items={"new": len(new), "known": known})
    summary.seconds = time.monotonic() - began
    log.info("news", extra={"new": len(new), "enough": enough, "family": family})
    return NewsSummary(
        **vars(summary), news=enough, new_videos=len(new), model=last.model if last else "", videos=version,
        encoding_config=_based(encoding, last.basis) if last and settings.encoding.autoencoder == "linear" else encoding,
    )  # fmt: skip


def find_new(lake: Lake, raw: str, version: int, last: Entry | None) -> tuple[list[Video], int]:
    """The readable videos below `raw` that the last decision's footage had not, and how many it had."""
    before = _before(lake, last)
    now = _below(lake, raw, version)
    return [video for video_id, video in now.items() if video_id not in before], len(now.keys() & set(before))


def _before(lake: Lake, last: Entry | None) -> Collection[str]:
    """The videos that the last decision's footage had."""
    if last is None or last.videos is None:
        return ()
    try:
        return _below(lake, last.raw, last.videos).keys()
    except TransientError as error:  # where it is the lake that is down, the next reading says so
        log.warning(
            "the table of videos that the last decision saw can't be read any more: all footage counts as new",
            extra={"number": last.number, "version": last.videos, "reason": str(error)},
        )
        return ()


def _below(lake: Lake, raw: str, version: int) -> dict[str, Video]:
    videos = lake.tables.read(Video, version=version)
    return {
        video.video_id: video
        for video in videos
        if video.reason is None and any(key_below(uri, raw) is not None for uri in video.uris)
    }


def _based(config: Mapping[str, Any], basis: str) -> dict[str, Any]:
    """The config with this basis, unless it names one itself."""
    encoding = dict(config.get("encoding") or {})
    linear = {"basis": basis} | dict(encoding.get("linear") or {})
    return {**config, "encoding": encoding | {"linear": linear}}

"""The page of a dataset that was just made: read from the tables a few buckets at a time, in memory that does not grow."""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from longtake.lake import Lake, ObjectChanged
from longtake.records import Clip, Dataset, Score, Selection, Video, split_of
from longtake.report import Duplicates, MetricSample, Shown, selecting_sheet
from longtake.report.pictures import FILM_BYTES
from longtake.scoring.metrics import SUB_METRICS
from longtake.selecting.config import Thresholds
from longtake.selecting.thresholds import MEASURES, margin
from longtake.stages.cutting import read_poster

SHOWN = 8
"""Clips in each list."""
GROUPS = 12
"""Groups of near-duplicates that are shown."""

Row = tuple[Clip, Score | None, Selection]


def dataset_page(
    lake: Lake,
    dataset: Dataset,
    rows: Iterable[Row],
    *,
    folded: Mapping[str, str],
    thresholds: Thresholds,
    spreads: Mapping[str, float],
    sentences: Mapping[str, str],
    facts: Mapping[str, str],
) -> str:
    """Best, borderline and worst clips, near-duplicates, and how every metric is spread.

    `rows` are all clips of the dataset as the table has them; `folded` says which clip stands for which; `spreads` is the
    unit of margins by metric.
    """
    names = [metric.name for metric in SUB_METRICS]
    sample = MetricSample([*names, "aesthetic", "vtss"])
    best, borderline, worst = _Best(), _Best(), _Best()
    groups = _largest_groups(folded)
    in_groups = {clip_id for stands, others in groups.items() for clip_id in (stands, *others)}
    clips: dict[str, Clip] = {}
    videos: set[str] = set()
    validation = 0
    for clip, score, selection in rows:
        if clip.clip_id in in_groups:
            clips[clip.clip_id] = clip
        if selection.kept:
            videos.add(clip.video_id)
            validation += split_of(clip.video_id, dataset.validation_share) == "validation"
        if score is None or score.reason is not None:
            continue
        sample.add(score, kept=selection.kept)
        found = margin(score, thresholds, spreads)
        shown = Shown(clip=clip, score=score, selection=selection, margin=found if math.isfinite(found) else None)
        if selection.kept:
            best.offer(found, shown)
        elif found < 0:
            worst.offer(-found, shown)
        borderline.offer(-abs(found), shown)
    each = min(SHOWN, max(1, sample.clips // 3))  # a small dataset would be shown three times over
    lists = [found.rows()[:each] for found in (best, borderline, worst)]
    duplicates = [
        Duplicates(stands=clips[stands], folded=[clips[other] for other in others if other in clips])
        for stands, others in groups.items()
        if stands in clips
    ]
    pictured = [shown.clip for found in lists for shown in found] + list(clips.values())
    return selecting_sheet(
        dataset,
        sample,
        best=lists[0],
        borderline=lists[1],
        worst=lists[2],
        duplicates=duplicates,
        poster=partial(read_poster, lake),
        film=_film_of(lake),
        metrics=SUB_METRICS,
        bounds={name: getattr(thresholds, name) for name in MEASURES},
        videos=len(videos),
        validation_clips=validation,
        sentences=sentences,
        facts=facts,
        names=names_of(lake, pictured),
    )


class _Best:
    """The few clips with the highest values."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str, Shown]] = []

    def offer(self, value: float, shown: Shown) -> None:
        entry = (value, shown.clip.clip_id, shown)  # ids differ, so that no two clips are ever compared
        if len(self._heap) < SHOWN:
            heapq.heappush(self._heap, entry)
        elif entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def rows(self) -> list[Shown]:
        """The highest first."""
        return [shown for _, _, shown in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


def _largest_groups(folded: Mapping[str, str]) -> dict[str, list[str]]:
    """The clips that stand for the most others, with those others."""
    groups: dict[str, list[str]] = defaultdict(list)
    for clip_id, stands in sorted(folded.items()):
        groups[stands].append(clip_id)
    return dict(heapq.nsmallest(GROUPS, groups.items(), key=lambda item: (-len(item[1]), item[0])))


def _film_of(lake: Lake) -> Callable[[Clip], bytes]:
    """A function that reads a clip; empty where it is missing, or too large for a page."""

    def read(clip: Clip) -> bytes:
        found = next(lake.objects.walk(clip.uri), None) if clip.uri else None
        try:
            return lake.objects.read(found.key) if found and found.bytes < FILM_BYTES else b""
        except ObjectChanged:
            return b""

    return read


def names_of(lake: Lake, clips: Iterable[Clip]) -> dict[str, str]:
    """Where the videos of these clips lie, by video_id."""
    wanted = {clip.video_id: clip.bucket for clip in clips}
    videos = lake.tables.read(Video, buckets=set(wanted.values()))
    return {video.video_id: video.uris[0] for video in videos if video.video_id in wanted and video.uris}

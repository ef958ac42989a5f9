"""The page of a dataset that was just made: read from the tables a few buckets at a time, in memory that does not grow."""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from longtake.lake import Lake, ObjectChanged
from longtake.records import Clip, Dataset, Score, Selection, Video, split_of
from longtake.report import Duplicates, MetricSample, Shown, Suitability, selecting_sheet
from longtake.report.pictures import FILM_BYTES
from longtake.scoring.metrics import SUB_METRICS
from longtake.selecting.agreement import Agreement
from longtake.selecting.config import Range, Thresholds
from longtake.selecting.rule import Rule, distance
from longtake.selecting.thresholds import MEASURES, bounds, judge
from longtake.selecting.valley import EDGES, Cut, bin_of, count_scores, density
from longtake.stages.cutting import read_poster

SHOWN = 8
"""Clips in each list."""
APART = 4
"""Clips that VTSS keeps and the thresholds do not, and the other way round."""
GROUPS = 12
"""Groups of near-duplicates that are shown."""
PLOTTED = 10
"""Bins of VTSS to one that is drawn."""

Row = tuple[Clip, Score | None, Selection]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the clips were judged by, and compared with."""

    rule: Rule
    cut: Cut | None
    """The threshold on VTSS; None where no clip has a VTSS."""
    by_hand: Thresholds
    """What VTSS is compared with."""
    absent: tuple[str, ...]
    """Metrics that not all clips have, so that it cannot be compared with a threshold on them."""
    agreement: Agreement | None
    spreads: Mapping[str, float]
    """How far the values of each metric lie apart: the unit of margins."""


def dataset_page(
    lake: Lake,
    dataset: Dataset,
    rows: Iterable[Row],
    *,
    folded: Mapping[str, str],
    judged: Judged,
    sentences: Mapping[str, str],
    facts: Mapping[str, str],
) -> str:
    """Best, borderline and worst clips, near-duplicates, and how every metric is spread.

    `rows` are all clips of the dataset as the table has them; `folded` says which clip stands for which.
    """
    names = [metric.name for metric in SUB_METRICS]
    sample = MetricSample([*names, "aesthetic", "vtss"])
    best, borderline, worst = _Best(), _Best(), _Best()
    apart = _Apart(judged)
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
        found = distance(score, judged.rule, judged.spreads)
        shown = Shown(clip=clip, score=score, selection=selection, margin=found if math.isfinite(found) else None)
        if selection.kept:
            best.offer(found, shown)
        elif found < 0:
            worst.offer(-found, shown)
        borderline.offer(-abs(found), shown)
        apart.offer(shown)
    each = min(SHOWN, max(1, sample.clips // 3))  # a small dataset would be shown three times over
    lists = [found.rows()[:each] for found in (best, borderline, worst)]
    duplicates = [
        Duplicates(stands=clips[stands], folded=[clips[other] for other in others if other in clips])
        for stands, others in groups.items()
        if stands in clips
    ]
    vtss_alone, thresholds_alone = apart.vtss.rows()[:APART], apart.thresholds.rows()[:APART]
    pictured = [shown.clip for found in (*lists, vtss_alone, thresholds_alone) for shown in found]
    return selecting_sheet(
        dataset,
        sample,
        best=lists[0],
        borderline=lists[1],
        worst=lists[2],
        order="vtss" if judged.rule.vtss_min is not None and not any(bounds(judged.rule.thresholds)) else "thresholds",
        suitability=apart.suitability(),
        vtss_alone=vtss_alone,
        thresholds_alone=thresholds_alone,
        duplicates=duplicates,
        poster=partial(read_poster, lake),
        film=_film_of(lake),
        metrics=SUB_METRICS,
        bounds=_bounds(judged.rule.thresholds)
        | ({"vtss": Range(min=least)} if (least := judged.rule.vtss_min) else {}),
        compared_bounds=_bounds(judged.by_hand),
        videos=len(videos),
        validation_clips=validation,
        sentences=sentences,
        facts=facts,
        names=names_of(lake, [*pictured, *clips.values()]),
    )


def _bounds(thresholds: Thresholds) -> dict[str, Range]:
    return {name: getattr(thresholds, name) for name in MEASURES}


class _Apart:
    """VTSS of the measured clips, and the few about which it and the thresholds differ most."""

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.vtss, self.thresholds = _Best(), _Best()
        self.counts_2B = np.stack([count_scores(())] * 2)
        """Dropped clips, and kept ones."""

    def offer(self, shown: Shown) -> None:
        """One clip that was measured; without a finite VTSS it is passed over."""
        vtss, cut = shown.score.vtss, self.judged.cut
        if cut is None or vtss is None or not math.isfinite(vtss):
            return
        self.counts_2B[int(shown.selection.kept), bin_of(vtss)] += 1
        above = vtss - cut.threshold
        if (above >= 0) != judge(shown.score, self.judged.by_hand).kept:
            (self.vtss if above >= 0 else self.thresholds).offer(abs(above), shown)

    def suitability(self) -> Suitability | None:
        """None where no clip has a VTSS."""
        judged, cut, agreement = self.judged, self.judged.cut, self.judged.agreement
        if cut is None or agreement is None:
            return None
        dropped, kept = self.counts_2B.reshape(2, -1, PLOTTED).sum(axis=2).tolist()
        places_P = EDGES[:: PLOTTED // 2]
        a_bin = float(self.counts_2B.sum()) * PLOTTED / (len(EDGES) - 1) * float(EDGES[-1] - EDGES[0])
        heights_2P = density(cut.mixture, places_P) * a_bin if cut.mixture else np.empty((0, 0))
        return Suitability(
            edges=EDGES[::PLOTTED].tolist(),
            kept=kept,
            dropped=dropped,
            curves=[list(zip(places_P.tolist(), heights_P.tolist(), strict=True)) for heights_P in heights_2P],
            selects=judged.rule.vtss_min is not None,
            threshold=cut.threshold,
            sentence=cut.sentence,
            table=agreement.table,
            equal_threshold=agreement.equal_threshold,
            equal_table=agreement.equal_table,
            compared=[
                f"{metric} {'≥' if side == 'min' else '≤'} {bound:g}" for metric, side, bound in bounds(judged.by_hand)
            ],
            absent=judged.absent,
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

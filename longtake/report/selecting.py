"""The page of a selecting: what a dataset is made of, where its thresholds lie, and whom they let in and keep out."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from longtake.records import METRICS, Clip, Dataset, Score, Selection
from longtake.report.agreement import Suitability, show_suitability
from longtake.report.page import Counts, count_rows, render_page
from longtake.report.pictures import FILM_BYTES, FILMS_BYTES, PAGE_BYTES, choose, in_turn, left_out
from longtake.report.plots import correlation_svg, histogram_svg, number, numbers_apart
from longtake.report.reservoir import Histogram, MetricSample
from longtake.report.scoring import MetricText, with_judgements
from longtake.scoring.reasons import in_words

MAX_SHOWN = 24
"""Clips of each of the three lists that are shown; the first ones."""
MAX_APART = 8
"""Clips of each kind about which VTSS and the thresholds differ."""
MAX_GROUPS, MAX_FOLDED = 12, 2
"""Groups of near-duplicates, and the folded clips that are shown of each."""


class Bounds(Protocol):
    """What a metric may be; None is open."""

    @property
    def min(self) -> float | None: ...
    @property
    def max(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One clip with all that is known of it."""

    clip: Clip
    score: Score
    selection: Selection
    margin: float | None
    """How far inside its thresholds the clip is, as whoever orders the clips measures it; negative outside, None unknown."""
    uses: Sequence[str] = ()
    """Names of datasets and runs that use it."""


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """One group of near-duplicate clips."""

    stands: Clip
    """For all of them."""
    folded: Sequence[Clip]


def selecting_sheet(
    dataset: Dataset,
    sample: MetricSample,
    *,
    best: Sequence[Shown],
    borderline: Sequence[Shown],
    worst: Sequence[Shown],
    order: Literal["vtss", "thresholds"] = "thresholds",
    suitability: Suitability | None = None,
    vtss_alone: Sequence[Shown] = (),
    thresholds_alone: Sequence[Shown] = (),
    duplicates: Sequence[Duplicates],
    poster: Callable[[Clip], bytes],
    film: Callable[[Clip], bytes],
    metrics: Sequence[MetricText],
    bounds: Mapping[str, Bounds],
    compared_bounds: Mapping[str, Bounds] | None = None,
    videos: int,
    validation_clips: int,
    sentences: Mapping[str, str],
    facts: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """The page of a selecting: counts by reason, histograms with the thresholds, and clips from the top to the bottom.

    `sample` was given every scored clip, `bounds` are the thresholds by metric, `order` says what the lists are ordered by,
    `videos` and `validation_clips` count among the kept clips, `names` says where a video lies by video_id. `suitability` is
    about VTSS, where it is known; `vtss_alone` and `thresholds_alone` are clips that it keeps and the thresholds with
    `compared_bounds` do not, and the other way round. `poster` gives a filmstrip (JPEG) and `film` the
    clip itself (MP4); both are empty where it is missing, `film` also where it has `FILM_BYTES` or more; either is asked
    only for clips that the page has room for.
    """
    counts = _counts(dataset)
    lists = {"Best": best[:MAX_SHOWN], "Borderline": borderline[:MAX_SHOWN], "Worst": worst[:MAX_SHOWN]}
    apart = {
        "VTSS keeps, thresholds drop": vtss_alone[:MAX_APART],
        "thresholds keep, VTSS drops": thresholds_alone[:MAX_APART],
    }
    groups = [[group.stands, *group.folded[:MAX_FOLDED]] for group in duplicates[:MAX_GROUPS]]
    values: dict[str, Any] = {
        "title": "Selecting",
        "place": f"dataset {dataset.name}, of {dataset.raw}",
        "facts": facts,
        "dataset": dataset,
        "counts": count_rows(counts, sentences),
        "clip_count": counts.total(),
        "videos": videos,
        "validation_clips": validation_clips,
        **_plots(sample, metrics, bounds, without=("vtss",) if suitability else ()),
        "order": order,
        "words": in_words,
        "suitability": show_suitability(suitability) if suitability else None,
        "apart": _cards(apart, sample.names, compared_bounds or {}),
        "lists": _cards(lists, sample.names, bounds),
        "groups": [
            {"stands": clips[0], "folded": clips[1:], "more": len(group.folded) - len(clips) + 1}
            for group, clips in zip(duplicates, groups, strict=False)
        ],
        "more_groups": len(duplicates) - len(groups),
        "sentences": sentences,
        "names": names,
    }
    room = PAGE_BYTES - len(render_page("selecting.html", **values, films={}, pictures={}, missing=0).encode())
    of_lists = in_turn(*([row.clip for row in rows] for rows in (*lists.values(), *apart.values())))
    films = choose(of_lists, film, FILMS_BYTES, FILM_BYTES)
    stilled = [clip for clip in of_lists if clip.clip_id not in films] + [clip for group in groups for clip in group]
    pictures = choose(stilled, poster, room)
    return render_page("selecting.html", **values, films=films, pictures=pictures, missing=left_out(stilled, pictures))


def _plots(
    sample: MetricSample, metrics: Sequence[MetricText], bounds: Mapping[str, Bounds], without: Collection[str]
) -> dict[str, Any]:
    """The histogram of each metric that any clip has but some, and how all of them go together."""
    histograms = sample.histograms()
    names = list(histograms)
    texts = {metric.name: metric for metric in with_judgements(metrics)}
    return {
        "metrics": [
            {"metric": texts[name], "plot": _plot(name, histograms[name], bounds.get(name))}
            for name in names
            if name not in without
        ],
        "correlation": correlation_svg(names, sample.correlations(names)) if len(names) > 1 else "",
        "drawn": sample.drawn,
        "measured": sample.clips,
    }


def _counts(dataset: Dataset) -> Counts:
    """By outcome and reason, as the dataset names them: "kept", "dropped:motion"."""
    counts: Counts = Counter()
    for name, n in dataset.counts.items():
        outcome, _, reason = name.partition(":")
        counts[outcome, reason] += n
    return counts


def _plot(name: str, found: Histogram, bounds: Bounds | None) -> str:
    ends = {"min": bounds.min, "max": bounds.max} if bounds else {}
    marks = {side: limit for side, limit in ends.items() if limit is not None}
    return histogram_svg(found.kept, found.edges, label=name, marks=marks, dropped=found.dropped)


def _cards(
    lists: Mapping[str, Sequence[Shown]], names: Sequence[str], bounds: Mapping[str, Bounds]
) -> dict[str, list[dict[str, Any]]]:
    return {title: [_card(row, names, bounds) for row in rows] for title, rows in lists.items()}


def _card(row: Shown, names: Sequence[str], bounds: Mapping[str, Bounds]) -> dict[str, Any]:
    """A clip with its metrics, each with the threshold that it fails, if it does."""
    cells = []
    for name in names:
        value, limits = getattr(row.score, name), bounds.get(name)
        shown, fails = number(value), ""
        if value is not None and limits:
            if limits.min is not None and value < limits.min:
                shown, limit = numbers_apart(value, limits.min)
                fails = f"< {limit}"
            elif limits.max is not None and value > limits.max:
                shown, limit = numbers_apart(value, limits.max)
                fails = f"> {limit}"
        if value is not None or name in METRICS:
            cells.append({"name": name, "value": shown, "fails": fails})
    sign = "+" if row.margin is not None and row.margin >= 0 else ""
    return {"row": row, "cells": cells, "margin": "" if row.margin is None else sign + number(row.margin)}

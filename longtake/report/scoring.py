"""The page of a scoring: what was measured on the clips of one shard, and what each number looks like."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from longtake.records import Clip, Score
from longtake.report.page import count_rows, render_page
from longtake.report.pictures import PAGE_BYTES, choose, in_turn, left_out
from longtake.report.plots import correlation_svg, histogram_svg, number
from longtake.report.reservoir import MetricSample
from longtake.report.suitability import SuitabilityTally
from longtake.scoring.reasons import in_words

MAX_QUARANTINED = 200
"""Clips with a reason on one page."""


class MetricText(Protocol):
    """What a page says of a metric."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True)
class _Text:
    name: str
    unit: str
    sentence: str


JUDGEMENTS: tuple[MetricText, ...] = (
    _Text("aesthetic", "1 to 10", "How beautiful the frames are, by a predictor over CLIP features."),
    _Text("vtss", "1 to 5", "Video training suitability score: how good a training network holds the clip to be."),
)
"""Columns of a score that are no sub-metrics, and are shown where there are any."""


@dataclass(frozen=True)
class _End:
    """A clip at one end of a metric."""

    side: str
    value: str
    score: Score
    clip: Clip
    others: int
    """Clips with the very same value."""


def with_judgements(metrics: Iterable[MetricText]) -> list[MetricText]:
    """The metrics, and behind them the aesthetic score and VTSS unless they are among them."""
    found = list(metrics)
    names = {metric.name for metric in found}
    return found + [text for text in JUDGEMENTS if text.name not in names]


class ScoreTally:
    """What a page shows of any number of scores: they are counted one by one, and few are kept."""

    def __init__(self, metrics: Sequence[MetricText]) -> None:
        self.metrics = with_judgements(metrics)
        self.sample = MetricSample([metric.name for metric in self.metrics])
        self.counts: Counter[tuple[str, str]] = Counter()
        self.seconds = 0.0
        self.failed: list[tuple[Score, Clip]] = []
        """The first of them."""
        self.suitability = SuitabilityTally()
        self._ends: dict[tuple[str, str], tuple[float, Score, Clip, int]] = {}
        """By metric and side: the value at that end, a clip that has it, and how many have."""

    def add(self, score: Score, clip: Clip) -> None:
        """One clip with its score; the order of clips makes no difference but to who stands for equal ones."""
        self.counts[score.outcome] += 1
        self.seconds += clip.end_s - clip.start_s
        if score.reason:
            if len(self.failed) < MAX_QUARANTINED:
                self.failed.append((score, clip))
            return
        self.sample.add(score)
        for metric in self.metrics:
            value = getattr(score, metric.name)
            if value is not None:
                self._stretch(metric.name, "lowest", value, score, clip)
                self._stretch(metric.name, "highest", value, score, clip)
        self.suitability.add(score, clip)

    def _stretch(self, name: str, side: str, value: float, score: Score, clip: Clip) -> None:
        end, there, of, same = self._ends.get((name, side), (value, score, clip, 0))
        if value == end:
            self._ends[name, side] = end, there, of, same + 1
        elif (value < end) == (side == "lowest"):
            self._ends[name, side] = value, score, clip, 1

    def ends(self, name: str) -> list[_End]:
        """The clips with the lowest and the highest value; none where all are equal or nothing is known."""
        found = [(side, *self._ends[name, side]) for side in ("lowest", "highest") if (name, side) in self._ends]
        if not found or found[0][1] == found[1][1]:
            return []
        return [_End(side, number(value), score, clip, same - 1) for side, value, score, clip, same in found]

    def clips(self) -> list[Clip]:
        """All clips that the page may name."""
        ends = [clip for _, _, clip, _ in self._ends.values()]
        return ends + self.suitability.clips() + [clip for _, clip in self.failed]


def scoring_sheet(
    tally: ScoreTally,
    poster: Callable[[Clip], bytes],
    *,
    sentences: Mapping[str, str],
    shard: str,
    facts: Mapping[str, str],
    names: Mapping[str, str],
) -> str:
    """The page of a scoring: VTSS and what costs it, every metric with its histogram and the clips at its two ends, and who
    was not measured.

    `names` says where a video lies by video_id, of all `tally.clips()`. `poster` gives a clip's filmstrip (JPEG), empty
    where it is missing; it is asked only for clips that the page has room for.
    """
    histograms = tally.sample.histograms()
    known = list(histograms)
    matrix = tally.sample.correlations(known) if len(known) > 1 else []
    plots = {name: histogram_svg(found.kept, found.edges, label=name) for name, found in histograms.items()}
    shown: list[dict[str, Any]] = [
        {"metric": metric, "plot": plots[metric.name], "ends": tally.ends(metric.name)}
        for metric in tally.metrics
        if metric.name in plots and metric.name != "vtss"
    ]
    pictured = tally.suitability.clips() + in_turn(*([end.clip for end in item["ends"]] for item in shown))
    total, measured = tally.counts.total(), tally.counts["kept", ""]
    judgements = {text.name for text in JUDGEMENTS}
    values: dict[str, Any] = {
        "title": "Scoring",
        "place": f"shard {shard}",
        "facts": facts,
        "counts": count_rows(tally.counts, sentences),
        "clip_count": total,
        "scored": measured,
        "failed_count": total - measured,
        "mean_s": tally.seconds / total if total else None,
        "vtss": _vtss(tally, plots["vtss"], known, matrix) if "vtss" in plots else None,
        "metrics": shown,
        "absent": [text.name for text in tally.metrics if text.name not in histograms.keys() | judgements],
        "correlation": correlation_svg(known, matrix) if matrix else "",
        "drawn": tally.sample.drawn,
        "failed": sorted(tally.failed, key=lambda pair: (pair[0].reason or "", pair[0].clip_id)),
        "names": names,
        "words": in_words,
    }
    room = PAGE_BYTES - len(render_page("scoring.html", **values, pictures={}, missing=0).encode())
    pictures = choose(pictured, poster, room)
    return render_page("scoring.html", **values, pictures=pictures, missing=left_out(pictured, pictures))


def _vtss(
    tally: ScoreTally, plot: str, known: Sequence[str], matrix: Sequence[Sequence[float | None]]
) -> dict[str, Any]:
    """The part of the page that is about VTSS."""
    judged = tally.suitability
    judgements = {text.name for text in JUDGEMENTS}
    row = matrix[known.index("vtss")] if matrix else []
    correlations = {name: value for name, value in zip(known, row, strict=False) if name not in judgements}
    return {
        "clips": judged.clips_judged,
        "plot": plot,
        "costs": judged.costs(correlations),
        "without_reason": judged.without_reason,
        "ends": [("Least suitable", judged.lowest()), ("Most suitable", judged.highest())],
        "sentences": {metric.name: metric.sentence for metric in tally.metrics},
    }

"""The card of a dataset: how much is in it, how it is spread, what was dropped and why, beside what is published."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from markupsafe import Markup

from longtake.datasets.members import Member
from longtake.datasets.published import PUBLISHED
from longtake.records import Dataset
from longtake.report import render_page
from longtake.report.distribution import count_into
from longtake.report.plots import histogram_svg, number
from longtake.scoring.metrics import SUB_METRICS

_SHARE = tuple(step / 20 for step in range(21))
_SPEED = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, math.inf)
_LEVELS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, math.inf)
EDGES: Mapping[str, tuple[float, ...]] = {
    "length_s": (*map(float, range(0, 32, 2)), 45.0, 60.0, math.inf),
    "short_side_px": (0.0, 144.0, 240.0, 360.0, 480.0, 540.0, 720.0, 1080.0, 1440.0, 2160.0, math.inf),
    "motion": _SPEED,
    "moving_area": _SHARE,
    "camera_shake": _SPEED,
    "camera_motion": _SPEED,
    "still_share": _SHARE,
    "flicker": _LEVELS,
    "clarity": _SHARE,
    "noise": _LEVELS,
    "blockiness": (*(step / 10 for step in range(21)), math.inf),
    "brightness": _SHARE,
    "contrast": _SHARE[:11],
    "colourfulness": (*map(float, range(0, 130, 10)), math.inf),
    "clipped_share": _SHARE,
    "border_share": _SHARE,
    "text_share": _SHARE,
    "aesthetic": tuple(step / 2 for step in range(2, 21)),
    "vtss": tuple(step / 5 for step in range(5, 26)),
    "words": (*map(float, range(0, 420, 20)), math.inf),
}
"""Where the bins of each histogram lie, [low, high): fixed, so that the cards of two datasets can be laid side by side."""


@dataclass
class Spread:
    """How the values of one number are spread over the kept and the dropped clips."""

    edges: tuple[float, ...]
    kept: list[int] = field(default_factory=list)
    """Clips in each bin."""
    dropped: list[int] = field(default_factory=list)
    known: int = 0
    """Kept clips that have the number."""
    total: float = 0.0
    """Of those."""

    def __post_init__(self) -> None:
        self.kept, self.dropped = [0] * (len(self.edges) - 1), [0] * (len(self.edges) - 1)

    def add(self, values: Sequence[float], *, kept: bool) -> None:
        bins = self.kept if kept else self.dropped
        for index, count in enumerate(count_into(values, self.edges)):
            bins[index] += count
        if kept:
            self.known += len(values)
            self.total += math.fsum(values)

    @property
    def mean(self) -> float | None:
        """Of the kept clips; None where none has the number."""
        return self.total / self.known if self.known else None


@dataclass
class Side:
    """One side of the split."""

    clips: int = 0
    seconds: float = 0.0
    videos: int = 0


@dataclass
class Card:
    """What there is to say about a dataset."""

    dataset: Dataset
    spreads: dict[str, Spread]
    splits: dict[str, Side]
    """Of the kept clips."""
    dropped: Counter[str]
    """Clips by reason."""

    @property
    def clips(self) -> int:
        return sum(side.clips for side in self.splits.values())

    @property
    def seconds(self) -> float:
        return sum(side.seconds for side in self.splits.values())

    @property
    def videos(self) -> int:
        return sum(side.videos for side in self.splits.values())

    def to_json(self) -> str:
        """The card for programs; an open end of an axis is null."""
        spreads: dict[str, Any] = {
            name: {
                "mean": spread.mean,
                "known": spread.known,
                "edges": [edge if math.isfinite(edge) else None for edge in spread.edges],
                "kept": spread.kept,
                "dropped": spread.dropped,
            }
            for name, spread in self.spreads.items()
        }
        shown = {
            "dataset": self.dataset.name, "raw": self.dataset.raw, "made_at": self.dataset.made_at, "clips": self.clips,
            "hours": self.seconds / 3600, "videos": self.videos,
            "vtss_threshold": self.dataset.vtss_threshold, "vtss_how": self.dataset.vtss_how,
            "splits": {name: asdict(side) for name, side in self.splits.items()},
            "dropped": dict(self.dropped.most_common()), "histograms": spreads,
            "published": [asdict(other) for other in PUBLISHED],
        }  # fmt: skip
        return json.dumps(shown, indent=2, allow_nan=False)


def describe(dataset: Dataset, buckets: Iterable[Sequence[Member]]) -> Card:
    """The card of a dataset from all its members, the dropped ones too, in lists that each hold whole videos."""
    spreads = {name: Spread(edges) for name, edges in EDGES.items()}
    card = Card(dataset, spreads, {"train": Side(), "validation": Side()}, Counter())
    for members in buckets:
        kept = [member for member in members if member.selection.kept]
        for name, side in card.splits.items():
            own = [member for member in kept if member.split == name]
            side.clips += len(own)
            side.seconds += math.fsum(member.clip.end_s - member.clip.start_s for member in own)
            side.videos += len({member.video.video_id for member in own})
        off = [member for member in members if not member.selection.kept]
        card.dropped.update(member.selection.reason or "" for member in off)
        for name, spread in spreads.items():
            spread.add(_values(name, kept), kept=True)
            spread.add(_values(name, off), kept=False)
    return card


def _values(name: str, members: Iterable[Member]) -> list[float]:
    """The number of each member that has it."""
    if name == "length_s":
        return [member.clip.end_s - member.clip.start_s for member in members]
    if name == "short_side_px":
        return [float(min(member.clip.width, member.clip.height)) for member in members]
    if name == "words":
        return [float(m.caption.words) for m in members if m.caption and m.caption.words is not None]
    found = (getattr(member.score, name) for member in members if member.score is not None)
    return [value for value in found if value is not None and math.isfinite(value)]


def render_card(card: Card) -> str:
    """The card as a page."""
    return render_page(
        "card.html",
        title=card.dataset.name,
        place=card.dataset.raw,
        facts=_facts(card.dataset),
        card=card,
        digits=number,
        units={metric.name: metric.unit for metric in SUB_METRICS},
        mean_s=card.spreads["length_s"].mean,
        typical_px=_typical_px(card),
        present=[name for name, spread in card.spreads.items() if any(spread.kept) or any(spread.dropped)],
        vtss=_vtss_range(card),
        published=PUBLISHED,
        plots={name: _plot(name, spread, card.dataset.vtss_threshold) for name, spread in card.spreads.items()},
    )


MARKS: Mapping[str, Mapping[str, float]] = {
    "length_s": {other.name: other.mean_s for other in PUBLISHED},
    "short_side_px": {"both": 720.0},
    "vtss": {"Koala-36M keeps above": 2.5},
}
"""Published means and thresholds, drawn on the histogram of the same number."""


def _plot(name: str, spread: Spread, vtss_threshold: float | None) -> Markup:
    dropped = spread.dropped if any(spread.dropped) else None
    own = {"kept here from": vtss_threshold} if name == "vtss" and vtss_threshold is not None else {}
    return histogram_svg(spread.kept, spread.edges, label=name, marks={**MARKS.get(name, {}), **own}, dropped=dropped)


def _vtss_range(card: Card) -> str:
    spread = card.spreads["vtss"]
    filled = [index for index, count in enumerate(spread.kept) if count]
    return f"{spread.edges[filled[0]]:.1f} – {spread.edges[filled[-1] + 1]:.1f}" if filled else ""


def _typical_px(card: Card) -> str:
    """The bin with most clips."""
    spread = card.spreads["short_side_px"]
    if not any(spread.kept):
        return ""
    low, high = spread.edges[(place := spread.kept.index(max(spread.kept))) : place + 2]
    return f"most {low:.0f}p – {high - 1:.0f}p" if math.isfinite(high) else f"most {low:.0f}p or more"


def vtss_rule(dataset: Dataset) -> str:
    """The threshold on VTSS in words; empty where clips were not chosen by it."""
    if dataset.vtss_threshold is None:
        return ""
    where = {"given": "as the config says", "valley": "the valley of the clips' scores", "fallback": "the paper's"}
    return f"VTSS at least {dataset.vtss_threshold:g}, {where[dataset.vtss_how or 'given']}"


def _facts(dataset: Dataset) -> dict[str, str]:
    share = f"{100 * dataset.validation_share:g} % of videos for validation"
    facts = {"made": f"made {dataset.made_at[:16].replace('T', ' ')} UTC, {share}"}
    if rule := vtss_rule(dataset):
        facts["chosen by"] = rule
    facts |= {f"rows of {stage}": f"made_by {maker}" for stage, maker in dataset.made_by.items()}
    facts |= {f"table {table}": f"version {version}" for table, version in dataset.versions.items()}
    return facts | {f"config of {stage}": json.dumps(config) for stage, config in dataset.configs.items()}

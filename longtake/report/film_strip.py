"""The page of a long film: its segments in pictures and texts, and how far it drifts from its beginning."""

import base64
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from longtake.evaluation.film_drift import FilmDrift, Jumps
from longtake.evaluation.segment_drift import SegmentDrift
from longtake.report.curves import Axis, Colour, Series, chart_svg
from longtake.report.heat_map import heat_svg
from longtake.report.page import clock, render_page
from longtake.report.pictures import FILM_BYTES, PAGE_BYTES
from longtake.report.plots import number
from longtake.report.sampling import SMALL_PX

PICTURES_BYTES = PAGE_BYTES - 500_000
"""Of all strips as they are written into the page; the rest is text, tables and plots."""
MOST_SEGMENTS = 300
"""That have a part of the page; of more, every second, third, ..."""
HALF = 560
"""Pixels of a plot that stands beside another."""
Field = Callable[[SegmentDrift], float | None]
Curve = tuple[str, Colour, Field]
"""Its name, its colour, and its number of a segment."""

TREND_NAMES = {
    "similarity_to_first": ("similarity to the first segment", ""),
    "adjacent_similarity": ("similarity of neighbouring frames", ""),
    "flow_px": ("motion, optical flow", "px a frame"),
    "motion_levels": ("motion, difference of neighbouring frames", "levels"),
    "colour_levels_from_first": ("colours away from the first segment's", "levels"),
    "light_levels": ("light", "levels"),
    "saturation": ("saturation", ""),
    "contrast_levels": ("contrast", "levels"),
    "sharpness": ("sharpness, variance of the Laplacian", ""),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class StripSegment:
    """One segment of the film."""

    row: SegmentDrift
    start_s: float
    text: str
    """The dynamics that it was made by; empty: none."""
    text_from: str = ""
    """Whose it is: the prompt, the user's text; empty: the model's own."""
    strip: bytes
    """JPEG: a few of its new frames side by side."""
    seam: bytes = b""
    """JPEG: the frame before the seam and the first after it, side by side; empty for the first segment."""
    note: str = ""
    """What was done or found: a line that it crossed, an anchor set anew."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FilmStrip:
    """Everything that the page shows."""

    name: str
    prompt: str
    facts: Mapping[str, str]
    segments: Sequence[StripSegment]
    drift: FilmDrift
    duration_s: float
    similarity_name: str
    """What the features' numbers are called, with the encoder: `feature similarity (random encoder)`."""
    states: Sequence[Sequence[float]] = ()
    """Cosine of every segment's state with every other's; empty: no states."""
    film: bytes = b""
    """MP4; shown where it is small."""
    width_px: int = SMALL_PX
    """Of the film: a narrow one is shown larger, each pixel a square."""


def film_strip(strip: FilmStrip) -> str:
    """The page, which stands alone."""
    rows = [one.row for one in strip.segments]
    cuts = [row.index for row in rows if row.scene_cut]
    shown = strip.segments[:: -(-len(strip.segments) // MOST_SEGMENTS) or 1]
    pictures = _pictures(shown)
    film = base64.b64encode(strip.film).decode() if len(strip.film) < FILM_BYTES else ""
    return render_page(
        "film_strip.html",
        title="Film",
        place=strip.name,
        facts=strip.facts,
        strip=strip,
        figures=_figures(strip),
        jumps=[("seams", _cells(strip.drift.seams)), ("scheduled cuts", _cells(strip.drift.cuts))],
        trends=_trends(strip.drift),
        plots=_plots(rows, cuts, strip.similarity_name),
        states=heat_svg(strip.states, label="similarity of states", cuts=cuts),
        segments=[_card(one, pictures.get(one.row.index)) for one in shown],
        skipped=len(strip.segments) - len(shown),
        without_pictures=len(shown) - len(pictures),
        film=film,
        narrow=strip.width_px < SMALL_PX,
        number=number,
    )


def _figures(strip: FilmStrip) -> list[tuple[str, str]]:
    """The top of the page; motion beside consistency."""
    drift = strip.drift
    similar = drift.trends["similarity_to_first"]
    counted = [(drift.segments, "segment"), (drift.frames, "frame"), (drift.cuts.count, "cut")]
    counts = [f"{n:,} {word}{'s' if n != 1 else ''}" for n, word in counted if n]
    likeness = (number(drift.least_similarity_to_scene), "least like its scene's start")
    return [
        (clock(strip.duration_s), ", ".join(counts)),
        (number(drift.consistency), "consistency of frames"),
        (number(drift.flow_px), "motion, px a frame"),
        likeness if drift.cuts.count else (number(similar.end), "last segment to the first"),
        (_times(drift.seams.pixel_ratio), "seam step, pixels"),
        (number(drift.flicker), "flicker, 1 is none"),
    ]


def _card(one: StripSegment, pictures: tuple[str, str] | None) -> dict[str, Any]:
    row = one.row
    seam = [(row.seam_pixel_ratio, "pixels"), (row.seam_feature_ratio, "features"), (row.seam_flow_ratio, "flow")]
    strip, pair = pictures or ("", "")
    return {
        "one": one,
        "row": row,
        "strip": strip,
        "pair": pair,
        "seam": " · ".join(f"{what} {number(value, 2)}×" for value, what in seam if value is not None),
        "said": " · ".join(
            [
                f"similarity to the first {number(row.similarity_to_first)}",
                f"motion {number(row.flow_px)} px",
                f"colours {number(row.colour_levels_from_first)} levels off",
                f"sharpness {number(row.sharpness)}",
            ]
        ),
    }


def _pictures(segments: Sequence[StripSegment]) -> dict[int, tuple[str, str]]:
    """Strip and seam in base64 by segment: of all, or of every second, third, ... so that they fit."""
    coded = {
        one.row.index: (base64.b64encode(one.strip).decode(), base64.b64encode(one.seam).decode()) for one in segments
    }
    for every in range(1, len(coded) + 1):
        kept = dict(list(coded.items())[::every])
        if sum(len(strip) + len(seam) for strip, seam in kept.values()) <= PICTURES_BYTES:
            return kept
    return {}


def _trends(drift: FilmDrift) -> list[tuple[str, str, str, str, str]]:
    found = []
    for name, (said, unit) in TREND_NAMES.items():
        trend = drift.trends[name]
        found.append((said, unit, number(trend.end), number(trend.slope), number(trend.start_end)))
    return found


def _plots(rows: Sequence[SegmentDrift], cuts: Sequence[int], similarity_name: str) -> list[tuple[str, Markup]]:
    """Pairs that stand side by side, each with its sentence."""
    similar: list[Curve] = [
        ("to the film's first", "kept", lambda row: row.similarity_to_first),
        ("neighbouring frames", "dim", lambda row: row.adjacent_similarity),
    ]
    if cuts:
        similar.insert(1, ("to its scene's first", "ink", lambda row: row.similarity_to_scene))
    jumps: list[Curve] = [
        ("pixels", "ink", lambda row: row.seam_pixel_ratio),
        ("features", "kept", lambda row: row.seam_feature_ratio),
        ("flow", "dim", lambda row: row.seam_flow_ratio),
    ]
    colours: list[Curve] = [("colours", "kept", lambda row: row.colour_levels_from_scene)]
    looks: list[Curve] = [
        ("light", "ink", _share(rows, lambda row: row.light_levels)),
        ("saturation", "kept", _share(rows, lambda row: row.saturation)),
        ("contrast", "dim", _share(rows, lambda row: row.contrast_levels)),
        ("sharpness", "bad", _share(rows, lambda row: row.sharpness)),
    ]
    seams = [row for row in rows if not row.scene_cut]
    start = "its scene's first segment" if cuts else "the first segment"
    motion: list[Curve] = [("flow", "kept", lambda row: row.flow_px)]
    plots = [
        (f"{similarity_name[:1].upper()}{similarity_name[1:]}", _plot(rows, similar, cuts)),
        ("Motion beside it: optical flow, px a frame", _plot(rows, motion, cuts, base=0.0)),
        (f"Colours, levels of 255 away from those of {start}", _plot(rows, colours, cuts, base=0.0)),
        (f"Looks, as a share of those of {start}", _plot(rows, looks, cuts)),
        (
            "Seams that should not be seen: the step over each; 1 is invisible",
            _plot(seams, jumps, [], base=1.0, of=rows),
        ),
    ]
    if cuts:
        at_cuts = [row for row in rows if row.scene_cut]
        plots.append(("Scheduled cuts: the step over each, to be seen", _plot(at_cuts, jumps, [], base=1.0, of=rows)))
    return plots


def _share(rows: Sequence[SegmentDrift], of: Callable[[SegmentDrift], float]) -> Field:
    """Of the scene's first segment's."""
    firsts: dict[int, float] = {}
    for row in rows:
        firsts.setdefault(row.scene, of(row))
    return lambda row: of(row) / firsts[row.scene] if firsts[row.scene] else None


def _plot(
    rows: Sequence[SegmentDrift], curves: Sequence[Curve], cuts: Sequence[int],
    *, base: float | None = None, of: Sequence[SegmentDrift] = (),
) -> Markup:  # fmt: skip
    """Curves over segments, broken at cuts; lone dots where the rows are only some `of` all. `base` is on the axis, dashed if not 0."""
    series = []
    for name, colour, field in curves:
        parts: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            if (value := field(row)) is not None:
                parts[row.index if of else row.scene].append((float(row.index), value))
        for points in parts.values():
            said = [f"segment {segment:.0f}, {name}: {number(value)}" for segment, value in points]
            series.append(Series(points=points, name=name, style="dotted line", colour=colour, said=said))
        if of:
            series.append(Series(points=[], name=name, style="dots", colour=colour))  # how the legend shows them
    across = Axis.over("segment", [row.index for row in of or rows])
    across = replace(across, ticks=tuple(tick for tick in across.ticks if tick == int(tick)))
    held = [] if base is None else [base]
    up = Axis.over("", [*held, *(value for one in series for _, value in one.points)])
    up = replace(up, low=0.0) if base == 0 else up
    lines = [
        Series(points=[(cut - 0.5, up.low), (cut - 0.5, up.high)], name="cut", style="dashed", colour="bad")
        for cut in cuts
    ]
    if base:
        lines.append(Series(points=[(across.low, base), (across.high, base)], style="dashed", colour="dim"))
    return chart_svg([*lines, *series], across, up, label="by segment", width=HALF, height=170)


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{number(ratio)}×"


def _cells(jumps: Jumps) -> list[str]:
    """A line of the table of seams."""
    worst = (
        f"{_times(jumps.worst_pixel_ratio)}, before {jumps.worst_segment}" if jumps.worst_segment is not None else "–"
    )
    ratios = [_times(value) for value in (jumps.pixel_ratio, jumps.feature_ratio, jumps.flow_ratio)]
    return [f"{jumps.count:,}", *ratios, worst, number(jumps.flicker)]

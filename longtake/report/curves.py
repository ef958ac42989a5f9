"""Lines and dots over two axes as inline SVG, without a library; colours are the variables of base.html."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from longtake.report.plots import number

_LEFT, _RIGHT, _BELOW, _NAME, _ROW, _LETTER = 36, 8, 20, 14, 16, 6.0
"""Pixels beside and below the field, of the name of its x axis, a row of the legend and a letter."""
_ROOM = 0.04
"""Share of an axis that is left free beyond its outermost values."""

Colour = Literal["ink", "dim", "kept", "bad", "dropped"]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points of one kind; those with a number that is not finite are left out."""

    points: Sequence[tuple[float, float]]
    name: str = ""
    """In the legend; series of one name stand there once."""
    style: Literal["line", "dashed", "dotted line", "dots", "mark"] = "line"
    """"dotted line" has a dot at each point; "mark" is one large dot with its name beside it."""
    colour: Colour = "kept"
    said: Sequence[str] = ()
    """What each dot says when pointed at."""


@dataclass(frozen=True)
class Axis:
    """From where to where, and the numbers that stand at it."""

    name: str
    low: float
    high: float
    ticks: tuple[float, ...]

    @staticmethod
    def over(name: str, values: Iterable[float], *, at_most: int = 6) -> "Axis":
        """Holds all finite values, with ticks at round numbers; from 0 to 1 if there are none."""
        known = [value for value in values if math.isfinite(value)]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        size = max(abs(low), abs(high))
        if high - low <= 1e-9 * max(size, 1e-9):
            beside = 0.5 * size if size > 1e-9 else 0.5
            low, high = low - beside, high + beside
        ticks = _round_numbers(low, high, at_most)
        room = _ROOM * (high - low)
        return Axis(name, low - room, high + room, ticks)

    @staticmethod
    def between(name: str, ticks: Sequence[float]) -> "Axis":
        """From the first tick to the last, whatever is drawn."""
        return Axis(name, ticks[0], ticks[-1], tuple(ticks))


def chart_svg(
    series: Sequence[Series], x: Axis, y: Axis, *, label: str, width: int = 360, height: int = 200, legend: bool = True
) -> Markup:
    """The series over their axes; what lies beyond an axis is drawn at its end."""
    names = list({one.name: one for one in series if one.name and one.style != "mark"}.values()) if legend else []
    rows = _legend(names, width)
    top = 6 + _ROW * (1 + max((row for _, row, _ in rows), default=-1))
    field = _Field(x, y, _LEFT, top, width - _RIGHT, top + height)
    drawn = Markup("").join([*field.frame(), *(field.draw(one) for one in series)])
    keys = Markup("").join(_key(left, 12 + _ROW * row, one) for left, row, one in rows)
    return Markup(
        '<svg class="plot" width="100%" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="11">{}{}</svg>'
    ).format(width, top + height + _BELOW + _NAME * bool(x.name), label, keys, drawn)


@dataclass(frozen=True)
class _Field:
    """The rectangle between the axes, in pixels."""

    x: Axis
    y: Axis
    left: float
    top: float
    right: float
    bottom: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, up = (
            min(max((value - axis.low) / (axis.high - axis.low), 0.0), 1.0)
            for value, axis in ((x, self.x), (y, self.y))
        )
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def frame(self) -> Iterable[Markup]:
        """Lines at the ticks of y, the numbers of both axes and their names."""
        for tick in self.y.ticks:
            height = self.at(self.x.low, tick)[1]
            yield Markup('<path d="M{:.1f} {:.1f}H{:.1f}" stroke="var(--line)"/>').format(self.left, height, self.right)
            yield _text(self.left - 6, height + 4, number(tick), "end")
        for tick in self.x.ticks:
            across = self.at(tick, self.y.low)[0]
            yield Markup('<path d="M{:.1f} {:.1f}v4" stroke="var(--dim)"/>').format(across, self.bottom)
            yield _text(across, self.bottom + 15, number(tick), "middle")
        yield Markup('<path d="M{:.1f} {:.1f}H{:.1f}" stroke="var(--dim)"/>').format(self.left, self.bottom, self.right)
        yield _text(self.right, self.bottom + 29, self.x.name, "end")

    def draw(self, one: Series) -> Markup:
        said = one.said or [""] * len(one.points)
        known = [
            (*self.at(*point), text)
            for point, text in zip(one.points, said, strict=True)
            if all(map(math.isfinite, point))
        ]
        parts = []
        if one.style in ("line", "dashed", "dotted line") and len(known) > 1:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in known)
            dash = Markup(' stroke-dasharray="4 3"') if one.style == "dashed" else Markup("")
            parts.append(
                Markup('<path d="{}" fill="none" stroke="var(--{})" stroke-width="1.5"{}/>').format(
                    path, one.colour, dash
                )
            )
        if one.style in ("dots", "dotted line", "mark") or len(known) == 1:
            size = {"dots": 2.2, "mark": 4.5}.get(one.style, 3.0)
            faint = ' fill-opacity=".45"' if one.style == "dots" else ""
            parts += [_dot(x, y, size, one.colour, Markup(faint), text) for x, y, text in known]
        if one.style == "mark":
            parts += [self._beside(x, y, one) for x, y, _ in known]
        return Markup("").join(parts)

    def _beside(self, x: float, y: float, one: Series) -> Markup:
        before = x + 8 + _LETTER * len(one.name) > self.right
        return _text(x + (-8 if before else 8), y + 14, one.name, "end" if before else "start", colour=one.colour)


def _legend(names: Sequence[Series], width: float) -> list[tuple[float, int, Series]]:
    """Where the key of each begins, and in which row."""
    found, left, row = [], float(_LEFT), 0
    for one in names:
        wide = 22 + _LETTER * len(one.name) + 8
        if left > _LEFT and left + wide > width:
            left, row = float(_LEFT), row + 1
        found.append((left, row, one))
        left += wide
    return found


def _key(left: float, y: float, one: Series) -> Markup:
    if one.style == "dots":
        sign = _dot(left + 8, y - 4, 3.5, one.colour, Markup(""), "")
    else:
        dash = Markup(' stroke-dasharray="4 3"') if one.style == "dashed" else Markup("")
        sign = Markup('<path d="M{:.1f} {:.1f}h16" stroke="var(--{})" stroke-width="2"{}/>').format(
            left, y - 4, one.colour, dash
        )
    return sign + _text(left + 21, y, one.name, "start")


def _dot(x: float, y: float, size: float, colour: str, faint: Markup, said: str) -> Markup:
    title = Markup("<title>{}</title>").format(said) if said else Markup("")
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}" fill="var(--{})"{}>{}</circle>').format(
        x, y, size, colour, faint, title
    )


def _text(x: float, y: float, text: str, anchor: str, *, colour: str = "dim") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="var(--{})">{}</text>').format(
        x, y, anchor, colour, text
    )


def _round_numbers(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, as many as fit."""
    power = 10.0 ** math.floor(math.log10((high - low) / at_most))
    for step in (power * factor for factor in (1, 2, 5, 10, 20)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < at_most:
            return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))
    return ()

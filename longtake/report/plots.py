"""Histograms and a correlation matrix as inline SVG, without a library.

Colours are the variables of base.html, so that a plot is light or dark as its page is. Bins are drawn equally wide,
whatever their edges are; `longtake/report/distribution.py` chooses edges that look well.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from markupsafe import Markup

from longtake.report.distribution import bin_values, correlations

__all__ = ["amount", "bin_values", "correlation_svg", "correlations", "histogram_svg", "number", "numbers_apart"]

_WIDTH, _LEFT, _BARS, _ROW = 360, 38, 76, 13
_LETTER = 6.2
"""Pixels of a plot: its width, where the bars begin, how high they are, a line of text, and a letter of it."""
_CELL, _CELL_ROW = 48, 23


def number(value: float | None, digits: int = 3) -> str:
    """Three digits, or so many, for people: `1,234`, `12.3`, `0.0456`."""
    if value is None or math.isnan(value):
        return "–"
    shown = f"{value:,.0f}" if 10**digits <= abs(value) < 1e6 else f"{value or 0.0:.{digits}g}"
    return shown.replace("e-0", "e-").replace("e+0", "e").replace("-", "−").replace("inf", "∞")


def amount(value: float) -> str:
    """`16.8M`, `1.07B`."""
    power = next((n for n in range(4, 0, -1) if value >= 0.9995 * 1000**n), 0)
    return number(value / 1000**power) + " kMBT"[power].strip()


def numbers_apart(one: float, other: float) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to tell them apart: `2.498`, `2.5` and not twice `2.5`."""
    for digits in range(3, 17):
        shown = number(one, digits), number(other, digits)
        if shown[0] != shown[1]:
            break
    return shown


def histogram_svg(
    counts: Sequence[int],
    edges: Sequence[float],
    *,
    label: str,
    marks: Mapping[str, float] | None = None,
    dropped: Sequence[int] | None = None,
    curves: Sequence[Sequence[tuple[float, float]]] = (),
) -> Markup:
    """Bars over `edges` (one more than bars; none of no bars), those of `dropped` stacked on top in grey.

    `marks` are lines with a name and their value; one beyond the axis is drawn at its end with an arrow. A bin whose
    edge is infinite holds the outliers: it is pale, and `<` or `>` stands at its label. `curves` are lines through points
    (value, height in counts) over the bars.
    """
    above = list(dropped or [0] * len(counts))
    highest = max((a + b for a, b in zip(counts, above, strict=True)), default=0)
    most = max([highest, *(height for curve in curves for _, height in curve)]) if highest else 0
    top = 4 + _ROW * len(marks or {})
    base = top + _BARS
    parts = [_text(_LEFT - 6, top + 9, f"{math.ceil(most):,}", "end"), _axis(edges, base)]
    if not most:
        parts.append(_text((_LEFT + _WIDTH) / 2, top + _BARS / 2, "no values", "middle"))
    width = (_WIDTH - _LEFT) / max(len(counts), 1)
    for index, (kept, off) in enumerate(zip(counts, above, strict=True)):
        low, high = edges[index], edges[index + 1]
        pale = not (math.isfinite(low) and math.isfinite(high))
        said = f"{_between(low, high)}: {kept:,}" + (f" kept, {off:,} dropped" if dropped is not None else "")
        heights = [max(_BARS * n / most, 1.5) if n else 0.0 for n in (kept, off)]
        parts.append(_bar(_LEFT + index * width, base, width, heights, said, pale))
    parts += [_curve(curve, edges, base, most) for curve in curves if most]
    for row, (name, value) in enumerate(sorted((marks or {}).items(), key=lambda item: item[1])):
        parts.append(_mark(name, value, edges, 11 + _ROW * row, base))
    return _svg(_WIDTH, base + 18, label, parts)


def correlation_svg(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> Markup:
    """The lower half of a correlation matrix as a heat map with its numbers; a name of a column stands on the diagonal.

    Cells are dark where two go together, and orange where one goes up as the other goes down.
    """
    short = [name if len(name) <= 24 else f"{name[:23]}…" for name in names]
    left = max((len(name) for name in short), default=0) * (_LETTER + 0.8) + 10
    parts = []
    for i, name in enumerate(short):
        y = i * _CELL_ROW
        if i:
            parts.append(_text(left - 8, y + 15, name, "end", ink=True))
        if i < len(short) - 1:
            parts.append(_text(left + i * _CELL + 4, y + 15, name, "start"))
        parts += [_cell(left + j * _CELL, y, f"{name} and {short[j]}", matrix[i][j]) for j in range(i)]
    return _svg(
        left + _CELL * len(short) + 60, _CELL_ROW * len(short) + 2, "correlation of the metrics", parts, wide=True
    )


def _svg(width: float, height: float, label: str, parts: Sequence[Markup], *, wide: bool = False) -> Markup:
    size = Markup(' width="{:.0f}"').format(width) if wide else Markup(' width="100%"')
    return Markup(
        '<svg class="plot"{} viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}" font-size="11">{}</svg>'
    ).format(size, width, height, label, Markup("").join(parts))


def _text(x: float, y: float, text: str, anchor: str, *, ink: bool = False, colour: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="var(--{})">{}</text>').format(
        x, y, anchor, colour or ("ink" if ink else "dim"), text
    )


def _between(low: float, high: float) -> str:
    if not math.isfinite(low):
        return f"below {number(high)}"
    if not math.isfinite(high):
        return f"{number(low)} and above"
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _bar(x: float, base: float, width: float, heights: Sequence[float], said: str, pale: bool) -> Markup:
    """One bin: what is kept, what is dropped on top of it, and a field over all its height that says its numbers."""
    gap = min(1.0, width / 6)
    parts, y = [Markup("<title>{}</title>").format(said)], base
    parts.append(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill="transparent"/>').format(x, base - _BARS, width, _BARS)
    )  # fmt: skip
    for height, fill in zip(heights, ('var(--kept)"', 'var(--dropped)" fill-opacity=".6"'), strict=True):
        if height:
            y -= height
            parts.append(
                Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}/>').format(
                    x + gap / 2, y, width - gap, height, Markup(fill)
                )
            )
    return Markup("<g{}>{}</g>").format(Markup(' opacity=".5"') if pale else "", Markup("").join(parts))


def _axis(edges: Sequence[float], base: float) -> Markup:
    """The line below the bars and the numbers at its ends, and at edges between them as far as there is room."""
    line = Markup('<path d="M{} {:.1f}H{}" stroke="var(--line)"/>').format(_LEFT, base + 0.5, _WIDTH)
    if not edges:
        return line
    if edges[0] == edges[-1]:
        return line + _text((_LEFT + _WIDTH) / 2, base + 14, number(edges[0]), "middle")
    width = (_WIDTH - _LEFT) / (len(edges) - 1)
    first = number(edges[0]) if math.isfinite(edges[0]) else f"< {number(edges[1])}"
    last = number(edges[-1]) if math.isfinite(edges[-1]) else f"> {number(edges[-2])}"
    texts = [_text(_LEFT, base + 14, first, "start"), _text(_WIDTH, base + 14, last, "end")]
    free, end = _LEFT + len(first) * _LETTER + 7, _WIDTH - len(last) * _LETTER - 7
    every = next(n for n in (1, 2, 4, 5, 10, 1 << 30) if len(edges) / n <= 7)
    steps = [b - a for a, b in pairwise(edges) if math.isfinite(b - a)]
    for index in range(1, len(edges) - 1):
        shown, x = number(edges[index]), _LEFT + index * width
        # At round numbers, not at each fifth edge from wherever the axis begins.
        turn = round(edges[index] / min(steps)) if max(steps) < 1.01 * min(steps) else index
        half = len(shown) * _LETTER / 2
        if turn % every == 0 and x - half > free and x + half < end:
            texts.append(_text(x, base + 14, shown, "middle"))
            free = x + half + 7
    return line + Markup("").join(texts)


def _curve(points: Sequence[tuple[float, float]], edges: Sequence[float], base: float, most: float) -> Markup:
    across = [_LEFT + _place(value, edges)[0] * (_WIDTH - _LEFT) for value, _ in points]
    path = "L".join(
        f"{x:.1f} {base - _BARS * height / most:.1f}" for x, (_, height) in zip(across, points, strict=True)
    )
    return Markup('<path d="M{}" fill="none" stroke="var(--ink)" stroke-width="1.2"/>').format(path)


def _mark(name: str, value: float, edges: Sequence[float], y: float, base: float) -> Markup:
    place, arrow = _place(value, edges)
    x = _LEFT + place * (_WIDTH - _LEFT)
    said = f"{name} {number(value)}"
    before = place > 0.6
    said = {-1: f"← {said}", 0: said, 1: f"{said} →"}[arrow]
    line = Markup('<path d="M{:.1f} {:.1f}V{:.1f}" stroke="var(--bad)" stroke-dasharray="3 2"/>').format(x, y - 9, base)
    return line + _text(x + (-4 if before else 4), y, said, "end" if before else "start", colour="bad")


def _place(value: float, edges: Sequence[float]) -> tuple[float, int]:
    """Where on the axis a value lies, 0 to 1, and whether it lies before (-1) or beyond it (1)."""
    finite = [edge for edge in edges if math.isfinite(edge)]
    if not finite or value < finite[0]:
        return 0.0, -1
    if value > finite[-1]:
        return 1.0, 1
    if finite[0] == finite[-1]:
        return 0.5, 0
    index = min(bisect_right(edges, value) - 1, len(edges) - 2)
    low, high = edges[index], edges[index + 1]
    inside = (value - low) / (high - low) if math.isfinite(low) and math.isfinite(high) else 0.0
    return (index + inside) / (len(edges) - 1), 0


def _cell(x: float, y: float, said: str, value: float | None) -> Markup:
    if value is None:
        return _text(x + _CELL / 2, y + 15, "–", "middle")
    strong = abs(value) > 0.55
    colour = "ink" if value >= 0 else "bad"
    rect = Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="2" fill="var(--{})" fill-opacity="{:.2f}"/>'
    ).format(x, y, _CELL - 2, _CELL_ROW - 2, colour, 0.04 + 0.86 * min(abs(value), 1.0))
    shown = f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"
    text = _text(x + _CELL / 2 - 1, y + 14.5, shown, "middle", colour="page" if strong else "ink")
    return Markup("<g><title>{}: {}</title>{}{}</g>").format(said, shown, rect, text)

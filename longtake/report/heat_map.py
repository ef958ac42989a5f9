"""How alike things are to each other, as a small heat map in inline SVG; colours are the variables of base.html."""

from collections.abc import Collection, Sequence

from markupsafe import Markup

from longtake.report.plots import number

MOST = 40
"""Rows that are drawn; of more, every second, third, ..."""
NUMBERED = 14
"""Up to so many rows, cells have their numbers in them."""
_SIDE, _LEFT, _TOP, _BELOW = 440, 26, 18, 24
"""Pixels of the square and of what stands left of it, above and below."""


def heat_svg(matrix: Sequence[Sequence[float]], *, label: str, cuts: Collection[int] = ()) -> Markup:
    """A square matrix of similarities; the lowest is pale, the highest dark. `cuts`: rows before which a line is drawn."""
    every = -(-len(matrix) // MOST)
    shown = range(0, len(matrix), max(every, 1))
    values = [matrix[i][j] for i in shown for j in shown]
    if not values:
        return Markup("")
    low, high = min(values), max(values)
    cell = _SIDE / len(shown)
    parts = [
        _cell(_LEFT + x * cell, _TOP + y * cell, cell, f"{i} and {j}", matrix[i][j], (low, high), len(shown))
        for y, i in enumerate(shown)
        for x, j in enumerate(shown)
    ]
    names = -(-len(shown) // 20)
    for place, segment in enumerate(shown):
        middle = (place + 0.5) * cell
        if place % names == 0:
            parts.append(_text(_LEFT + middle, _TOP - 6, str(segment), "middle"))
            parts.append(_text(_LEFT - 6, _TOP + middle + 4, str(segment), "end"))
        if place and any(shown[place - 1] < cut <= segment for cut in cuts):
            parts.append(_line(place * cell))
    parts.append(_text(_LEFT, _TOP + _SIDE + 18, f"pale {number(low)}, dark {number(high)}", "start"))
    width, height = _LEFT + _SIDE + 2, _TOP + _SIDE + _BELOW
    return Markup(
        '<svg class="plot heat" width="100%" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="11">{}</svg>'
    ).format(width, height, label, Markup("").join(parts))


def _cell(x: float, y: float, side: float, names: str, value: float, ends: tuple[float, float], rows: int) -> Markup:
    low, high = ends
    strength = (value - low) / (high - low) if high > low else 1.0
    rect = Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="var(--kept)" fill-opacity="{:.2f}"/>'
    ).format(x, y, side - 1, side - 1, 0.06 + 0.88 * strength)
    said = f"{value:.2f}".replace("-", "−")
    text = Markup("")
    if rows <= NUMBERED:
        colour = "page" if strength > 0.6 else "ink"
        text = _text(x + side / 2, y + side / 2 + 4, said, "middle", colour=colour)
    return Markup("<g><title>{}: {}</title>{}{}</g>").format(names, number(value), rect, text)


def _line(at: float) -> Markup:
    """A cut, across and down."""
    return Markup('<path d="M{:.1f} {}v{}M{} {:.1f}h{}" stroke="var(--bad)" stroke-width="1.5"/>').format(
        _LEFT + at - 0.5, _TOP, _SIDE, _LEFT, _TOP + at - 0.5, _SIDE
    )


def _text(x: float, y: float, text: str, anchor: str, *, colour: str = "dim") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="var(--{})">{}</text>').format(
        x, y, anchor, colour, text
    )

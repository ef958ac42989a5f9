"""A matplotlib figure as inline SVG of a page: its colours are the variables of base.html, so that it is light or dark as the page is.

Matplotlib refers to shapes by id and to colours by number; a page holds many figures, and ids must not meet. So what it writes is
taken apart and put together anew: every shape stands where it is used, without ids, styles or links.
"""

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

from markupsafe import Markup

from longtake.report.plots import amount, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, DIM, LINE, KEPT, DROPPED, BAD, PAGE = (f"#0000f{turn}" for turn in range(1, 8))
"""Stand for the page's variables; no figure has these blues of its own."""
VARIABLES = {
    INK: "var(--ink)", DIM: "var(--dim)", LINE: "var(--line)", KEPT: "var(--kept)", DROPPED: "var(--dropped)",
    BAD: "var(--bad)", PAGE: "var(--page)",
}  # fmt: skip
RAMP = ("#4a86d8", "#17a08f", "#8fa02c", "#de8a2c", "#d4506e")
"""From the least to the most, of a lightness that can be seen on a light page and on a dark one."""
STYLE: Mapping[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "longtake", "font.size": 11, "text.color": INK, "axes.edgecolor": DIM,
    "axes.labelcolor": DIM, "xtick.color": DIM, "ytick.color": DIM, "axes.grid": True, "grid.color": LINE, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.facecolor": "none", "figure.facecolor": "none",
    "legend.frameon": False, "legend.fontsize": 11, "lines.linewidth": 1.5,
}  # fmt: skip


def draw_svg(draw: Callable[["Figure"], None], *, label: str, width: int, height: int) -> Markup:
    """What `draw` puts on an empty figure of so many pixels. The same drawing gives the same bytes.

    Nothing is clipped, so `draw` keeps its lines inside of the axes. Links of points (`urls` of a scatter) are what they say when
    pointed at.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        draw(figure)
        for artist in figure.findobj():
            artist.set_clip_on(False)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return _inline(written.getvalue(), label, width, height)


def ramp(share: float) -> str:
    """The colour of a share, 0 to 1, of the way along `RAMP`."""
    place = min(max(share, 0.0), 1.0) * (len(RAMP) - 1)
    at = min(int(place), len(RAMP) - 2)
    low, high = (bytes.fromhex(colour[1:]) for colour in RAMP[at : at + 2])
    return "#" + "".join(f"{round(a + (b - a) * (place - at)):02x}" for a, b in zip(low, high, strict=True))


def ramps(values: Sequence[float]) -> dict[float, str]:
    """The colour of each value by its place among them in logarithms."""
    low, high = math.log(min(values)), math.log(max(values))
    return {value: ramp((math.log(value) - low) / ((high - low) or 1.0)) for value in values}


def power(value: float, digits: int = 3) -> str:
    """Numbers that are far from 1, as FLOPs and learning rates: `3e14`, `2.5e−4`, and `0.002` as it is."""
    plain = number(value, digits) if 1e-3 <= abs(value) < 1e4 or not math.isfinite(value) else f"{value:.{digits - 1}e}"
    mantissa, _, exponent = plain.partition("e")
    if not exponent:
        return plain
    short = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{short}e{int(exponent)}".replace("-", "−")


def log_axis(
    axes: "Axes", which: Literal["x", "y"], low: float, high: float, say: Callable[[float], str] = amount
) -> None:
    """From `low` to `high` in logarithms, with ticks at round numbers as `say` writes them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    decades = math.log10(high / low)
    steps = (
        (1,) if decades > 3.5 else (1, 3) if decades > 2 else (1, 2, 5) if decades > 0.8 else (1, 1.5, 2, 3, 4, 5, 7)
    )
    axes.set(**{f"{which}scale": "log", f"{which}lim": (low, high)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=steps, numticks=30))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: say(value)))


def _inline(svg: str, label: str, width: int, height: int) -> Markup:
    root = ElementTree.fromstring(svg)
    shapes = {element.get("id", ""): element for element in root.iter() if _name(element) == "path"}
    page = ElementTree.Element(
        "svg",
        {
            "class": "plot", "width": "100%", "viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": label,
            "stroke-linejoin": "round", "font-size": "11",
        },
    )  # fmt: skip
    page.extend(_redrawn(root, shapes))
    return Markup(ElementTree.tostring(page, encoding="unicode"))


def _redrawn(parent: ElementTree.Element, shapes: Mapping[str, ElementTree.Element]) -> Iterator[ElementTree.Element]:
    """What is seen of the parent's children; groups that say nothing are dissolved."""
    for child in parent:
        match _name(child):
            case "g" if not child.get("transform"):
                yield from _redrawn(child, shapes)
            case "a":
                said = ElementTree.Element("g")
                ElementTree.SubElement(said, "title").text = next(v for k, v in child.items() if k.endswith("href"))
                said.extend(_redrawn(child, shapes))
                yield said
            case "use":
                shape = shapes[next(v for k, v in child.items() if k.endswith("href")).removeprefix("#")]
                place = f"translate({child.get('x', '0')} {child.get('y', '0')})"
                yield _element("path", _looks(shape) | _looks(child) | {"d": shape.get("d", ""), "transform": place})
            case "path" | "text" | "g" | "tspan" as name:
                kept = {key: value for key, value in child.items() if key in ("d", "x", "y", "transform")}
                drawn = _element(name, _looks(child) | kept)
                drawn.text = child.text if name in ("text", "tspan") else None
                drawn.extend(_redrawn(child, shapes))
                yield drawn


def _looks(element: ElementTree.Element) -> dict[str, str]:
    """The style as attributes, which a page may hold, and the page's own letters."""
    pairs = (pair.partition(":") for pair in element.get("style", "").split(";"))
    looks = {name.strip(): value.strip() for name, _, value in pairs if value}
    return {name: VARIABLES.get(value, value) for name, value in looks.items() if name != "font-family"} | (
        {"fill": "var(--ink)"} if _name(element) == "text" and "fill" not in looks else {}
    )


def _element(name: str, attributes: Mapping[str, str]) -> ElementTree.Element:
    """Places to a tenth of a pixel."""
    rounded = {
        key: re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}", " ".join(value.split()))
        if key in ("d", "x", "y", "transform")
        else value
        for key, value in attributes.items()
    }
    return ElementTree.Element(name, rounded)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]

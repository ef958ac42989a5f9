"""The frame of every report, and the way back from a page to the counts that it shows."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from typing import Any

import jinja2
from markupsafe import Markup

from longtake import __version__

Counts = Counter[tuple[str, str]]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longtake.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["clock"] = clock
    environment.filters["size"] = size
    environment.filters["shorten"] = shorten
    environment.filters["beginning"] = beginning
    environment.filters["folded"] = folded
    return environment


def render_page(template: str, **values: Any) -> str:
    """One whole HTML page from a template of this folder; every value is escaped."""
    return _environment().get_template(template).render(version=__version__, **values)


def count_rows(counts: Counts, sentences: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lines of a page's table of counts: outcome, reason, number, and the reason in words."""
    order = {"kept": 0, "dropped": 1, "quarantined": 2}
    return [
        {"outcome": outcome, "reason": reason, "count": n, "meaning": sentences.get(reason, "")}
        for (outcome, reason), n in sorted(counts.items(), key=lambda item: (order[item[0][0]], item[0][1]))
    ]


def counts_in(html: str) -> Counts:
    """The counts by (outcome, reason) that a page shows, read from the page itself."""
    reader = _CountReader()
    reader.feed(html)
    return reader.counts


class _CountReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.counts: Counts = Counter()
        self._cell: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "data-outcome" in found:
            self._cell = (found["data-outcome"] or "", found.get("data-reason") or "")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self.counts[self._cell] += int(data.replace(",", ""))
            self._cell = None


def clock(seconds: float) -> str:
    """`1:02:03.45`, `2:03.45` or `3.45 s`."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes_left:02}:{rest / 100:05.2f}"
    return f"{minutes}:{rest / 100:05.2f}" if minutes else f"{rest / 100:.2f} s"


def size(amount: float) -> str:
    """Bytes for people: `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def shorten(text: str, chars: int = 200) -> str:
    """The text with its middle left out, so that a page stays small whatever a file is called: names differ at the end."""
    return text if len(text) <= chars else f"{text[: chars // 4]} … {text[-(chars - chars // 4 - 3) :]}"


def beginning(text: str, chars: int = 400) -> str:
    """Of a longer text so much, up to the end of a word: captions say first what they are about."""
    return text if len(text) <= chars else f"{text[: chars - 2].rsplit(' ', 1)[0]} …"


def folded(text: str) -> str:
    """A JSON object as a block that is opened to be read, indented; any other text as it is."""
    try:
        found = json.loads(text) if text.startswith("{") else None
    except ValueError:
        found = None
    if not found:
        return text
    shown = json.dumps(found, indent=2, ensure_ascii=False)
    return Markup("<details><summary>{}</summary><pre>{}</pre></details>").format(", ".join(found), shown)

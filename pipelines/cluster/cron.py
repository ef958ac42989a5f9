"""Times that come again, as Kubeflow writes them: six fields in UTC, seconds first. Pure."""

import re
from dataclasses import dataclass

from longtake.errors import UserError


@dataclass(frozen=True)
class Field:
    """One of the six: its bounds, and the names that stand for numbers."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """In order, the first of them for `first`."""

    @property
    def expected(self) -> str:
        """In words."""
        names = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.first} to {self.last}{names}, or * for any"

    def accepts(self, text: str) -> bool:
        """Whether every part between commas is `*`, `?`, a value or a range, with a step or without."""
        return all(self._accepts_part(part) for part in text.split(","))

    def _accepts_part(self, part: str) -> bool:
        match = re.fullmatch(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/([0-9]+))?", part)
        if match is None or (match[3] is not None and int(match[3]) < 1):
            return False
        values = [self._number(text) for text in (match[1], match[2]) if text is not None]
        return all(self.first <= value <= self.last for value in values) and values == sorted(values)

    def _number(self, text: str) -> int:
        if text.lower() in self.names:
            return self.first + self.names.index(text.lower())
        return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    Field("day of week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
EXAMPLE = "0 0 2 * * *"
"""Every night at two."""


def check_cron(text: str) -> str:
    """The expression, with single spaces. Raises UserError for one that Kubeflow refuses, or that starts more than one run
    a minute."""
    parts = text.split()
    if len(parts) == len(FIELDS) - 1:
        raise UserError(f"the cron {text!r} has five fields; give six fields, seconds first: 0 {' '.join(parts)}")
    if len(parts) != len(FIELDS):
        raise UserError(f"the cron {text!r} has {len(parts)} fields; give six fields, seconds first: {EXAMPLE}")
    for field, part in zip(FIELDS, parts, strict=True):
        if not field.accepts(part):
            raise UserError(f"the cron {text!r} has the {field.name} {part!r}; expected {field.expected}")
    if parts[0] != "0":
        raise UserError(f"the cron {text!r} has the second {parts[0]!r}; the first of six fields is the second: give 0")
    return " ".join(parts)

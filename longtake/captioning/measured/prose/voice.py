"""The choice among phrasings, and how numbers and names are said."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z' -]{0,49}")
"""What may stand in a sentence as the name of a thing or a colour."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One thing that is said."""

    text: str
    rank: int
    """Of two that do not both fit, the one with the smaller number stays."""


class Voice:
    """Chooses among phrasings: the same of the same for one seed, others for another."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def pick(self, *options: str) -> str:
        """One of them. Every choice is independent of all others."""
        digest = hashlib.sha256(f"{self._seed}\n{options[0]}".encode()).digest()
        return options[int.from_bytes(digest[:8], "big") % len(options)]


def fit(sentences: Sequence[Sentence], words_max: int) -> str:
    """As many of them as fit, the most important first, in the order given."""
    chosen: set[int] = set()
    words = 0
    for place in sorted(range(len(sentences)), key=lambda place: sentences[place].rank):
        longer = words + len(sentences[place].text.split())
        if longer <= words_max:
            chosen.add(place)
            words = longer
    return " ".join(sentence.text for place, sentence in enumerate(sentences) if place in chosen)


def grade(value: float, steps: Sequence[tuple[float, str]], last: str) -> str:
    """The word of the first step that the value is below."""
    return next((word for below, word in steps if value < below), last)


def percent(share: float) -> str:
    """A share of 0 to 1 as people say it."""
    if share < 0.01:
        return "less than 1%"
    return f"{round(100 * min(share, 1.0))}%"


def pace(widths_s: float) -> str:
    """A speed in widths of the view a second."""
    if widths_s >= 10:
        return "more than ten widths of the view a second"
    if widths_s >= 1:
        return f"{widths_s:.1f} widths of the view a second"
    return f"{percent(widths_s)} of the view's width a second"


def seconds(duration_s: float) -> str:
    """A length of time."""
    if duration_s < 1:
        return "less than a second"
    whole = abs(duration_s - round(duration_s)) < 0.05
    return f"{round(duration_s)} second{'s' if duration_s >= 1.5 else ''}" if whole else f"{duration_s:.1f} seconds"


def a(name: str) -> str:
    """A name with its article."""
    lower = name.lower()
    sounds_as_vowel = lower.startswith("hour") or (lower[:1] in tuple("aeiou") and not lower.startswith(("uni", "eu")))
    return f"an {name}" if sounds_as_vowel else f"a {name}"


def is_plain(name: str) -> bool:
    """Whether it may stand in a sentence: letters, a few words."""
    return PLAIN_NAME.fullmatch(name) is not None and len(name.split()) <= 6


def listing(items: Sequence[str], last: str = "and") -> str:
    """`one, two and three`."""
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else items[0]


def capital(text: str) -> str:
    """With a capital letter at the beginning."""
    return text[:1].upper() + text[1:]

"""Which filmstrips and films go into a page that must stay small."""

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from longtake.records import Clip

PAGE_BYTES = 1_900_000
"""Of a page without its films: under 2 MB, with some air."""
FILM_BYTES = 2_000_000
"""A film below this plays on the page."""
FILMS_BYTES = 16_000_000
"""Of all films of a page as they are written into it, a third larger than they are in files."""

Item = TypeVar("Item")
Source = Callable[[Clip], bytes]


def choose(clips: Iterable[Clip], source: Source, room: int, largest: int = PAGE_BYTES) -> dict[str, str]:
    """Base64 of what `source` gives for the clips, in their order until the room is full, by clip_id.

    A clip that is shown twice is asked for once and costs twice. One whose picture is empty (missing) or has `largest`
    bytes or more is left out; the first that no longer fits ends it, so that no more is read than is shown.
    """
    wanted = list(clips)
    times = Counter(clip.clip_id for clip in wanted)
    found: dict[str, str] = {}
    for clip in {clip.clip_id: clip for clip in wanted}.values():
        data = source(clip)
        if not 0 < len(data) < largest:
            continue
        text = base64.b64encode(data).decode()
        room -= len(text) * times[clip.clip_id]
        if room < 0:
            break
        found[clip.clip_id] = text
    return found


def in_turn(*lists: Sequence[Item]) -> list[Item]:
    """The first of each list, then the second of each, ...: so that no list takes all the room."""
    longest = max(map(len, lists), default=0)
    return [items[place] for place in range(longest) for items in lists if place < len(items)]


def left_out(clips: Iterable[Clip], found: Mapping[str, str]) -> int:
    """Clips without a picture."""
    return len({clip.clip_id for clip in clips} - set(found))

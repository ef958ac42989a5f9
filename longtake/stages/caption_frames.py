"""Captions to learn from get their frames: the work of many processes, none of it done twice."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from longtake.caption_tuning.seeds import LeftOut, Seed
from longtake.caption_tuning.workers import Keeper
from longtake.engine import Lost, Pool, cores, stream

Show = Callable[[str, Iterator[Any], int], Iterator[Any]]
"""Shows how far a stream is: its name, the stream, how many items."""
AT_ONCE = 64
"""Captions of one video that are read in one pass over it at most."""


def keep_frames(seeds: Iterable[Seed], keeper: Callable[[], Keeper], show: Show) -> tuple[list[Seed], list[LeftOut]]:
    """The captions whose frames are there now, in their order, and the others with the reason."""
    listed = list(seeds)
    groups = group_by_media(listed)
    faults: dict[str, tuple[str, str]] = {}
    pools = [Pool(name="looking", make=keeper, workers=min(cores(), len(groups)) or 1)]
    for group, found in show("looking", stream(groups, pools), len(groups)):
        lost = isinstance(found, Lost)
        faults |= {seed.name: ("worker_lost", found.detail) for seed in group} if lost else found
    kept = [seed for seed in listed if seed.name not in faults]
    return kept, [LeftOut(seed.place, *faults[seed.name]) for seed in listed if seed.name in faults]


def group_by_media(seeds: Iterable[Seed]) -> list[list[Seed]]:
    """Captions of one file together, so that it is decoded once; of one span once, however often it is described."""
    groups: dict[tuple[str, str], dict[str, Seed]] = {}
    for seed in seeds:
        groups.setdefault((seed.media, seed.kind), {})[seed.name] = seed
    return [
        members[at : at + AT_ONCE]
        for group in groups.values()
        for members in [list(group.values())]
        for at in range(0, len(members), AT_ONCE)
    ]

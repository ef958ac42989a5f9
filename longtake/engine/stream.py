"""One function over many items, through pools of workers, on the engine that is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from longtake.engine.backend import Backend
from longtake.engine.line import Line
from longtake.engine.pools import Engine, Lost, Pool
from longtake.errors import UserError

Item = TypeVar("Item")


def stream(
    items: Iterable[Item], pools: Sequence[Pool], *, engine: Engine = "local"
) -> Iterator[tuple[Item, Any | Lost]]:
    """Each item with what the last pool made of it, as they come; an item flows from pool to pool.

    A full batch is waited for only while a worker is busy. Little is held: items are taken when a worker of the first
    pool has room, and a pool begins nothing while twice the next pool's workers x batch wait for that.

    A worker that dies is made anew and the items that it held are tried again, each alone; one that no worker
    survives comes back as Lost. The first exception of a worker, or of its `make`, is raised as it is: nothing new is
    begun, and what the last pool works on is still given before. Leaving early, and being told to end, kill all workers
    at once. Raises UserError for GPUs that are not there, TransientError for workers that do not start or that die
    whatever they are given.
    """
    if not pools or len({pool.name for pool in pools}) < len(pools):
        raise UserError(f"pools: {[pool.name for pool in pools]}; give at least one, each with a name of its own")
    return _flow(iter(items), pools, engine)


def _flow(items: Iterator[Item], pools: Sequence[Pool], engine: Engine) -> Iterator[tuple[Item, Any | Lost]]:
    for first in islice(items, 1):  # without one, nothing is started
        backend = _open(engine, pools)
        try:
            yield from Line(first, items, _filled(pools, backend.processors()), backend).run()
        finally:
            backend.close()


def _filled(pools: Sequence[Pool], processors: int) -> list[Pool]:
    """The pools with a number of workers each."""
    left = processors - sum(pool.cpus * pool.workers for pool in pools)
    return [pool if pool.workers else replace(pool, workers=max(1, int(left / max(pool.cpus, 0.1)))) for pool in pools]


def _open(engine: Engine, pools: Sequence[Pool]) -> Backend:
    match engine:
        case "local":
            from longtake.engine.processes import Processes

            return Processes(pools)
        case "ray":
            from longtake.engine.on_ray import Actors

            return Actors()

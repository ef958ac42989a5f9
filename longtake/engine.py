"""One function over many items. Here: threads, since the heavy work is done by guarded processes and native code."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from longtake.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_unordered(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int) -> Iterator[Result]:
    """The results of `work`, as they come, with at most twice `workers` items taken ahead.

    The first error ends the iteration, after the items that were being worked on; nothing new is begun.
    """
    waiting: set[Future[Result]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.add(pool.submit(work, item))
                if len(waiting) >= 2 * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            for future in waiting:
                future.cancel()


def cores() -> int:
    """Processors that this process may use; `LONGTAKE_WORKERS` says otherwise where a pod's CPU limit is lower."""
    given = os.environ.get("LONGTAKE_WORKERS")
    if given is not None:
        if not given.isdigit() or int(given) < 1:
            raise UserError(f"LONGTAKE_WORKERS is {given!r}; give a whole number from 1")
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

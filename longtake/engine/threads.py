"""One function over many items. Here: threads, since the heavy work is done by guarded processes and native code."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from longtake.ending import shield
from longtake.errors import UserError

LONGEST_WAIT_S = 0.2
"""After which it is looked whether the process was told to end."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_unordered(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int) -> Iterator[Result]:
    """The results of `work`, as they come, with at most twice `workers` items taken ahead.

    After the first error nothing new is begun; what was being worked on is still given, and then the error is raised.
    Being told to end (Ctrl-C, SIGTERM) waits for nothing.
    """
    left = iter(items)
    waiting: set[Future[Result]] = set()
    error: BaseException | None = None
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            if error is None:
                for item in islice(left, 2 * workers - len(waiting)):
                    with shield():
                        waiting.add(pool.submit(work, item))
            if not waiting:
                break
            done: set[Future[Result]] = set()
            while not done:
                with shield():
                    done, waiting = wait(waiting, LONGEST_WAIT_S, return_when=FIRST_COMPLETED)
            for future in done:
                fault = future.exception()
                if fault is None:
                    yield future.result()
                elif error is None:
                    error = fault
                    waiting = {other for other in waiting if not other.cancel()}
    except (KeyboardInterrupt, SystemExit):
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    if error is not None:
        raise error


def cores() -> int:
    """Processors that this process may use; `LONGTAKE_WORKERS` says otherwise where a pod's CPU limit is lower."""
    given = os.environ.get("LONGTAKE_WORKERS")
    if given is not None:
        if not given.isdecimal() or int(given) < 1:
            raise UserError(f"LONGTAKE_WORKERS is {given!r}; give a whole number from 1")
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Being told to end (a pod is evicted, a run is stopped): SIGTERM becomes an exception, but never in the midst of a lock."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Ended(SystemExit):
    """The process was told to end: what is finished is committed on the way out."""

    def __str__(self) -> str:
        return "ended by SIGTERM"


_shields = 0
_told: Ended | None = None


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Turns SIGTERM into `Ended` while the block runs; only the main thread can, so in another one nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        global _told
        signal.signal(number, signal.SIG_IGN)  # a second one must not break off the way out
        _told = Ended(128 + number)
        if not _shields:
            _raise()

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


@contextmanager
def shield() -> Iterator[None]:
    """Puts `Ended` off until the block is through. For calls that take locks in Python, as those of concurrent.futures do.

    An exception between taking such a lock and the `with` that gives it back leaves it taken for ever, and whoever waits
    for it as well. Keep the block short: what it waits for needs a time-out.
    """
    global _shields
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _shields += 1
    try:
        yield
    finally:
        _shields -= 1
    if not _shields and _told is not None:
        _raise()


def is_told() -> bool:
    """Whether `Ended` waits for the end of a `shield`: what takes long under one asks now and then, and comes to an end."""
    return _told is not None


def _raise() -> None:
    global _told
    told, _told = _told, None
    if told is not None:
        raise told

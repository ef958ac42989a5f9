"""How long to wait before a server is asked again, and how many threads wait together."""

import math
import random
import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from longtake.captioning.config import Requests


class Closed(RuntimeError):
    """The captioner was closed while it was at work."""


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that a server wants to be left alone: `retry-after-ms`, or `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).

    `now_s` is the time since the epoch. Not negative; infinite where it says so; None where it says nothing that can be read.
    """
    for name, unit_s in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            wait_s = float(headers[name]) * unit_s
        except (KeyError, ValueError):
            continue
        return wait_s if wait_s >= 0 else None
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - now_s)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None


def backoff_s(attempt: int, asked_s: float | None, requests: Requests, draw: float) -> float:
    """Seconds from a failed attempt to the next: doubled each time, half of it by the `draw` from [0, 1).

    What the server `asked` for is the least, and the draw spreads the threads behind it; never more than `backoff_max_s`.
    """
    own_s = min(requests.backoff_max_s, requests.backoff_s * 2.0 ** min(attempt - 1, 60)) * (1 + draw) / 2
    asked_s = 0.0 if asked_s is None else asked_s + draw * requests.backoff_s
    return min(requests.backoff_max_s, max(own_s, asked_s))


class Gate:
    """Holds the threads of one captioner back: each for its own wait, all of them while the server wants to be left alone."""

    def __init__(self, spread_s: float) -> None:
        self._spread_s = spread_s
        self._shut_until_s = -math.inf
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def shut(self, wait_s: float) -> None:
        """For all, from now on; a longer wait that is under way stays."""
        with self._lock:
            self._shut_until_s = max(self._shut_until_s, time.monotonic() + wait_s)

    def pass_through(self, wait_s: float, late_s: float) -> bool:
        """True after the own wait and with the gate open, False at `late_s` of the monotonic clock. Raises Closed, at once.

        The threads pass one after the other once it opens, within `spread_s`: all at the same time would shut it again.
        """
        ready_s, lag_s = time.monotonic() + wait_s, random.random() * self._spread_s
        while True:
            with self._lock:
                open_s = max(ready_s, self._shut_until_s + lag_s)
            now_s = time.monotonic()
            self._closed.wait(max(0.0, min(open_s, late_s) - now_s))
            self.check()
            if now_s >= min(open_s, late_s):
                return now_s >= open_s

    def check(self) -> None:
        """Raises Closed once it is closed: what came to nothing did so for that reason."""
        if self._closed.is_set():
            raise Closed("the captioner was closed")

    def close(self) -> None:
        """Nobody passes any more; who waits stops waiting."""
        self._closed.set()

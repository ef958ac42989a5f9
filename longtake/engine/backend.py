"""What the scheduling loop asks of an engine: workers elsewhere that answer calls in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from longtake.engine.pools import Pool

Value = Any
"""An item or an output as it travels between workers: bytes here, an ObjectRef on Ray. The loop never looks inside."""


@dataclass(frozen=True)
class Raised:
    """The worker's code, or its `make`, raised this."""

    error: BaseException
    trace: str


@dataclass(frozen=True)
class Died:
    """The worker's process is gone, and all calls that it held with it."""

    detail: str


@dataclass(frozen=True)
class Gone:
    """The value was on a node that died."""

    detail: str


Answer = list[Value] | Raised | Died | Gone
"""To a call: an output for each input. To the start and the close: an empty list."""


class Handle(Protocol):
    """A worker's process, from the outside. The first answer is that of the start."""

    def call(self, values: Sequence[Value]) -> None:
        """Adds a call to those under way."""
        ...

    def finish(self) -> None:
        """Asks for `Worker.close`; one answer follows."""
        ...

    def answer(self) -> Answer:
        """To the oldest call; asked for only when `Backend.wait` has named the handle."""
        ...


class Backend(Protocol):
    """An engine."""

    def processors(self) -> int:
        """Of the machine, or of the cluster as it is now."""
        ...

    def start(self, pool: Pool, index: int) -> Handle:
        """Begins to start the worker `index` of the pool; does not wait for it."""
        ...

    def wait(self, handles: Sequence[Handle], timeout_s: float | None) -> Sequence[Handle]:
        """Those that have an answer (or died), as soon as there is one; none after the time-out."""
        ...

    def kill(self, handle: Handle) -> None:
        """At once."""
        ...

    def pack(self, item: Any) -> Value: ...

    def unpack(self, value: Value) -> Any:
        """What the value holds; Gone if that is lost."""
        ...

    def close(self) -> None:
        """Kills all workers that are left."""
        ...

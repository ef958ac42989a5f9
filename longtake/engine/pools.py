"""What a stream runs through: pools of workers; and the mark of an item that no worker survives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from longtake.errors import UserError

Engine = Literal["local", "ray"]
"""Processes of this machine, or actors of a Ray cluster."""


class Worker(Protocol):
    """Lives in one process and is made there once.

    An array that it is given may lie in memory that others read too: it is read-only. What it returns is pickled.
    """

    def __call__(self, inputs: Sequence[Any], /) -> Sequence[Any]:
        """One output for each input, in order. Bad data is an output; an exception ends the whole stream."""
        ...

    def close(self) -> None:
        """Called once at the end, unless everything is killed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Workers of one kind."""

    name: str
    make: Callable[[], Worker]
    """Called in each worker's process; picklable, so a partial or a dataclass, of something that can be imported there."""
    workers: int = 0
    """0: one a processor of the machine or cluster, less what the other pools take."""
    batch: int = 1
    """Inputs a call at most."""
    cpus: float = 1.0
    """Of each worker: what Ray sets aside; the whole part is the threads of its numeric libraries, on both engines."""
    gpus: float = 0.0
    """Of each worker: a fraction, or a whole number. It sees these devices alone."""

    def __post_init__(self) -> None:
        if self.workers < 0 or self.batch < 1:
            raise UserError(
                f"pool {self.name}: workers={self.workers}, batch={self.batch}; give workers from 0, a batch from 1"
            )
        if self.gpus and not self.workers:
            raise UserError(f"pool {self.name}: gpus={self.gpus:g} without a number of workers; give one")
        if self.cpus < 0 or self.gpus < 0 or (self.gpus > 1 and self.gpus % 1):
            raise UserError(
                f"pool {self.name}: cpus={self.cpus:g}, gpus={self.gpus:g}; give cpus from 0, and gpus from 0 to 1 or whole"
            )


@dataclass(frozen=True)
class Lost:
    """Instead of an output: the worker died again and again while it had this one item."""

    pool: str
    detail: str

"""What the engine adds to a batch: workers in processes and on a Ray of this machine, against plain calls in this process.

`python -m benchmarks.engine [--rounds 3]`. Start-up is a column of its own: the clock of a batch starts at the first output.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.measure import machine, median, print_table
from longtake.engine import Pool, stream

BATCH = 8
ARRAY_BYTES = 12 << 20
"""A clip as scorers look at it: 64 frames of 256x256, 3 bytes a pixel."""


class Nothing:
    """Gives back what it is given."""

    def __call__(self, inputs: Sequence[Any]) -> Sequence[Any]:
        return inputs

    def close(self) -> None: ...


class Draw(Nothing):
    """An array of 12 MiB for each input."""

    def __call__(self, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.full(ARRAY_BYTES, value % 251, np.uint8) for value in inputs]


class Touch(Nothing):
    """Reads one byte of every page of each array."""

    def __call__(self, inputs: Sequence[Any]) -> Sequence[Any]:
        return [int(array[::4096].sum(dtype=np.int64)) for array in inputs]


@dataclass(frozen=True)
class Case:
    """One line of the table for each way."""

    name: str
    stages: tuple[type[Nothing], ...]
    items: int
    batch: int

    def pools(self) -> list[Pool]:
        return [Pool(name=make.__name__, make=make, workers=1, batch=self.batch, cpus=0.5) for make in self.stages]


CASES = [
    Case("no work, batches of 1", (Nothing,), 2000, 1),
    Case(f"no work, batches of {BATCH}", (Nothing,), 8000, BATCH),
    Case("12 MiB from pool to pool, batches of 1", (Draw, Touch), 60, 1),
]


def plainly(items: Iterable[int], pools: Sequence[Pool]) -> Iterator[tuple[int, Any]]:
    """The same calls, here, one after another."""
    workers = [pool.make() for pool in pools]
    left = iter(items)
    while batch := [item for _, item in zip(range(pools[0].batch), left, strict=False)]:
        values: Sequence[Any] = batch
        for worker in workers:
            values = worker(values)
        yield from zip(batch, values, strict=True)


def measure(way: Callable[..., Iterator[Any]], case: Case) -> tuple[float, float]:
    """Seconds to the first output, and milliseconds a batch after it."""
    began = time.perf_counter()
    results = way(range(case.items), case.pools())
    next(results)
    first = time.perf_counter()
    count = sum(1 for _ in results)
    assert count == case.items - 1
    return first - began, 1000 * (time.perf_counter() - first) / (count / case.batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    from longtake.engine.on_ray import connect

    ways: dict[str, Callable[..., Iterator[Any]]] = {
        "plain calls": plainly,
        "local": partial(stream, engine="local"),
        "ray": partial(stream, engine="ray"),
    }
    began = time.perf_counter()
    connect()
    print(f"{machine()}\nStarting Ray itself: {time.perf_counter() - began:.1f} s.\n")
    rows: list[list[object]] = []
    for case in CASES:
        rounds = [{name: measure(way, case) for name, way in ways.items()} for _ in range(given.rounds)]
        plain_ms = median([each["plain calls"][1] for each in rounds])
        for name in ways:
            start_s, batch_ms = (median([each[name][k] for each in rounds]) for k in (0, 1))
            rows.append([case.name, name, batch_ms, batch_ms - plain_ms, start_s])
    print_table(["what", "way", "ms a batch", "of it the engine", "s to the first output"], rows)


if __name__ == "__main__":
    from benchmarks.engine import main as run  # under its own name, so that worker processes find its classes

    run()

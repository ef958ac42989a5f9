"""Shards: sets of whole buckets, planned so that each holds about as many bytes. Pure arithmetic."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from longtake.errors import UserError
from longtake.records import BUCKETS


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of a run. Written `2/4:0,7-9`: the second of four, with the buckets 0, 7, 8 and 9."""

    number: int
    of: int
    buckets: tuple[int, ...]

    @property
    def label(self) -> str:
        """A name for files and labels: `2of4`."""
        return f"{self.number}of{self.of}"

    def __str__(self) -> str:
        return f"{self.number}/{self.of}:{_ranges(self.buckets)}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """The shard that `str` wrote. Raises UserError."""
        one = "[0-9]{1,2}(?:-[0-9]{1,2})?"
        match = re.fullmatch(f"([0-9]{{1,6}})/([0-9]{{1,6}}):((?:{one}(?:,{one})*)?)", text.strip())
        if match is None:
            raise UserError(f"the shard {text!r} is not written like 1/1:0-{BUCKETS - 1}; give what listing planned")
        number, of = int(match[1]), int(match[2])
        runs = [part.split("-") for part in match[3].split(",") if part]
        if not 1 <= number <= of or any(not int(run[0]) <= int(run[-1]) < BUCKETS for run in runs):
            raise UserError(f"the shard {text!r} has no such number or bucket; buckets run from 0 to {BUCKETS - 1}")
        buckets = [bucket for run in runs for bucket in range(int(run[0]), int(run[-1]) + 1)]
        return cls(number, of, tuple(sorted(set(buckets))))


WHOLE = Shard(1, 1, tuple(range(BUCKETS)))
"""Everything as one shard."""


def plan_shards(bytes_by_bucket: Mapping[int, int], shards: int) -> list[Shard]:
    """At most `shards` shards that cover every bucket named, the largest bucket placed first where least is so far.

    No shard is empty, except the only one of an empty plan: Kubeflow can't fan in over a loop that never ran.
    """
    if shards < 1:
        raise UserError(f"{shards} shards were asked for; give at least 1")
    loads: list[tuple[int, list[int]]] = [(0, []) for _ in range(min(shards, max(1, len(bytes_by_bucket))))]
    for bucket, size in sorted(bytes_by_bucket.items(), key=lambda item: (-item[1], item[0])):
        lightest = min(range(len(loads)), key=lambda i: (loads[i][0], len(loads[i][1]), i))
        load, buckets = loads[lightest]
        loads[lightest] = (load + size, [*buckets, bucket])
    return [Shard(n, len(loads), tuple(sorted(buckets))) for n, (_, buckets) in enumerate(loads, start=1)]


def _ranges(numbers: tuple[int, ...]) -> str:
    """`0,7-9` for (0, 7, 8, 9)."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)

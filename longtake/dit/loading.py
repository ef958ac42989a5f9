"""Batches from shards in a store, fetched ahead of need and read while the model computes.

The consumer's thread plans, a few threads fetch, one reads. What is planned decides what is fetched next and what may be removed.
"""

import itertools
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from longtake.dit.batch import Batch, collate
from longtake.dit.order import GlobalBatch, Order, Place, Seen, part_of
from longtake.dit.shelf import FETCHERS, Fetch, MissingShard, Shelf, read_sample
from longtake.errors import UserError
from longtake.latents.shards import ShardFile

__all__ = ["Batch", "Fetch", "Loader", "MissingShard"]

HORIZON = 4096
"""Samples that are planned ahead at most, where all their shards are here."""

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Part:
    """What this rank reads of a global batch."""

    whole: GlobalBatch
    mine: slice
    files: Mapping[str, Future[ShardFile]] = field(default_factory=dict)
    """By shard; empty until it is planned."""
    batch: Future[Batch] | None = None
    """None until it is to be read."""

    @property
    def places(self) -> tuple[Place, ...]:
        return self.whole.places[self.mine]

    @property
    def shards(self) -> list[str]:
        """In the order of need."""
        return list(dict.fromkeys(place.shard for place in self.places))


class Loader:
    """Reads what an order names: `with Loader(...) as loader: for batch in loader.batches(seen): ...`.

    Shards are kept in `folder`, which is this loader's own, and found there again by the next one; above `cache_bytes` those go that
    no planned batch needs, the least recently needed first. Two windows of shards for each bucket should fit, one at the very least.
    `ahead` batches lie read in memory, which a GPU copies from by itself where they are to be pinned (`pin`). Every rank takes its
    contiguous slice of each global batch.

    Raises UserError where a shard is missing, damaged or not what the table says, TransientError where the store stays away.
    """

    def __init__(
        self,
        order: Order,
        fetch: Fetch,
        folder: Path,
        *,
        cache_bytes: int,
        ahead: int = 4,
        rank: int = 0,
        world: int = 1,
        pin: bool = False,
    ) -> None:
        for name, size in order.sizes.items():
            if size < world:
                raise UserError(
                    f"a batch of {size} samples of {name} latents can't be shared by {world} workers; "
                    "give more batch_tokens, or fewer workers"
                )
        self._order, self._ahead, self._rank, self._world, self._pin = order, ahead, rank, world, pin
        self._shelf = Shelf(fetch, folder, cache_bytes, {place.shard for one in order.buckets for place in one.places})
        self._reading, self._warned = ThreadPoolExecutor(1, "read"), False

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads; shards stay where they are."""
        self._shelf.close()
        self._reading.shutdown(cancel_futures=True)

    def batches(self, seen: Seen) -> Iterator[Batch]:
        """The endless row of batches after these samples were seen; {} begins."""
        return self.load(self._order.batches(seen))

    def load(self, batches: Iterable[GlobalBatch]) -> Iterator[Batch]:
        """This rank's part of each, where it has one; another row of batches may be half read meanwhile."""
        parts = (_Part(whole, part_of(len(whole.places), self._rank, self._world)) for whole in batches)
        rest, planned = (part for part in parts if part.places), deque[_Part]()
        held: _Part | None = None
        try:
            while True:
                held = self._plan(held, rest, planned)
                if not planned:
                    return
                for part in itertools.islice(planned, 1 + self._ahead):
                    part.batch = part.batch or self._reading.submit(self._read, part)
                assert planned[0].batch is not None, "it was submitted above"
                began_s = time.perf_counter()
                batch = planned[0].batch.result()
                waited_s = time.perf_counter() - began_s
                self._shelf.release(planned.popleft().shards)
                yield replace(batch, waited_s=waited_s)
        finally:
            for part in planned:
                if part.batch:
                    part.batch.cancel()
                self._shelf.release(part.shards)

    def _plan(self, held: _Part | None, rest: Iterator[_Part], planned: deque[_Part]) -> _Part | None:
        """Plans until enough is on its way; gives back a part that there is no room for yet."""
        shelf, samples = self._shelf, sum(len(part.places) for part in planned)
        while len(planned) <= self._ahead or (not shelf.has_all and shelf.fresh < FETCHERS and samples < HORIZON):
            part = held or next(rest, None)
            if part is None:
                return None
            if not shelf.make_room(part.shards) and planned:
                if len(planned) <= self._ahead and shelf.has_some and not self._warned:
                    log.warning("batches can't be read ahead: too few shards have room; give more cache_bytes")
                    self._warned = True
                return part
            part.files = shelf.want(part.shards)
            planned.append(part)
            samples, held = samples + len(part.places), None
        return held

    def _read(self, part: _Part) -> Batch:
        batch = collate(
            [read_sample(part.files[place.shard].result(), place) for place in part.places],
            torch.from_numpy(part.whole.numbers[part.mine]),
            global_samples=len(part.whole.places),
            seen=part.whole.seen_after,
            bucket=part.whole.bucket,
        )
        return batch.pin() if self._pin else batch

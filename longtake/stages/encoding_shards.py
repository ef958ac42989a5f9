"""Samples on their way into the lake: gathered into shards; a row is committed when the shard that it speaks of is there."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from longtake.engine import Engine, Pool, stream
from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.records import Sample

if TYPE_CHECKING:
    from longtake.latents.sample import EncodedSample

Item = TypeVar("Item")

log = logging.getLogger(__name__)


class ShardWriter:
    """Gathers samples with their rows: both go out when a shard is full, and at the end, also after a failure.

    The rows of one clip go out together.
    """

    def __init__(self, lake: Lake, folder: Path, shard_bytes: int) -> None:
        self._lake = lake
        self._path = folder / "shard.safetensors"
        self._shard_bytes = shard_bytes
        self._rows: list[Sample] = []
        self._samples: list[EncodedSample] = []
        self._bytes = 0

    def add(self, rows: Sequence[Sample], samples: Sequence["EncodedSample"]) -> None:
        """The rows of one clip, and a sample for each where it has any."""
        from longtake.latents.shards import sample_bytes

        self._rows += [
            replace(row, index=len(self._samples) + place) if samples else row for place, row in enumerate(rows)
        ]
        self._samples += samples
        self._bytes += sum(map(sample_bytes, samples))
        if self._bytes >= self._shard_bytes:
            self.flush()

    def flush(self) -> None:
        """Uploads what there is, then commits its rows."""
        from longtake.latents.shards import shard_key, write_shard

        key = None
        if self._samples:
            write_shard(self._path, self._samples)
            key = shard_key(self._path)
            self._lake.objects.upload(key, self._path)
            self._path.unlink()
        self._lake.tables.merge([row if row.reason else replace(row, shard=key) for row in self._rows])
        self._rows, self._samples, self._bytes = [], [], 0

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        try:
            self.flush()
        except (UserError, TransientError) as late:
            if error is None:
                raise
            log.error("the last rows were not committed", extra={"rows": len(self._rows), "reason": str(late)})
        return False


def stream_in_order(items: Iterable[Item], pools: Sequence[Pool], *, engine: Engine) -> Iterator[tuple[Item, Any]]:
    """`stream`, each item when its turn has come, so that shards do not depend on who was faster. Items are hashable."""
    waiting: dict[Item, Any] = {}
    asked: list[Item] = []

    def noted() -> Iterator[Item]:
        for item in items:
            asked.append(item)
            yield item

    for item, found in stream(noted(), pools, engine=engine):
        waiting[item] = found
        while asked and asked[0] in waiting:
            first = asked.pop(0)
            yield first, waiting.pop(first)

"""In which order a training sees its samples: seeded, in buckets of one shape, the same wherever it is taken up again. Pure arithmetic.

The state is how many samples of each bucket were seen; nothing depends on ranks, workers or micro-batches. Shapes are (t, h, w) of latents.

Legend: P places of a bucket, S its shards.
"""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from longtake.errors import UserError
from longtake.records import Sample, Split, split_of

Shape = tuple[int, int, int]
"""(t, h, w) of latents."""
Seen = Mapping[str, int]
"""Samples that were drawn of each bucket, by its name: all that an order remembers."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sample lies, and how much of it is taken."""

    sample_id: str
    shard: str
    index: int
    shape: Shape
    """As it is taken: t is 1 for an image, whatever the shard holds."""
    video: bool
    """False: its first latent alone."""


@dataclass(frozen=True)
class Bucket:
    """All places of one shape."""

    shape: Shape
    places: tuple[Place, ...]
    """By shard and index."""
    share: float
    """Of all samples that are drawn."""

    @property
    def name(self) -> str:
        return "x".join(map(str, self.shape))


@dataclass(frozen=True, eq=False)
class GlobalBatch:
    """What all ranks learn from in one step."""

    bucket: str
    places: tuple[Place, ...]
    numbers: np.ndarray
    """int64, one a sample, no two alike in the whole stream: what seeds all noise."""
    seen_after: Seen
    """What takes the order up again behind this batch."""


def choose_side(samples: Iterable[Sample], side: Split, validation_share: float) -> list[Sample]:
    """The samples of one side; all that come from a video are on the same, for ever."""
    return [sample for sample in samples if split_of(sample.video_id, validation_share) == side]


def plan_buckets(samples: Sequence[Sample], images: float) -> list[Bucket]:
    """One bucket for each shape, the smallest first. Rows with a reason are left out.

    `images` (0 to 1) is the share of single images among all samples that are drawn: first latents of videos, and samples that
    have one latent anyway. At 0 no video gives an image, and those samples come as often as any other. Raises UserError where
    there is nothing to draw.
    """
    if not 0 <= images <= 1:
        raise UserError(f"images is {images}, a share of what is drawn; give 0 to 1")
    videos: dict[Shape, list[Place]] = defaultdict(list)
    stills: dict[Shape, list[Place]] = defaultdict(list)
    for sample in samples:
        if sample.reason is not None:
            continue
        place = _place(sample)
        one = (1, *place.shape[1:])
        (stills if place.shape == one else videos)[place.shape].append(place)
        if images and place.shape != one:
            stills[one].append(Place(place.sample_id, place.shard, place.index, one, False))
    if not videos and not stills:
        raise UserError("there are no samples to draw from; encode a dataset whose clips are kept, or give another")
    of_images = images if images and videos else _count(stills) / (_count(stills) + _count(videos))
    planned = [_bucket(shape, places, of_images, _count(stills)) for shape, places in stills.items()]
    planned += [_bucket(shape, places, 1 - of_images, _count(videos)) for shape, places in videos.items()]
    return sorted((bucket for bucket in planned if bucket.share > 0), key=lambda bucket: bucket.shape)


def stream(bucket: Bucket, *, seed: int, window: int, start: int = 0) -> Iterator[Place]:
    """The bucket's endless row of epochs from the sample `start` on, which counts from 0; each epoch has every place once.

    Shards are shuffled, and the samples of each are strewn over `window` of them from its own turn on: at most so many are needed
    at once, and they are begun one after the other (the idea of `py1e` in mosaicml/streaming). A shard's turn is the same in all
    buckets, so that those which go through it at the same pace need it at the same time.
    """
    shards, shard_P = np.unique([place.shard for place in bucket.places], return_inverse=True)
    first, skipped = divmod(start, len(bucket.places))
    for epoch in itertools.count(first):
        turn_S = np.argsort(np.argsort([_lot("turn", seed, epoch, shard) for shard in shards]))
        dice = np.random.default_rng([seed, *bucket.shape, epoch])
        strewn_P = turn_S[shard_P] + window * dice.random(len(shard_P))
        yield from (bucket.places[number] for number in np.argsort(strewn_P, kind="stable")[skipped:])
        skipped = 0


class Order:
    """The endless row of global batches. `window`: shards whose samples are mixed, and that are needed at once for each bucket.

    A batch has as many samples of one bucket as come nearest to `batch_tokens`. Raises UserError where one sample is more than that.
    """

    def __init__(
        self,
        buckets: Sequence[Bucket],
        batch_tokens: int,
        tokens_of: Callable[[Shape], int],
        seed: int,
        window: int = 4,
    ) -> None:
        if window < 1:
            raise UserError(f"a window of {window} shards was asked for; give at least 1")
        self.buckets, self.seed, self.window = tuple(buckets), seed, window
        self.sizes = {bucket.name: _batch_size(bucket, batch_tokens, tokens_of) for bucket in buckets}
        """Samples of a batch, by the name of its bucket."""

    def batches(self, seen: Seen) -> Iterator[GlobalBatch]:
        """The batches that come after these samples were seen: {} begins. Raises UserError for buckets that are not here."""
        if strange := set(seen) - set(self.sizes):
            raise UserError(
                f"the position is of other samples: it counts {', '.join(sorted(strange))}, here are {', '.join(self.sizes)}; "
                "go on with the samples that it was begun with, or begin anew"
            )
        taken = {bucket.name: seen.get(bucket.name, 0) for bucket in self.buckets}
        streams = {
            bucket.name: stream(bucket, seed=self.seed, window=self.window, start=taken[bucket.name])
            for bucket in self.buckets
        }
        while True:
            name, total = self.next_bucket(taken).name, sum(taken.values())
            size = self.sizes[name]
            taken = taken | {name: taken[name] + size}
            places = tuple(itertools.islice(streams[name], size))
            yield GlobalBatch(name, places, np.arange(total, total + size), taken)

    def next_bucket(self, seen: Seen) -> Bucket:
        """The one whose next batch, taken by its middle, is due first: none strays from its share by more than about a batch."""
        return min(
            self.buckets, key=lambda one: ((seen.get(one.name, 0) + self.sizes[one.name] / 2) / one.share, one.shape)
        )


def fixed_order(samples: Iterable[Sample]) -> list[Sample]:
    """The samples by a hash of their ids; rows with a reason are left out."""
    kept = (sample for sample in samples if sample.reason is None)
    return sorted(kept, key=lambda sample: _lot("validation", sample.clip_id, sample.window))


def fixed_batches(
    samples: Sequence[Sample], count: int, *, batch_tokens: int, tokens_of: Callable[[Shape], int]
) -> list[GlobalBatch]:
    """`count` samples, or all where there are fewer, each once: what a validation measures with, the same every time.

    They are the first of `fixed_order`, and numbered from 0 by it. Shapes come in turn, in batches of at most `batch_tokens`, of one
    sample at least.
    """
    kept = fixed_order(samples)[:count]
    by_shape: dict[Shape, list[tuple[int, Place]]] = defaultdict(list)
    for number, sample in enumerate(kept):
        place = _place(sample)
        by_shape[place.shape].append((number, place))
    batches = []
    for shape, numbered in sorted(by_shape.items()):
        size = max(1, batch_tokens // tokens_of(shape))
        for first in range(0, len(numbered), size):
            numbers, places = zip(*numbered[first : first + size], strict=True)
            name = "x".join(map(str, shape))
            batches.append(GlobalBatch(name, places, np.array(numbers, np.int64), {}))
    return batches


def part_of(count: int, rank: int, world: int) -> slice:
    """Which of `count` samples a rank takes: one after the other they take all, none more than one sample more than another."""
    return slice(rank * count // world, (rank + 1) * count // world)


def _place(sample: Sample) -> Place:
    """Of a kept sample, whose columns are all there."""
    assert sample.shard is not None
    assert sample.index is not None
    assert sample.latent_T is not None
    assert sample.latent_H is not None
    assert sample.latent_W is not None
    shape = (sample.latent_T, sample.latent_H, sample.latent_W)
    return Place(f"{sample.clip_id}/{sample.window}", sample.shard, sample.index, shape, sample.latent_T > 1)


def _bucket(shape: Shape, places: list[Place], share: float, of: int) -> Bucket:
    ordered = sorted(places, key=lambda place: (place.shard, place.index))
    return Bucket(shape, tuple(ordered), share * len(places) / of)


def _count(places_by_shape: Mapping[Shape, Sequence[Place]]) -> int:
    return sum(map(len, places_by_shape.values()))


def _batch_size(bucket: Bucket, batch_tokens: int, tokens_of: Callable[[Shape], int]) -> int:
    tokens = tokens_of(bucket.shape)
    if tokens > batch_tokens:
        raise UserError(
            f"a batch of {batch_tokens} tokens holds no sample of {bucket.name} latents, which has {tokens}; "
            "give more batch_tokens, or encode smaller windows"
        )
    return round(batch_tokens / tokens)


def _lot(*parts: object) -> str:
    """What is drawn by it is drawn the same way for ever, whatever else there is to draw."""
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()

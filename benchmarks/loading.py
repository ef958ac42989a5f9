"""Whether latents arrive from S3 as fast as a model takes them.

`python -m benchmarks.loading` fills the embedded server with shards of random samples, as large as those of 17 frames of 256 x 256 through
a 4 x 8 x 8 autoencoder of 16 channels and captions of MiniLM's width. A consumer takes them at 200 MB/s of what lies in the shards: it
sleeps so long over each batch, as the host of a GPU does. Busy is the share of the time in which it does not wait for a batch, after the
first ones, which anyone waits for. The peer gets the same batches in the same run: one sample after the other, each shard fetched when a
sample of it is asked for, and kept as long as there is room. The last row is the store alone, with as many fetches at once as the loader.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.measure import machine, median, print_table
from longtake.dit.batch import collate
from longtake.dit.loading import Batch, Fetch, Loader, MissingShard
from longtake.dit.order import Order, Shape, plan_buckets
from longtake.dit.shelf import FETCHERS, read_sample
from longtake.lake import ObjectChanged, Store, open_store
from longtake.lake.server import BUCKET, Server
from longtake.latents.sample import EncodedSample
from longtake.latents.shards import ShardFile, sample_bytes, shard_key, write_shard
from longtake.records import Sample, bucket_of

SHAPE_CTHW = (16, 5, 32, 32)
TEXT_LD = (256, 384)
MEGA = 1_000_000
FIRST = 5
"""Batches that are told apart, since anyone waits for them."""
Way = Callable[[Order, Fetch, Path, int], AbstractContextManager[Iterator[Batch]]]


def fill(store: Store, scratch: Path, shards: int, shard_bytes: int) -> list[Sample]:
    """Shards of random samples in the store; the rows of the table that names them."""
    dice = torch.Generator().manual_seed(0)
    latents_Cthw, text_LD = torch.randn(SHAPE_CTHW, generator=dice), torch.randn(TEXT_LD, generator=dice)
    rows, path, number = list[Sample](), scratch / "shard", 0
    for _ in range(shards):
        samples = list[EncodedSample]()
        while sum(map(sample_bytes, samples)) < shard_bytes:
            drawn = {"latents_Cthw": latents_Cthw.roll(number), "text_LD": text_LD.roll(number)}
            samples.append(EncodedSample(sample_id=f"{number}/0", conditions={"motion": 1.0}, **drawn))
            number += 1
        write_shard(path, samples)
        key = shard_key(path)
        store.upload(key, path)
        rows += [make_row(sample.sample_id.removesuffix("/0"), key, index) for index, sample in enumerate(samples)]
    return rows


def make_row(name: str, key: str, index: int) -> Sample:
    _, t, h, w = SHAPE_CTHW
    return Sample(
        clip_id=name, window=0, bucket=bucket_of(name), video_id=name, shard=key, index=index, start_s=0.0, frames=17,
        height=256, width=256, latent_T=t, latent_H=h, latent_W=w, text_tokens=TEXT_LD[0], psnr=30.0, conditions="{}",
        caption="", reason=None, detail=None, made_by="",
    )  # fmt: skip


def load_plainly(order: Order, fetch: Fetch, folder: Path, cache_bytes: int) -> Iterator[Batch]:
    """The peer."""
    files: dict[str, ShardFile] = {}
    for whole in order.batches({}):
        samples = []
        for place in whole.places:
            if place.shard not in files:
                path = folder / place.shard.replace("/", "-")
                fetch(place.shard, path)
                files[place.shard] = ShardFile(path)
                files[place.shard].check()
                while sum(file.path.stat().st_size for file in files.values()) > cache_bytes and len(files) > 1:
                    files.pop(next(iter(files))).path.unlink()
            else:
                files[place.shard] = files.pop(place.shard)  # the least recently used goes first
            samples.append(read_sample(files[place.shard], place))
        numbers_B = torch.from_numpy(whole.numbers)
        yield collate(samples, numbers_B, global_samples=len(samples), seen=whole.seen_after, bucket=whole.bucket)


@contextmanager
def loading(order: Order, fetch: Fetch, folder: Path, cache_bytes: int) -> Iterator[Iterator[Batch]]:
    """Ours."""
    with Loader(order, fetch, folder, cache_bytes=cache_bytes) as loader:
        yield loader.batches({})


@contextmanager
def loading_plainly(order: Order, fetch: Fetch, folder: Path, cache_bytes: int) -> Iterator[Iterator[Batch]]:
    yield load_plainly(order, fetch, folder, cache_bytes)


def consume(batches: Iterator[Batch], count: int, consumer_mbs: float) -> tuple[float, float, float]:
    """Seconds waited for the first batches; of `count` more, the share of the time that is not waited, and MB/s of stored samples."""
    first_s, waited_s, taken_mb, began_s = 0.0, 0.0, 0.0, time.perf_counter()
    for number in range(FIRST + count):
        if number == FIRST:
            first_s, waited_s, taken_mb, began_s = waited_s, 0.0, 0.0, time.perf_counter()
        asked_s = time.perf_counter()
        batch = next(batches)
        waited_s += time.perf_counter() - asked_s
        stored_mb = 2 * (batch.latents_BCthw.numel() + int(batch.text_mask_BL.sum()) * batch.text_BLD.shape[2]) / MEGA
        taken_mb += stored_mb
        time.sleep(stored_mb / consumer_mbs)
        del batch  # to free a few hundred megabytes takes time too, but is no waiting
    wall_s = time.perf_counter() - began_s
    return first_s, 1 - waited_s / wall_s, taken_mb / wall_s


def fetch_alone(fetch: Fetch, keys: list[str], folder: Path) -> float:
    """MB/s of the store, with nothing else to do."""
    began_s = time.perf_counter()
    with ThreadPoolExecutor(FETCHERS) as pool:
        list(pool.map(lambda key: fetch(key, folder / key.replace("/", "-")), keys))
    wall_s = time.perf_counter() - began_s
    return sum(path.stat().st_size for path in folder.iterdir()) / MEGA / wall_s


def count_tokens(shape: Shape) -> int:
    """Of 1 x 2 x 2 patches: 1,280 of a clip."""
    t, h, w = shape
    return t * h * w // 4


def compare(store: Store, rows: list[Sample], given: argparse.Namespace, scratch: Path) -> list[tuple[object, ...]]:
    """Rows of the table: medians of interleaved rounds."""
    fetched_mb: list[float] = []

    def fetch(key: str, path: Path) -> None:
        try:
            store.fetch(key, path)
        except ObjectChanged:
            raise MissingShard(key) from None
        fetched_mb.append(path.stat().st_size / MEGA)

    order = Order(plan_buckets(rows, given.images), given.batch * 1280, count_tokens, seed=0)
    cache_bytes = round(given.cache_shards * given.shard_mb * MEGA)
    batches = max(1, round(len(rows) / given.batch / (1 - given.images)))
    ways: dict[str, Way] = {"loader": loading, "one sample after the other": loading_plainly}
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in ways}
    alone_mbs = []
    for _ in range(given.rounds):
        for way, opened in ways.items():
            fetched_mb.clear()
            with TemporaryDirectory(dir=scratch) as folder, opened(order, fetch, Path(folder), cache_bytes) as taken:
                began_s = time.process_time()
                answer = consume(taken, batches, given.consumer_mbs)
                cpu_s = time.process_time() - began_s
            found[way].append((*answer, sum(fetched_mb), cpu_s / sum(fetched_mb) * 1000))
        with TemporaryDirectory(dir=scratch) as folder:
            alone_mbs.append(fetch_alone(fetch, sorted({row.shard or "" for row in rows}), Path(folder)))
    table: list[tuple[object, ...]] = [
        (way, *(median([answer[part] for answer in answers]) for part in range(5))) for way, answers in found.items()
    ]
    return [*table, ("the store alone", "", "", median(alone_mbs), "", "")]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shards", type=int, default=24)
    parser.add_argument("--shard-mb", type=float, default=64)
    parser.add_argument("--cache-shards", type=int, default=20, help="shards that fit on the machine's disk")
    parser.add_argument("--batch", type=int, default=64, help="clips of 1,280 tokens")
    parser.add_argument("--images", type=float, default=0.1)
    parser.add_argument("--consumer-mbs", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{machine()}\n")
    with TemporaryDirectory() as scratch, Server(Path(scratch) / "lake") as server:
        os.environ.update(server.environment)
        store = open_store(f"s3://{BUCKET}/loading")
        rows = fill(store, Path(scratch), given.shards, round(given.shard_mb * MEGA))
        answers = compare(store, rows, given, Path(scratch))
    print(
        f"{len(rows)} samples in {given.shards} shards, batches of {given.batch} clips, {given.images:.0%} images; "
        f"a consumer of {given.consumer_mbs:g} MB/s; medians of {given.rounds} rounds.\n"
    )
    print_table(("way", f"s waited for the first {FIRST}", "busy", "MB/s", "MB fetched", "CPU s a GB fetched"), answers)


if __name__ == "__main__":
    main()

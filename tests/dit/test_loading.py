"""What the loader gives, and what it does when the store does not."""

import math
import shutil
import threading
from contextlib import suppress
from itertools import islice

import pytest
import torch

from longtake.dit import shelf as shelf_module
from longtake.dit.loading import Loader, MissingShard
from longtake.dit.order import Order, fixed_batches, plan_buckets
from longtake.dit.shelf import FETCHERS, Shelf
from longtake.errors import TransientError, UserError
from tests.dit.rows import encoded, write_shards


class Folder:
    """A store that counts what is fetched of it."""

    def __init__(self, folder):
        self.folder, self.fetched = folder, []

    def __call__(self, key, path):
        self.fetched.append(key)
        if not (self.folder / key).exists():
            raise MissingShard(key)
        shutil.copy(self.folder / key, path)


@pytest.fixture
def store(tmp_path):
    """Six shards of four videos of two shapes; `samples` by id, `rows` of the table."""
    shards = [
        [encoded(f"c{n}-{i}", shape=[(3, 2, 4), (2, 2, 4)][i % 2], tokens=n + i + 1, conditions={"motion": 1.0 * n}) for i in range(4)]
        for n in range(6)
    ]  # fmt: skip
    store = Folder(tmp_path / "store")
    store.rows = write_shards(store.folder, shards)
    store.samples = {sample.sample_id: sample for shard in shards for sample in shard}
    return store


def order_of(rows, *, images=0.25, batch_tokens=72, window=2):
    return Order(plan_buckets(rows, images), batch_tokens, math.prod, seed=3, window=window)


def same(one, other):
    """Whether two batches are equal to the bit, whatever they waited."""
    return (
        (one.sample_ids, one.seen, one.bucket, one.global_samples)
        == (other.sample_ids, other.seen, other.bucket, other.global_samples)
        and torch.equal(one.latents_BCthw, other.latents_BCthw)
        and torch.equal(one.text_BLD, other.text_BLD)
        and torch.equal(one.text_mask_BL, other.text_mask_BL)
        and torch.equal(one.numbers_B, other.numbers_B)
        and all(torch.equal(values_B, other.conditions[name]) or values_B.isnan().all() for name, values_B in one.conditions.items())
    )  # fmt: skip


def test_batches_hold_what_the_order_names_and_shards_keep(store, tmp_path):
    order = order_of(store.rows)
    with Loader(order, store, tmp_path / "here", cache_bytes=1 << 30) as loader:
        for batch, named in zip(islice(loader.batches({}), 20), order.batches({}), strict=False):
            assert batch.sample_ids == tuple(place.sample_id for place in named.places)
            assert batch.numbers_B.tolist() == named.numbers.tolist()
            assert (batch.bucket, batch.seen, batch.global_samples) == (
                named.bucket, named.seen_after, len(named.places),
            )  # fmt: skip
            assert batch.waited_s >= 0
            for row, place in enumerate(named.places):
                sample = store.samples[place.sample_id]
                assert torch.equal(batch.latents_BCthw[row], sample.latents_Cthw[:, : place.shape[0]])
                assert torch.equal(batch.text_BLD[row][batch.text_mask_BL[row]], sample.text_LD)
                assert batch.conditions["motion"][row] == sample.conditions["motion"]
    assert {batch.bucket for batch in islice(order.batches({}), 20)} == {"1x2x4", "2x2x4", "3x2x4"}
    assert len(store.fetched) == len(set(store.fetched)), "a shard that there is room for is fetched once"


@pytest.mark.parametrize("after", [1, 7, 16])
def test_taken_up_after_any_batch_it_gives_the_same_to_the_bit(store, tmp_path, after):
    order = order_of(store.rows)
    with Loader(order, store, tmp_path / "first", cache_bytes=1 << 30) as loader:
        undisturbed = list(islice(loader.batches({}), 20))
    with Loader(order, store, tmp_path / "second", cache_bytes=1 << 30) as loader:
        again = list(islice(loader.batches(undisturbed[after - 1].seen), 20 - after))
    assert all(map(same, undisturbed[after:], again))


@pytest.mark.parametrize("world", [2, 3])
def test_the_parts_of_all_ranks_are_the_batch_of_one(store, tmp_path, world):
    order = order_of(store.rows)
    with Loader(order, store, tmp_path / "whole", cache_bytes=1 << 30) as loader:
        whole = list(islice(loader.batches({}), 8))
    parts = []
    for rank in range(world):
        with Loader(order, store, tmp_path / f"{rank}", cache_bytes=1 << 30, rank=rank, world=world) as loader:
            parts.append(list(islice(loader.batches({}), 8)))
    for batch, *of_ranks in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat([part.latents_BCthw for part in of_ranks]), batch.latents_BCthw)
        assert torch.cat([part.numbers_B for part in of_ranks]).tolist() == batch.numbers_B.tolist()
        assert all((part.seen, part.global_samples) == (batch.seen, len(batch.sample_ids)) for part in of_ranks)


def test_a_batch_that_is_smaller_than_the_world_is_the_user_s_mistake(store, tmp_path):
    with pytest.raises(UserError, match="a batch of 3 samples of 3x2x4 latents can't be shared by 4 workers"):
        Loader(order_of(store.rows), store, tmp_path, cache_bytes=1, world=4)


def size_of(folder):
    """Bytes of the shards that lie there; one may go while they are counted."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


@pytest.mark.parametrize("shards", [0, 1, 3])
def test_a_small_cache_holds_little_and_gives_the_same(store, tmp_path, shards):
    order, folder = order_of(store.rows, images=0, window=1), tmp_path / "here"
    size = max(path.stat().st_size for path in store.folder.glob("latents/*"))
    with Loader(order, store, tmp_path / "all", cache_bytes=1 << 30) as loader:
        undisturbed = list(islice(loader.batches({}), 30))
    most_bytes = 0
    with Loader(order, store, folder, cache_bytes=shards * size) as loader:
        for batch, expected in zip(islice(loader.batches({}), 30), undisturbed, strict=True):
            assert same(batch, expected)
            most_bytes = max(most_bytes, size_of(folder))
    needed = max(len({place.shard for place in one.places}) for one in islice(order.batches({}), 30))
    here = max(shards, needed, FETCHERS)  # a batch's own shards are here however small the cache
    assert most_bytes <= (here + FETCHERS) * size, "besides them are those that are on their way out"


def test_shards_that_lie_there_already_are_used_and_unfinished_ones_are_not(store, tmp_path):
    order, folder = order_of(store.rows), tmp_path / "here"
    with Loader(order, store, folder, cache_bytes=1 << 30) as loader:
        first = list(islice(loader.batches({}), 12))
    fetched = len(store.fetched)
    (folder / "latents-x.safetensors.unfinished").write_bytes(b"half")
    with Loader(order, store, folder, cache_bytes=1 << 30) as loader:
        assert not list(folder.glob("*.unfinished"))
        assert all(map(same, first, islice(loader.batches({}), 12)))
    assert len(store.fetched) == fetched


def test_a_copy_that_was_damaged_here_is_fetched_anew(store, tmp_path):
    order, folder = order_of(store.rows), tmp_path / "here"
    with Loader(order, store, folder, cache_bytes=1 << 30) as loader:
        first = next(loader.batches({}))
    for path in folder.iterdir():
        flip(path)
    with Loader(order, store, folder, cache_bytes=1 << 30) as loader:
        assert same(next(loader.batches({})), first)


def cut(path):
    path.write_bytes(path.read_bytes()[:-8])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def remove(path):
    path.unlink()


@pytest.mark.parametrize(
    ("harm", "said"),
    [(cut, "incomplete|Incomplete|invalid"), (flip, "has another checksum"), (remove, "no such object")],
)
def test_a_shard_that_the_store_has_lost_is_named_with_what_to_do(store, tmp_path, harm, said):
    order = order_of(store.rows)
    lost = next(order.batches({})).places[0].shard
    harm(store.folder / lost)
    with (
        Loader(order, store, tmp_path / "here", cache_bytes=1 << 30) as loader,
        pytest.raises(UserError, match=f"the shard {lost} can't be used: .*{said}.*; restore this object"),
    ):
        next(loader.batches({}))
    assert store.fetched.count(lost) == 2, "once more, since a copy may have gone wrong on its way"


def test_a_fetch_that_goes_wrong_once_does_no_harm(store, tmp_path):
    order, broken = order_of(store.rows), set()

    def fetch(key, path):
        store(key, path)
        if key not in broken:
            broken.add(key)
            flip(path)

    with Loader(order, fetch, tmp_path / "here", cache_bytes=1 << 30) as loader:
        assert len(list(islice(loader.batches({}), 12))) == 12


def test_a_store_that_is_away_for_a_while_is_waited_for(store, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "WAITS_S", (0.0, 0.0))
    order, left = order_of(store.rows), {"faults": 2}
    lock = threading.Lock()

    def fetch(key, path):
        with lock:
            left["faults"] -= 1
            if left["faults"] >= 0:
                raise TransientError("the endpoint does not answer")
        store(key, path)

    with Loader(order, fetch, tmp_path / "here", cache_bytes=1 << 30) as loader:
        assert next(loader.batches({})).sample_ids


def test_a_store_that_stays_away_is_given_up_and_may_be_tried_again(store, tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "WAITS_S", (0.0,))
    order, away = order_of(store.rows), threading.Event()
    away.set()

    def fetch(key, path):
        if away.is_set():
            raise TransientError("the endpoint does not answer")
        store(key, path)

    with Loader(order, fetch, tmp_path / "here", cache_bytes=1 << 30) as loader:
        with pytest.raises(TransientError, match="does not answer"):
            next(loader.batches({}))
        away.clear()
        assert read_at_last(loader).sample_ids


def read_at_last(loader):
    """The first batch; a fetch that was under way when the store came back may still fail."""
    for _ in range(100):
        with suppress(TransientError):
            return next(loader.batches({}))
    raise AssertionError("the store has come back, and nothing comes")


def test_closing_waits_for_no_store_that_is_away(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf_module, "WAITS_S", (3600.0,))
    asked = threading.Event()

    def fetch(key, path):
        asked.set()
        raise TransientError("the endpoint does not answer")

    shelf = Shelf(fetch, tmp_path, 1 << 30, ["latents/a"])
    file = shelf.want(["latents/a"])["latents/a"]
    asked.wait()
    shelf.close()
    assert isinstance(file.exception(), TransientError)


def test_a_table_that_speaks_of_another_sample_is_said(store, tmp_path):
    one, other = store.rows[0], store.rows[2]
    crossed = [type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"index": other.index})]
    with (
        Loader(order_of(crossed, images=0), store, tmp_path / "here", cache_bytes=1 << 30) as loader,
        pytest.raises(UserError, match=r"its sample 2 is c0-2/0 of .*, but the table has c0-0/0"),
    ):
        next(loader.batches({}))


def test_validation_may_be_read_in_the_midst_of_training(store, tmp_path):
    order, fixed = order_of(store.rows), fixed_batches(store.rows, 10, batch_tokens=60, tokens_of=math.prod)
    with Loader(order, store, tmp_path / "quiet", cache_bytes=1 << 30) as loader:
        undisturbed = list(islice(loader.batches({}), 10))
    with Loader(order, store, tmp_path / "here", cache_bytes=1) as loader:
        training = loader.batches({})
        first = list(islice(training, 4))
        validation = list(loader.load(fixed))
        assert [batch.sample_ids for batch in validation] == [
            tuple(place.sample_id for place in one.places) for one in fixed
        ]
        assert all(map(same, undisturbed, first + list(islice(training, 6))))

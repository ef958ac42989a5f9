from collections import Counter, defaultdict
from itertools import chain, islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.dit.order import Order, choose_side, fixed_batches, fixed_order, part_of, plan_buckets, stream
from longtake.errors import UserError
from tests.dit.rows import row

SHAPES = [(3, 2, 4), (2, 2, 4), (3, 4, 2), (1, 2, 4)]


def tokens_of(shape):
    return shape[0] * shape[1] * shape[2]


@st.composite
def tables(draw):
    """Rows of a few shapes in a few shards."""
    shards = draw(st.lists(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=6), min_size=1, max_size=5))
    return [
        row(f"c{number}-{index}", shard=f"latents/{number}", index=index, shape=shape, video=f"v{number}")
        for number, shapes in enumerate(shards)
        for index, shape in enumerate(shapes)
    ]


images = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def orders(draw):
    return Order(
        plan_buckets(draw(tables()), draw(images)),
        batch_tokens=draw(st.integers(24, 120)),
        tokens_of=tokens_of,
        seed=draw(st.integers(0, 9)),
        window=draw(st.integers(1, 4)),
    )


def told(batches):
    """What two rows of batches are compared by."""
    return [(one.bucket, one.places, one.numbers.tolist(), one.seen_after) for one in batches]


@given(tables(), st.sampled_from([0.0, 0.1, 0.5]))
def test_every_sample_is_whole_in_the_bucket_of_its_shape(rows, share):
    buckets = plan_buckets(rows, share)
    assert sum(bucket.share for bucket in buckets) == pytest.approx(1)
    assert len({bucket.name for bucket in buckets}) == len(buckets)
    assert all(place.shape == bucket.shape for bucket in buckets for place in bucket.places)
    stored = {f"{one.clip_id}/0": (one.latent_T, one.latent_H, one.latent_W) for one in rows}
    whole = [place.sample_id for bucket in buckets for place in bucket.places if place.shape == stored[place.sample_id]]
    assert sorted(whole) == sorted(stored)


@given(tables(), images)
def test_images_are_the_first_latents_of_all_videos(rows, share):
    places = [place for bucket in plan_buckets(rows, share) for place in bucket.places]
    videos = {f"{one.clip_id}/0" for one in rows if one.latent_T > 1}
    cut = [place for place in places if place.shape[0] == 1 and place.sample_id in videos]
    assert sorted(place.sample_id for place in cut) == (sorted(videos) if share else [])
    assert not any(place.video for place in cut)


@given(tables(), st.sampled_from([0.1, 0.5, 1.0]))
def test_images_have_the_share_that_was_asked_for(rows, share):
    buckets = plan_buckets(rows, share)
    if any(one.latent_T > 1 for one in rows):
        assert sum(bucket.share for bucket in buckets if bucket.shape[0] == 1) == pytest.approx(share)


@given(tables())
def test_without_a_share_of_images_every_sample_comes_as_often_as_any_other(rows):
    for bucket in plan_buckets(rows, 0):
        assert bucket.share == pytest.approx(len(bucket.places) / len(rows))


@given(tables(), images, st.randoms())
def test_the_order_of_the_table_s_rows_changes_nothing(rows, share, dice):
    shuffled = dice.sample(rows, len(rows))
    assert plan_buckets(shuffled, share) == plan_buckets(rows, share)
    fixed = [told(fixed_batches(given, 9, batch_tokens=50, tokens_of=tokens_of)) for given in (rows, shuffled)]
    assert fixed[0] == fixed[1]


@given(tables(), st.integers(0, 9), st.integers(1, 4))
def test_an_epoch_has_every_place_once_and_needs_few_shards_at_once(rows, seed, window):
    bucket = plan_buckets(rows, 0.5)[-1]
    size = len(bucket.places)
    row_of_three = list(islice(stream(bucket, seed=seed, window=window), 3 * size))
    for first in range(0, 3 * size, size):
        epoch = row_of_three[first : first + size]
        assert Counter(epoch) == Counter(bucket.places)
        spans = defaultdict(list)
        for position, place in enumerate(epoch):
            spans[place.shard].append(position)
        open_at = [sum(min(span) <= position <= max(span) for span in spans.values()) for position in range(size)]
        assert max(open_at) <= window


@given(tables(), st.integers(0, 9), st.integers(1, 4), st.integers(0, 40))
def test_a_bucket_taken_up_anywhere_goes_on_as_it_would_have(rows, seed, window, start):
    bucket = plan_buckets(rows, 0.5)[0]
    undisturbed = list(islice(stream(bucket, seed=seed, window=window), start + 20))
    assert list(islice(stream(bucket, seed=seed, window=window, start=start), 20)) == undisturbed[start:]


def test_epochs_seeds_and_shapes_are_shuffled_differently():
    rows = [row(f"c{i}", shard=f"latents/{i // 8}", index=i % 8) for i in range(64)]
    (bucket,) = plan_buckets(rows, 0)
    two = list(islice(stream(bucket, seed=0, window=2), 128))
    assert two[:64] != two[64:]
    assert two[:64] != list(islice(stream(bucket, seed=1, window=2), 64))
    still, video = plan_buckets(rows, 0.5)
    orders = [[p.sample_id for p in islice(stream(one, seed=0, window=2), 64)] for one in (still, video)]
    assert orders[0] != orders[1]


def test_buckets_take_shards_in_the_same_turn():
    rows = [
        row(f"c{i}", shard=f"latents/{i // 40}", index=i % 40, shape=[(3, 2, 4), (3, 4, 2)][i % 2]) for i in range(400)
    ]
    begun = [
        list(dict.fromkeys(place.shard for place in islice(stream(bucket, seed=0, window=1), 200)))
        for bucket in plan_buckets(rows, 0)
    ]
    assert begun[0] == begun[1] != sorted(begun[0])


@given(orders(), st.integers(0, 20))
def test_an_order_taken_up_after_any_batch_goes_on_as_it_would_have(order, after):
    undisturbed = list(islice(order.batches({}), after + 10))
    seen = undisturbed[after - 1].seen_after if after else {}
    assert told(islice(order.batches(seen), 10)) == told(undisturbed[after:])


@given(orders())
def test_numbers_count_the_samples_of_the_stream(order):
    batches = list(islice(order.batches({}), 12))
    numbers = np.concatenate([one.numbers for one in batches])
    assert numbers.dtype == np.int64
    assert numbers.tolist() == list(range(sum(len(one.places) for one in batches)))
    assert sum(batches[-1].seen_after.values()) == len(numbers)


@given(orders())
def test_a_batch_has_one_shape_and_about_the_tokens_that_were_asked_for(order):
    shapes = {bucket.name: bucket.shape for bucket in order.buckets}
    for batch in islice(order.batches({}), 8):
        assert {place.shape for place in batch.places} == {shapes[batch.bucket]}
        assert len(batch.places) == order.sizes[batch.bucket]


@given(orders())
def test_no_bucket_strays_from_its_share_by_more_than_half_a_batch_and_its_share_of_half_a_batch_of_each(order):
    of_each = sum(order.sizes.values())
    for batch in islice(order.batches({}), 60):
        drawn = sum(batch.seen_after.values())
        for bucket in order.buckets:
            strayed = batch.seen_after[bucket.name] - bucket.share * drawn
            assert abs(strayed) <= (order.sizes[bucket.name] + bucket.share * of_each) / 2 + 1e-6


@given(orders())
def test_the_next_bucket_follows_from_what_was_seen_alone(order):
    seen = {bucket.name: 0 for bucket in order.buckets}
    for batch in islice(order.batches({}), 20):
        assert batch.bucket == order.next_bucket(seen).name
        seen = batch.seen_after


@given(st.integers(1, 99), st.integers(1, 9))
def test_ranks_take_a_batch_in_one_piece_each_and_as_even_as_can_be(count, world):
    parts = [range(count)[part_of(count, rank, world)] for rank in range(world)]
    assert list(chain(*parts)) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert all(before.stop == after.start for before, after in pairwise(parts))


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1), st.floats(0, 1))
def test_no_video_is_on_both_sides(videos, share):
    rows = [row(f"c{number}", video=video) for number, video in enumerate(videos)]
    train, validation = (choose_side(rows, side, share) for side in ("train", "validation"))
    assert not {one.video_id for one in train} & {one.video_id for one in validation}
    assert Counter(one.clip_id for one in train + validation) == Counter(one.clip_id for one in rows)


@given(tables(), st.integers(1, 30), st.integers(1, 99))
def test_a_validation_has_so_many_samples_each_once_as_they_are_stored(rows, count, batch_tokens):
    batches = fixed_batches(rows, count, batch_tokens=batch_tokens, tokens_of=tokens_of)
    places = list(chain.from_iterable(one.places for one in batches))
    assert len({place.sample_id for place in places}) == len(places) == min(count, len(rows))
    assert sorted(np.concatenate([one.numbers for one in batches])) == list(range(len(places)))
    stored = {f"{one.clip_id}/0": (one.latent_T, one.latent_H, one.latent_W) for one in rows}
    for batch in batches:
        (shape,) = {place.shape for place in batch.places}
        assert all(stored[place.sample_id] == shape for place in batch.places)
        assert len(batch.places) == 1 or len(batch.places) * tokens_of(shape) <= batch_tokens


def test_more_validation_samples_keep_the_fewer_with_their_numbers():
    rows = [row(f"c{i}") for i in range(50)]
    few, more = (fixed_batches(rows, count, batch_tokens=1, tokens_of=tokens_of) for count in (10, 30))
    numbered = [{int(one.numbers[0]): one.places[0] for one in batches} for batches in (few, more)]
    assert numbered[0].items() <= numbered[1].items()


def test_the_fixed_order_is_the_same_whatever_else_there_is():
    rows = [row(f"c{i}") for i in range(20)]
    few, all_of_them = fixed_order(rows[:9]), fixed_order(rows[::-1])
    assert [one for one in all_of_them if one in few] == few


def test_rows_with_a_reason_are_never_drawn():
    rows = [row("good"), row("bad", reason="too_short")]
    assert [place.sample_id for bucket in plan_buckets(rows, 0.5) for place in bucket.places] == ["good/0"] * 2
    assert len(fixed_batches(rows, 9, batch_tokens=99, tokens_of=tokens_of)[0].places) == 1


def test_mistakes_are_said():
    with pytest.raises(UserError, match="there are no samples to draw from"):
        plan_buckets([row("bad", reason="too_short")], 0)
    with pytest.raises(UserError, match="images is 2"):
        plan_buckets([row("c")], 2)
    buckets = plan_buckets([row("c")], 0)
    with pytest.raises(UserError, match="23 tokens holds no sample of 3x2x4 latents, which has 24"):
        Order(buckets, 23, tokens_of, seed=0)
    with pytest.raises(UserError, match="a window of 0 shards"):
        Order(buckets, 24, tokens_of, seed=0, window=0)
    with pytest.raises(UserError, match="the position is of other samples: it counts 9x9x9, here are 3x2x4"):
        next(Order(buckets, 24, tokens_of, seed=0).batches({"9x9x9": 3}))

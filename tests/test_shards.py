import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.records import BUCKETS
from longtake.shards import WHOLE, Shard, plan_shards

SIZES = st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(0, 10**12))
SHARDS = st.builds(
    lambda of, number, buckets: Shard(min(number, of), of, tuple(sorted(buckets))),
    st.integers(1, 500), st.integers(1, 500), st.sets(st.integers(0, BUCKETS - 1)),
)  # fmt: skip


@given(SIZES, st.integers(1, 100))
def test_every_bucket_is_in_exactly_one_shard(sizes, shards):
    planned = plan_shards(sizes, shards)
    assert sorted(bucket for shard in planned for bucket in shard.buckets) == sorted(sizes)


@given(SIZES, st.integers(1, 100))
def test_there_are_at_most_as_many_shards_as_asked_for_and_none_is_empty(sizes, shards):
    planned = plan_shards(sizes, shards)
    assert len(planned) == max(1, min(shards, len(sizes)))
    assert all(shard.buckets for shard in planned) or not sizes
    assert [(shard.number, shard.of) for shard in planned] == [(n + 1, len(planned)) for n in range(len(planned))]


@given(SIZES, st.integers(1, 100))
def test_shards_differ_by_no_more_than_the_largest_bucket(sizes, shards):
    loads = [sum(sizes[bucket] for bucket in shard.buckets) for shard in plan_shards(sizes, shards)]
    assert max(loads) - min(loads) <= max(sizes.values(), default=0)


@given(SIZES, st.integers(1, 100))
def test_a_plan_does_not_depend_on_the_order_in_which_buckets_are_given(sizes, shards):
    assert plan_shards(sizes, shards) == plan_shards(dict(reversed(sizes.items())), shards)


@given(SHARDS)
def test_a_shard_that_was_written_parses_as_it_was(shard):
    assert Shard.parse(str(shard)) == shard
    assert Shard.parse(f" {shard}\n") == shard


def test_a_shard_is_written_with_ranges():
    assert str(Shard(2, 4, (0, 7, 8, 9))) == "2/4:0,7-9"
    assert str(WHOLE) == "1/1:0-63"
    assert str(Shard(1, 1, ())) == "1/1:"
    assert Shard(2, 4, ()).label == "2of4"


@pytest.mark.parametrize(
    "text", [
        "", "all", "1/1", "1:0", "0/1:0", "2/1:0", "1/0:0", "1/1:64", "1/1:0-64", "1/1:0,", "1/1:-1", "1/1:a", "1/1:9-7",
        "1/1:0-99999999999", "1/1:\u0663",
    ],
)  # fmt: skip
def test_what_is_no_shard_is_refused_with_how_one_is_written(text):
    with pytest.raises(UserError, match=r"1/1:0-63|buckets run from 0 to 63"):
        Shard.parse(text)


@pytest.mark.parametrize("shards", [0, -1])
def test_no_shards_are_refused(shards):
    with pytest.raises(UserError, match="give at least 1"):
        plan_shards({}, shards)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.records import BUCKETS, bucket_of, digest, made_by
from tests.rows import clip, video

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.text())
def test_a_bucket_is_one_of_64_and_always_the_same(video_id):
    assert 0 <= bucket_of(video_id) < BUCKETS
    assert bucket_of(video_id) == bucket_of(video_id)


def test_buckets_are_filled_evenly():
    counts = [0] * BUCKETS
    for number in range(6400):
        counts[bucket_of(f"{number:032x}")] += 1
    assert 50 < min(counts) <= max(counts) < 150


def test_digests_and_buckets_are_the_same_for_ever():
    assert bucket_of("0" * 32) == 42
    assert digest("video", 0, 25, {"b": 1.5, "a": None}) == "3d46ca5763b9ecf29ccdc634ce9bfe70"
    assert made_by("listing", 1, {"suffixes": [".mp4"]}) == "b8e23dae9e2eb781"


@given(st.dictionaries(st.text(), JSON))
def test_a_digest_does_not_depend_on_the_order_of_keys(config):
    assert digest(config) == digest(dict(reversed(config.items())))


@given(st.tuples(JSON, JSON), st.tuples(JSON, JSON))
def test_what_is_written_otherwise_has_another_digest(one, other):
    assert (digest(*one) == digest(*other)) == (repr(one) == repr(other)) or one == other


def test_a_maker_is_told_by_stage_version_and_config():
    makers = {
        made_by("slicing", 1, {"a": 1}),
        made_by("scoring", 1, {"a": 1}),
        made_by("slicing", 2, {"a": 1}),
        made_by("slicing", 1, {"a": 2}),
    }
    assert len(makers) == 4
    assert {len(maker) for maker in makers} == {16}


def test_a_digest_takes_no_nan():
    with pytest.raises(ValueError):
        digest(float("nan"))


def test_an_outcome_is_kept_dropped_or_quarantined():
    of = video(1)
    assert of.outcome == ("kept", "")
    assert video(1, reason="corrupt").outcome == ("quarantined", "corrupt")
    assert clip(1, of).outcome == ("kept", "")
    assert clip(1, of, reason="too_short").outcome == ("dropped", "too_short")
    assert clip(1, of, reason="corrupt", frames=0).outcome == ("quarantined", "corrupt")

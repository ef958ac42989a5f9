import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.selecting import fold as folding
from longtake.selecting.fold import fold, parse_fingerprints, preference
from longtake.selecting.keys import BITS, count_keys, plan


def drawn(count, seed=0):
    """Fingerprints that have nothing to do with each other."""
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), dtype=np.uint64)


def flipped(fingerprints_N4, bits, seed=1):
    """Each with exactly so many of its bits turned."""
    places = np.random.default_rng(seed).permuted(np.tile(np.arange(BITS), (len(fingerprints_N4), 1)), axis=1)[:, :bits]
    found = fingerprints_N4.copy()
    for column in places.T:
        found[np.arange(len(found)), column // 64] ^= np.uint64(1) << (column % 64).astype(np.uint64)
    return found


def folded_by_the_book(fingerprints_N4, bits):
    """One after the other: the first representative that is near, else itself."""
    numbers = [int.from_bytes(row.tobytes(), "little") for row in fingerprints_N4]
    found = []
    for place, number in enumerate(numbers):
        near = (
            other for other in range(place) if found[other] == other and (number ^ numbers[other]).bit_count() <= bits
        )
        found.append(next(near, place))
    return found


@st.composite
def families(draw):
    """Fingerprints in a few families, near, just near and just not near to each other, some of them equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    bits = draw(st.sampled_from([0, 1, 2, 5, 12, 24]))
    varying = draw(st.sampled_from([4, 40, 64, 256]))
    founders = rng.integers(0, 2, (draw(st.integers(1, 4)), BITS))
    members = founders[rng.integers(0, len(founders), draw(st.integers(0, 60)))]
    turned = rng.random(members.shape).argsort(axis=1) < rng.integers(0, bits + 3, (len(members), 1))
    turned[:, varying:] = 0
    found = np.packbits(members ^ turned, axis=1, bitorder="little").view(np.uint64).reshape(-1, 4)
    return found, bits


@settings(max_examples=150, deadline=None)
@given(families())
def test_folding_is_what_comparing_one_after_the_other_gives(case):
    fingerprints, bits = case
    assert fold(fingerprints, bits).tolist() == folded_by_the_book(fingerprints, bits)


@settings(max_examples=60, deadline=None)
@given(families(), st.sampled_from([0, 1, 1000]), st.sampled_from([1, 5, 1 << 17]))
def test_keys_miss_no_near_pair_however_the_work_is_divided(case, candidates_each, piece):
    fingerprints, bits = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "LEAF", 2)
        patch.setattr(folding, "CANDIDATES_EACH", candidates_each)
        patch.setattr("longtake.selecting.keys.PIECE", piece)
        assert fold(fingerprints, bits).tolist() == folded_by_the_book(fingerprints, bits)


@pytest.mark.parametrize("bits", range(1, 25))
def test_every_pair_at_the_very_limit_is_found_for_every_setting(bits):
    first = drawn(3000)
    near, far = flipped(first, bits), flipped(first, bits + 1)
    assert (fold(np.concatenate([first, near]), bits)[3000:] == np.arange(3000)).all()
    assert (fold(np.concatenate([first, far]), bits) == np.arange(6000)).all()


@given(st.integers(1, 126), st.integers(1, 10**7), st.integers(1, 256))
def test_near_ones_share_a_key_whichever_chunks_differ(bits, count, varying):
    groups = plan(bits, count, varying)
    chunks = sorted(chunk for group in groups for chunk in group)
    assert chunks == list(range(len(chunks)))
    assert len(chunks) <= BITS
    # The worst case spares one chunk a group, and spends a difference on every other.
    assert len(chunks) - len(groups) > bits
    assert count_keys(groups) >= bits + 1


def test_of_a_chain_only_those_near_the_representative_are_folded():
    chain = np.zeros((3, 4), np.uint64)
    chain[1, 0], chain[2, 0] = 0b0111, 0b111111
    assert fold(chain, 3).tolist() == [0, 0, 2]
    assert fold(chain[[1, 0, 2]], 3).tolist() == [0, 0, 0]


def test_one_near_two_representatives_joins_the_better_one():
    both = np.zeros((3, 4), np.uint64)
    both[0, 3], both[1, 3] = 0b000111, 0b111000
    assert fold(both, 3).tolist() == [0, 1, 0]


def test_with_no_bits_equal_fingerprints_alone_are_folded():
    first = drawn(500)
    again = np.concatenate([first, flipped(first, 1), first[::-1]])
    assert fold(again, 0).tolist() == [*range(1000), *reversed(range(500))]


def test_nothing_and_one_fingerprint_fold_too():
    for bits in (0, 12):
        assert fold(np.empty((0, 4), np.uint64), bits).tolist() == []
        assert fold(drawn(1), bits).tolist() == [0]


def test_a_crowd_of_near_ones_has_one_representative_and_takes_linear_memory():
    crowd = np.unique(flipped(np.zeros((10_000, 4), np.uint64), 6), axis=0)
    crowd = np.concatenate([np.zeros((1, 4), np.uint64), crowd])
    tracemalloc.start()
    try:
        assert not fold(crowd, 12).any()
        assert tracemalloc.get_traced_memory()[1] < 100e6  # all pairs would be 400 MB
    finally:
        tracemalloc.stop()


def test_a_constant_part_costs_nothing_and_hides_nothing():
    first = drawn(5000)
    first[:, :2] = 7
    near = first.copy()
    near[:, 3] ^= np.uint64(0b111)
    assert (fold(np.concatenate([first, near]), 3)[5000:] == np.arange(5000)).all()


def test_a_crowd_that_is_not_near_is_compared_with_the_best_few_and_says_so(caplog, monkeypatch):
    crowd = drawn(3000)
    crowd[:, :3] = 0  # 64 bits are left, so that keys of few bits are shared by many
    monkeypatch.setattr(folding, "LEAF", 100)
    monkeypatch.setattr(folding, "CANDIDATES_EACH", 1)
    monkeypatch.setattr(folding, "COMPARED_EACH", 20)
    found = fold(crowd, 12)
    assert "near-duplicates among them may be kept" in caplog.text
    apart = np.bitwise_count(crowd ^ crowd[found]).sum(axis=1)
    assert (apart <= 12).all()
    assert (found[found] == found).all()


def test_ordinary_footage_brings_no_warning(caplog):
    fold(drawn(20_000), 12)
    assert not caplog.text


def test_fingerprints_are_read_from_hexadecimal_digits():
    found = parse_fingerprints(["0" * 63 + "1", "8" + "0" * 63])
    assert found.tolist() == [[0, 0, 0, 1], [1 << 63, 0, 0, 0]]
    assert parse_fingerprints([]).shape == (0, 4)


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "g" * 64, " " * 64, "0" * 62 + "é"])
def test_a_fingerprint_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match="expected 64 hexadecimal digits"):
        parse_fingerprints(["0" * 64, text])


@pytest.mark.parametrize("bits", [-1, 127])
def test_bits_that_no_plan_covers_are_refused(bits):
    with pytest.raises(ValueError, match="expected 0 to 126"):
        fold(drawn(2), bits)


def test_the_larger_picture_is_preferred_then_the_longer_clip_then_the_lower_id():
    ranked = [preference(1920, 1080, 2.0, "z"), preference(1280, 720, 9.0, "y"), preference(1280, 720, 3.0, "a"),
              preference(720, 1280, 3.0, "b")]  # fmt: skip
    assert sorted(reversed(ranked)) == ranked

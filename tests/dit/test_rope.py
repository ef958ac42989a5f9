import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from longtake.dit.rope import rotate, shares, turns  # noqa: E402

GRID, HEAD = (3, 4, 5), 24


@given(st.integers(1, 128).map(lambda half: 2 * half))
def test_time_height_and_width_share_a_head_in_pairs(head_width):
    found = shares(head_width)
    assert sum(found) == head_width
    assert all(share >= 0 and share % 2 == 0 for share in found)
    assert found[1] == found[2] <= found[0]


def test_turning_changes_no_length_and_leaves_the_first_token_as_it_is():
    x_BSne = torch.randn(2, 60, 3, HEAD, dtype=torch.float64)
    turned_BSne = rotate(x_BSne, turns(GRID, HEAD, 1e4))
    assert turned_BSne.dtype == x_BSne.dtype
    torch.testing.assert_close(turned_BSne.norm(dim=-1), x_BSne.norm(dim=-1))
    assert torch.equal(turned_BSne[:, 0], x_BSne[:, 0])
    assert not torch.allclose(turned_BSne[:, 1], x_BSne[:, 1])


places = st.tuples(*(st.integers(0, size - 1) for size in GRID))


@settings(deadline=None, max_examples=50)
@given(places, places, places)
def test_products_of_queries_and_keys_depend_on_distances_in_time_height_and_width_alone(query, key, step):
    if any(a + s >= size or b + s >= size for a, b, s, size in zip(query, key, step, GRID, strict=True)):
        return
    generator = torch.Generator().manual_seed(0)
    q_e, k_e = torch.randn(2, HEAD, generator=generator)
    q_THWe = rotate(q_e.expand(1, 60, 1, HEAD), turns(GRID, HEAD, 1e4)).view(*GRID, HEAD)
    k_THWe = rotate(k_e.expand(1, 60, 1, HEAD), turns(GRID, HEAD, 1e4)).view(*GRID, HEAD)
    later = tuple(zip(*((a + s, b + s) for a, b, s in zip(query, key, step, strict=True)), strict=True))
    torch.testing.assert_close(q_THWe[query] @ k_THWe[key], q_THWe[later[0]] @ k_THWe[later[1]])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_axis_turns_numbers_of_its_own(axis):
    cos_THWe = turns(GRID, HEAD, 1e4)[0].view(*GRID, HEAD)
    moved_e = cos_THWe[(0, 0, 0)] != cos_THWe[tuple(int(each == axis) for each in range(3))]
    time, height, width = (share // 2 for share in shares(HEAD))
    own = [range(time), range(time, time + height), range(time + height, time + height + width)][axis]
    assert set(moved_e.nonzero()[:, 0].tolist()) <= {i + half for i in own for half in (0, HEAD // 2)}
    assert moved_e.any()

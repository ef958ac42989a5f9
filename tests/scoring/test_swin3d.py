import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from dataclasses import replace  # noqa: E402

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from longtake.scoring.stochastic_depth import StochasticDepth, rates_of_blocks  # noqa: E402
from longtake.scoring.swin3d import Fragments, Swin3D, WindowAttention, lay_out  # noqa: E402
from tests.scoring.tiny_network import DYNAMIC  # noqa: E402

CPU = torch.device("cpu")

sides = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=50, deadline=None)
@given(size=sides, window=sides, shifted=st.booleans())
def test_what_is_cut_into_windows_comes_back_as_it_was_whatever_the_sizes(size, window, shifted):
    layout = lay_out(size, window, tuple(side // 2 * shifted for side in window), None, CPU)
    tokens_BTYXC = torch.rand(2, *size, 3)
    windows_BWNC = layout.partition(tokens_BTYXC)
    assert windows_BWNC.shape[2] <= window[0] * window[1] * window[2]
    assert torch.equal(layout.reverse(windows_BWNC), tokens_BTYXC)


def attend(attention, tokens_BTYXC):
    """Which tokens [T Y X, T Y X] each token's answer depends on."""
    tokens_BTYXC = tokens_BTYXC.clone().requires_grad_()
    seen_NC = attention(tokens_BTYXC).flatten(0, 3)
    return torch.stack(
        [
            torch.autograd.grad(answer_C.square().sum(), tokens_BTYXC, retain_graph=True)[0].abs().sum(-1).flatten() > 0
            for answer_C in seen_NC
        ]
    )


def random_attention(window, shift, fragments=None):
    torch.manual_seed(0)
    attention = WindowAttention(4, 2, window, shift, fragments)
    for weights in attention.parameters():
        torch.nn.init.normal_(weights)
    return attention


def test_a_shifted_window_never_attends_across_the_clips_border():
    tokens_BTYXC = torch.randn(1, 1, 1, 8, 4)
    seen = attend(random_attention((1, 1, 4), (0, 0, 2)), tokens_BTYXC)
    parts = [
        slice(0, 2),
        slice(2, 6),
        slice(6, 8),
    ]  # the first and the last share a window, and are the clip's two ends
    expected = torch.zeros(8, 8, dtype=torch.bool)
    for part in parts:
        expected[part, part] = True
    assert torch.equal(seen, expected)


def test_what_a_size_is_filled_up_with_is_never_attended_to():
    seen = attend(random_attention((1, 1, 4), (0, 0, 0)), torch.randn(1, 1, 1, 6, 4))
    expected = torch.zeros(6, 6, dtype=torch.bool)
    expected[:4, :4] = expected[4:, 4:] = True
    assert torch.equal(seen, expected)
    full, filled = torch.randn(1, 2, 6, 6, 4), random_attention((2, 4, 4), (0, 2, 2))
    assert filled(full).isfinite().all()


def test_a_clipped_window_reads_its_biases_at_the_same_places_as_a_whole_one():
    whole, clipped = (lay_out(size, (3, 3, 3), (0, 0, 0), None, CPU) for size in ((3, 3, 3), (2, 3, 2)))
    kept = torch.tensor([y * 3 + x + 9 * t for t in range(2) for y in range(3) for x in range(2)])
    assert torch.equal(clipped.place_NN, whole.place_NN[kept][:, kept])
    assert len(whole.place_NN.unique()) == 5 * 5 * 5


def test_pairs_within_a_patch_and_pairs_across_two_read_their_own_table():
    fragments = Fragments(patch_px=8, step_px=(4, 4))  # 2 x 2 tokens are a patch
    layout = lay_out((1, 2, 4), (1, 2, 4), (0, 0, 0), fragments, CPU)
    left = torch.tensor([True, True, False, False] * 2)
    assert torch.equal(layout.same_patch_WNN[0], left[:, None] == left)

    attention = random_attention((1, 2, 4), (0, 0, 0), fragments)
    bias_GNN = attention._bias(layout)[0]
    within_GNN, across_GNN = (
        table[layout.place_NN].permute(2, 0, 1) for table in (attention.bias_PG, attention.across_bias_PG)
    )
    assert torch.equal(bias_GNN, torch.where(left[:, None] == left, within_GNN, across_GNN))


def test_a_layout_that_was_made_for_a_prediction_serves_training():
    swin = Swin3D(replace(DYNAMIC, window_TYX=(2, 3, 4)))
    frames_B3TYX = torch.randn(1, 3, 4, 32, 32)
    with torch.inference_mode():
        swin(frames_B3TYX)
    swin(frames_B3TYX).sum().backward()


def test_frames_of_any_size_become_features_rounded_up():
    assert Swin3D(DYNAMIC)(torch.randn(2, 3, 5, 30, 41)).shape == (2, 3, 4, 6, 16)


def test_stochastic_depth_keeps_the_mean_and_leaves_out_whole_members_in_training_alone():
    torch.manual_seed(0)
    drop, added = StochasticDepth(0.25), torch.ones(4000, 3)
    seen = drop.train()(added)
    assert seen.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (seen == seen[:, :1]).all()
    assert seen.mean() == pytest.approx(1, abs=0.05)
    assert drop.eval()(added) is added
    (first,), others = rates_of_blocks(0.3, (1, 3))
    assert (first, *others) == pytest.approx((0, 0.1, 0.2, 0.3))

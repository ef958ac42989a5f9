import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from dataclasses import replace  # noqa: E402

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from longtake.dit.config import DiTConfig  # noqa: E402
from longtake.dit.flops import (  # noqa: E402
    forward_flops,
    params,
    scaling_params,
    tokens,
    train_flops,
    train_flops_per_token,
)
from longtake.dit.model import DiT  # noqa: E402
from tests.dit.tiny import CONFIG, examples, grown  # noqa: E402

PUBLISHED_M = {4: 17, 6: 57, 8: 130, 10: 260, 14: 720, 16: 1070}
"""Sizes of the scaling paper, millions, by the depth that gives them."""

configs = st.builds(
    DiTConfig,
    depth=st.integers(1, 3),
    width_per_layer=st.integers(1, 8).map(lambda pairs: 2 * pairs),
    head_width=st.sampled_from([4, 16]),
    mlp_ratio=st.sampled_from([1.5, 4.0]),
    patch_t=st.sampled_from([1, 3]),
    patch_px=st.sampled_from([1, 2]),
    channels=st.sampled_from([4, 7]),
    text_width=st.sampled_from([8, 13]),
    conditions=st.sampled_from([(), ("motion",), ("motion", "aesthetic", "clarity", "vtss")]),
    frequency_width=st.sampled_from([4, 32]),
    qk_norm=st.booleans(),
)


def count(model, given, train):
    """What torch counts: attention spelled out, since it does not see into the fused one of processors."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        time_Bt = torch.ones(given.latents_BCthw.shape[0], given.latents_BCthw.shape[2])
        out = model(given.latents_BCthw, time_Bt, given.text_BLD, given.text_mask_BL, given.conditions)
        if train:
            out.sum().backward()
    return counter.get_total_flops()


@settings(max_examples=25, deadline=None)
@given(configs)
def test_weights_are_counted_to_the_last_one(config):
    assert params(config) == sum(weights.numel() for weights in DiT(config).parameters())


@settings(max_examples=8, deadline=None)
@given(configs, st.sampled_from([(3, 4, 2), (6, 2, 6)]), st.integers(1, 6))
def test_flops_are_those_of_torchs_counter_to_the_last_one(config, shape, text_tokens):
    model, one = grown(config), examples(1, shape, text_tokens, config=config)
    assert forward_flops(config, shape, text_tokens) == count(model, one, train=False)
    assert train_flops(config, shape, text_tokens) == count(model, one, train=True)


def test_a_batch_costs_as_often_as_it_has_samples():
    assert count(grown(), examples(3), train=True) == 3 * train_flops(CONFIG, (3, 4, 6), 5)


@pytest.mark.parametrize("depth", PUBLISHED_M)
def test_depth_alone_gives_the_papers_family(depth):
    config = DiTConfig(depth=depth)
    assert scaling_params(config) == 16 * depth * config.width**2 == 2**18 * depth**3
    assert scaling_params(config) / 1e6 == pytest.approx(PUBLISHED_M[depth], rel=0.035)
    with torch.device("meta"):
        matrices = sum(w.numel() for name, w in DiT(config).blocks.named_parameters() if name.endswith("weight"))
    assert matrices == scaling_params(config)


def test_the_papers_clip_is_1280_tokens():
    assert tokens(DiTConfig(), (5, 32, 32)) == 1280


@pytest.mark.parametrize("depth", PUBLISHED_M)
@pytest.mark.parametrize("n_ctx", [256, 1280])
def test_the_papers_cost_of_a_token_is_its_formula(depth, n_ctx):
    config = DiTConfig(depth=depth)
    per_token = 0.75 * scaling_params(config) * (7 + n_ctx / config.width)
    assert train_flops_per_token(config, n_ctx) == pytest.approx(per_token)


def test_a_step_costs_what_the_paper_counts_and_text_and_edges():
    config = DiTConfig(depth=8)
    whole, counted = train_flops(config, (5, 32, 32), 1), 1280 * train_flops_per_token(config, 1280)
    assert counted < whole < 1.03 * counted
    without_text_or_edges = replace(config, channels=1, patch_px=1, conditions=(), text_width=1)
    assert train_flops(without_text_or_edges, (5, 16, 16), 0) == pytest.approx(counted, rel=0.01)

import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from dataclasses import replace  # noqa: E402
from itertools import product  # noqa: E402

import numpy as np  # noqa: E402

from longtake.errors import UserError  # noqa: E402
from longtake.scoring.architecture import PAPER, SMALL  # noqa: E402
from longtake.scoring.network import CrossGate, TSANetwork, WeightedCrossGate  # noqa: E402
from tests.scoring.tiny_network import TINY, build, draw_inputs  # noqa: E402

PUBLISHED_SWIN3D_T = 28_158_070
"""torchvision's documentation of swin3d_t, with its classifier of 400."""
PUBLISHED_CONVNEXT_T = 28_589_128
"""That of convnext_tiny, with its classifier of 1000."""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small wait for a second thread longer than it works."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def count(module, part=""):
    return sum(weights.numel() for name, weights in module.named_parameters() if part in name)


def test_the_papers_backbones_have_the_published_parameters_and_small_a_few_million():
    paper = TSANetwork(PAPER)
    swin = paper.dynamic.backbone
    second_tables = count(swin, "across_bias")
    assert second_tables == 15 * 13 * 13 * (2 * 3 + 2 * 6 + 6 * 12) == 228_150  # FAST-VQA's, which torchvision has not
    assert count(swin) - second_tables + count(paper.dynamic.map) == PUBLISHED_SWIN3D_T
    assert count(paper.static.backbone) == PUBLISHED_CONVNEXT_T
    small = TSANetwork(SMALL)
    assert 0.5e6 < count(small) - count(small.eyes) < 1.5e6


def test_every_combination_of_branches_scores_and_every_weight_of_it_learns():
    logits = replace(TINY.static, logits=10)
    for dynamic, static, labels, fusion in product(
        (TINY.dynamic, None), (TINY.static, logits, None), (TINY.labels, None), ("wcgb", "concat")
    ):
        if not (dynamic or static or labels) or (fusion == "wcgb" and not (labels and (dynamic or static))):
            continue
        network = build(replace(TINY, dynamic=dynamic, static=static, labels=labels, fusion=fusion))
        scores_B = network(*draw_inputs(2))
        assert scores_B.shape == (2,)
        scores_B.square().sum().backward()
        idle = [name for name, weights in network.named_parameters() if weights.grad is None or not weights.grad.any()]
        assert idle == []


def test_with_pretrained_eyes_all_but_they_learn():
    network = build(replace(TINY, eyes=2, eyes_see_T=(0, 2)))
    network(*draw_inputs(2)).square().sum().backward()
    learned = {name.split(".")[0] for name, weights in network.named_parameters() if weights.grad is not None}
    assert learned == {"dynamic", "static", "labels", "fusion", "head"}
    assert not any(weights.requires_grad for weights in network.eyes.parameters())


def test_a_batch_of_one_and_of_sixteen_agree_and_the_same_input_gives_the_same_bits():
    network, (fragments, images, labels) = build(), draw_inputs(16)
    with torch.no_grad():
        together_B = network(fragments, images, labels)
        again_B = network(fragments, images, labels)
        alone_B = torch.cat([network(fragments[[clip]], images[[clip]], labels[[clip]]) for clip in range(16)])
    assert torch.equal(together_B, again_B)
    assert torch.allclose(together_B, alone_B, atol=1e-4, rtol=0)
    assert together_B.std() > 1e-2


def test_the_order_of_segments_and_of_images_does_not_matter():
    network, (fragments, images, labels) = build(), draw_inputs(2)
    turned_B = network(fragments.flip(1), images.flip(1), labels)
    assert torch.allclose(turned_B, network(fragments, images, labels), atol=1e-5)


def as_numpy(linear):
    return linear.weight.detach().double().numpy(), linear.bias.detach().double().numpy()


def test_the_weighted_cross_gate_is_the_papers_formula():
    torch.manual_seed(0)
    block = WeightedCrossGate(6, videos=2)
    for weights in block.parameters():
        torch.nn.init.normal_(weights)
    dynamic_BF, static_BF, labels_BF = torch.randn(3, 4, 6)

    def gated(gate, video_BF):
        (w0, b0), (w1, b1), (w_in, b_in), (w_out, b_out) = map(as_numpy, (gate.w0, gate.w1, gate.w_in, gate.w_out))
        a_BF, b_BF = labels_BF.numpy() @ w0.T + b0, video_BF.numpy() @ w1.T + b1
        x_BF = a_BF @ w_in.T + b_in
        gelu_BF = 0.5 * x_BF * (1 + np.tanh(np.sqrt(2 / np.pi) * (x_BF + 0.044715 * x_BF**3)))
        return (b_BF * gelu_BF) @ w_out.T + b_out + b_BF

    moved_BF, still_BF = gated(block.gates[0], dynamic_BF), gated(block.gates[1], static_BF)
    weigh, bias = as_numpy(block.weights)
    weights_B2 = np.concatenate([moved_BF, still_BF], 1) @ weigh.T + bias
    expected_BF = weights_B2[:, :1] * moved_BF + weights_B2[:, 1:] * still_BF
    assert block([dynamic_BF, static_BF, labels_BF]).detach().numpy() == pytest.approx(expected_BF, rel=1e-4, abs=1e-4)


def test_a_lone_video_branch_is_gated_and_not_weighed():
    torch.manual_seed(0)
    block = WeightedCrossGate(6, videos=1)
    video_BF, labels_BF = torch.randn(2, 4, 6)
    assert [type(module) for module in block.children()] == [torch.nn.ModuleList]
    assert torch.equal(block([video_BF, labels_BF]), block.gates[0](video_BF, labels_BF))
    assert isinstance(block.gates[0], CrossGate)


def test_an_untrained_network_passes_on_what_it_sees_of_every_branch():
    torch.manual_seed(0)
    alone = replace(PAPER, features=128, dynamic=replace(PAPER.dynamic, depths=(1, 1), heads=(3, 6), frames=4))
    network, (fragments, images, labels) = TSANetwork(alone).eval(), draw_inputs(2, architecture=alone)
    with torch.no_grad():
        features = network.features(fragments[:, :1], images[:, :1], labels)
        scores_B = network.fuse(features)
        assert all(0.1 < branch_BF.std() < 10 for branch_BF in features)
        assert scores_B.abs().max() < 10
        for name, branch_BF in features._asdict().items():
            others_B = network.fuse(features._replace(**{name: branch_BF.flip(0)}))
            assert (others_B - scores_B).abs().max() > 1e-3


def test_what_if_a_clip_had_other_labels_costs_no_second_look_at_its_pixels():
    network, (fragments, images, labels) = build(), draw_inputs(1)
    others_BL = torch.randn(5, labels.shape[1])
    seen = network.features(fragments, images, others_BL)
    assert seen.dynamic_BF.shape[0] == 1
    each_B = torch.cat([network(fragments, images, other_L[None]) for other_L in others_BL])
    assert torch.allclose(network.fuse(seen), each_B, atol=1e-5)


def test_a_branch_that_is_given_nothing_is_named():
    network, (fragments, _, labels) = build(), draw_inputs(1)
    with pytest.raises(UserError, match="'static'"):
        network(fragments, None, labels)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dynamic": None, "static": None, "labels": None, "fusion": "concat"}, "'dynamic', 'static' and 'labels'"),
        ({"labels": None}, "'fusion' is 'wcgb'"),
        ({"dynamic": None, "static": None}, "'fusion' is 'wcgb'"),
        ({"dynamic": replace(TINY.dynamic, heads=(1,))}, "dynamic.heads"),
        ({"dynamic": replace(TINY.dynamic, heads=(1, 3))}, "do not divide"),
        ({"static": replace(TINY.static, depths=(1,))}, "static.depths"),
        ({"eyes": 1}, "'eyes_see_T' is .0, 1, 4. of the 4 frames"),
        ({"eyes": 1, "eyes_see_T": ()}, "'eyes_see_T' is .. of the 4 frames"),
        ({"eyes": 1, "eyes_see_T": (-1,)}, "'eyes_see_T' is .-1,. of the 4 frames"),
    ],
)
def test_an_architecture_whose_parts_do_not_fit_is_refused_by_the_name_of_the_field(change, named):
    with pytest.raises(UserError, match=named):
        TSANetwork(replace(TINY, **change))

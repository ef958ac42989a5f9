import pytest

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

from torch import nn  # noqa: E402

from longtake.scoring.efficientnet import STAGES, Convolution, EfficientNetLite  # noqa: E402
from longtake.scoring.network import Glance, glance  # noqa: E402

PUBLISHED = 4_652_008
"""Parameters of EfficientNet-Lite0 as published: 4.7 million."""


def test_it_has_the_published_weights_but_for_the_norms_that_are_folded_in_and_the_classifier():
    network = EfficientNetLite(len(STAGES))
    biases = sum(one.numel() for name, one in network.named_parameters() if name.endswith("bias"))
    all_of_them = sum(one.numel() for one in network.parameters())
    classifier = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert all_of_them + biases + classifier == PUBLISHED  # a norm has two numbers where a bias is one


@pytest.mark.parametrize(("kernel", "stride", "side", "found"), [(3, 2, 224, 112), (5, 2, 7, 4), (3, 1, 5, 5)])
def test_a_convolution_divides_its_sides_rounding_up_and_pads_more_at_the_end(kernel, stride, side, found):
    convolution = Convolution(1, 1, kernel, stride=stride)
    nn.init.ones_(convolution.weight)
    nn.init.zeros_(convolution.bias)
    out = convolution(torch.ones(1, 1, side, side))[0, 0]
    assert out.shape == (found, found)
    if stride == 2 and side % 2 == 0:
        assert out[0, 0] == kernel * kernel  # nothing is padded before the first
        assert out[-1, -1] < kernel * kernel


def test_a_glance_tells_stillness_from_change_and_does_not_mind_the_order_of_bursts():
    torch.manual_seed(0)
    eyes = EfficientNetLite(2).eval()
    frames = torch.randn(2, 3, 2, 3, 32, 32)
    still = frames[:, :, :1].expand(-1, -1, 2, -1, -1, -1)
    width = eyes.width
    with torch.no_grad():
        seen, of_still, alone = (glance(eyes, each) for each in (frames, still, frames[:, :, :1]))
        turned = glance(eyes, frames.flip(1))
    assert seen.shape == (2, 1, 4 * width)
    assert of_still[..., 2 * width :].abs().max() < 1e-5
    assert not alone[..., 2 * width :].any()
    assert seen[..., 2 * width :].min() > 0
    assert torch.allclose(seen, turned, atol=1e-5)


def test_what_is_read_from_a_glance_is_standardised_by_the_clips_that_were_trained_on():
    torch.manual_seed(0)
    branch = Glance(6, 4, 0.0).eval()
    looks_NC = torch.randn(50, 6) * 7 + 3
    before = branch(looks_NC[:, None])
    branch.settle(looks_NC)
    scaled = Glance(6, 4, 0.0).eval()
    scaled.load_state_dict({**branch.state_dict(), "mean_C": torch.zeros(6), "sd_C": torch.ones(6)})
    standard_NC = (looks_NC - looks_NC.mean(0)) / looks_NC.std(0)
    assert torch.allclose(branch(looks_NC[:, None]), scaled(standard_NC[:, None]), atol=1e-5)
    assert not torch.allclose(branch(looks_NC[:, None]), before, atol=1e-2)

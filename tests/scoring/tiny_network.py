"""A TSA network that is built in a moment, random inputs for it, and what would calibrate it."""

import torch

from longtake.records import METRICS
from longtake.scoring.architecture import Architecture, DynamicBranch, LabelBranch, StaticBranch
from longtake.scoring.checkpoint import Calibration
from longtake.scoring.network import TSANetwork

DYNAMIC = DynamicBranch(
    segments=2, frames=4, grid=2, patch_px=16, token_TYX=(2, 4, 4), width=8, depths=(2, 2), heads=(1, 2),
    window_TYX=(2, 5, 5), gated_stages=1,
)  # fmt: skip
TINY = Architecture(
    dynamic=DYNAMIC,
    static=StaticBranch(images=2, size_px=32, widths=(8, 16), depths=(1, 2), logits=0),
    labels=LabelBranch(hidden=(16,)),
    features=16,
    head=(8,),
)
CALIBRATION = Calibration(
    score_mean=3.3,
    score_sd=1.1,
    label_medians_L=(0.5,) * len(METRICS),
    label_means_L=tuple(0.1 * place for place in range(len(METRICS))),
    label_sds_L=(2.0,) * len(METRICS),
    log_labels=("motion",),
)


def build(architecture=TINY, seed=0):
    """Random weights all through: what starts near 0 would let much pass."""
    torch.manual_seed(seed)
    network = TSANetwork(architecture)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    return network.eval()


def draw_inputs(clips, seed=0, architecture=TINY):
    """Fragments, images and labels of as many clips, as the network reads them."""
    generator = torch.Generator().manual_seed(seed)
    dynamic, static = architecture.dynamic or DYNAMIC, architecture.static or TINY.static
    side_px = dynamic.grid * dynamic.patch_px
    return (
        torch.randn(clips, dynamic.segments, dynamic.frames, 3, side_px, side_px, generator=generator),
        torch.randn(clips, static.images, 3, static.size_px, static.size_px, generator=generator),
        torch.randn(clips, len(METRICS), generator=generator),
    )

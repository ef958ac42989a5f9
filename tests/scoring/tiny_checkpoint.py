"""A checkpoint of the tiny network, drawn in a moment."""

import torch

from longtake.records import METRICS
from longtake.scoring.checkpoint import Calibration, save_checkpoint
from tests.scoring.tiny_network import TINY, build

CALIBRATION = Calibration(
    score_mean=3.0,
    score_sd=0.1,
    label_medians_L=(1.0,) * len(METRICS),
    label_means_L=(1.0,) * len(METRICS),
    label_sds_L=(10.0,) * len(METRICS),
    log_labels=("motion",),
)


def draw_checkpoint(path, architecture=TINY, seed=0, broken=False):
    """Random weights, whose scores lie about 3. A broken network gives no finite number."""
    network = build(architecture, seed)
    if broken:
        with torch.no_grad():
            for weights in network.parameters():
                weights.fill_(6e4)
    save_checkpoint(path, network, CALIBRATION, {})
    return path

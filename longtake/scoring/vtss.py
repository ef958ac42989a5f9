"""VTSS of clips, and what costs each of them most, by a TSA network that was trained.

The reason is the sub-metric whose change to its median would raise VTSS most: the network is asked again with one label after
the other set to it. What it saw in the video stays, so that 15 questions cost one pass through the label branch. The medians
are those of the network's training clips, not of the clips around: the same file gives the same row everywhere.

Legend: B clips, L sub-metrics, W what-ifs of a clip (the clip as it is, then one for each sub-metric).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from longtake.scoring.architecture import Architecture
from longtake.scoring.checkpoint import load_checkpoint
from longtake.scoring.inputs import Inputs
from longtake.scoring.reasons import Suited, name_reason
from longtake.scoring.tensors import standardise_labels, to_tensors


class VtssPredictor:
    """A network in memory, on a GPU where there is one.

    Clips go through it one at a time, on a processor on one thread: kernels, and with them the last bits, would follow from how
    many are together and how many cores there are. A clip is work enough for a core, and a GPU waits for decoding anyway.
    """

    def __init__(self, weights: Path, device: str | None = None) -> None:
        """Raises UserError for a file that is no checkpoint of a TSA network."""
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        checkpoint = load_checkpoint(weights)
        self._network = checkpoint.network.to(self.device).eval()
        self._calibration = checkpoint.calibration
        self.facts = checkpoint.facts

    @property
    def architecture(self) -> Architecture:
        """What of a clip it is to be shown."""
        return self._network.architecture

    def predict(self, inputs: Sequence[Inputs]) -> list[Suited]:
        """What it says of each clip; that does not depend on the others."""
        with torch.inference_mode(), exact():
            return [self._predict(clip) for clip in inputs]

    def _predict(self, clip: Inputs) -> Suited:
        fragments_BST3HW, images_BK3HW, _ = to_tensors([clip], self._calibration, self.device)
        labels_WL = standardise_labels(what_ifs(clip.labels_L, self._calibration.label_medians_L), self._calibration)
        seen = self._network.features(fragments_BST3HW, images_BK3HW, labels_WL.to(self.device))
        scores_W = self._network.fuse(seen).double().cpu().numpy()
        if not np.isfinite(scores_W).all():
            return Suited(math.nan, None, 0.0)
        vtss_W = self._calibration.to_vtss(scores_W)
        gains_L = np.full_like(clip.labels_L, np.nan)
        if self.architecture.labels:
            gains_L = np.where(np.isnan(clip.labels_L), np.nan, vtss_W[1:] - vtss_W[0])
        return Suited(float(vtss_W[0]), *name_reason(gains_L.tolist()))


def what_ifs(labels_L: NDArray[np.float32], medians_L: Sequence[float]) -> NDArray[np.float32]:
    """The labels [W, L] as they are, and then with each in turn at its median."""
    labels_WL = np.repeat(labels_L[None], 1 + len(labels_L), axis=0)
    np.fill_diagonal(labels_WL[1:], np.asarray(medians_L, np.float32))
    return labels_WL


@contextmanager
def exact() -> Iterator[None]:
    """One thread, float32 throughout, and the same kernels each time; as it was before afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(threads)

"""The linear classifier of Koala-36M: a pair's two similarities become one score, negative for a transition."""

import numpy as np
from numpy.typing import NDArray

from longtake.slicing.config import SlicingConfig


def pair_scores(similarities: NDArray[np.float64], config: SlicingConfig) -> NDArray[np.float64]:
    """Score of each pair [pairs], from its colour and structural similarity [pairs, 2]; identical frames have 2.88."""
    scores: NDArray[np.float64] = similarities @ np.array([config.weight_color, config.weight_struct]) + config.bias
    return scores

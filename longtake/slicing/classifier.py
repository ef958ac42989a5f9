"""The linear classifier of Koala-36M: two similarities of a pair of frames become one score, negative where a transition lies between them."""

import numpy as np
from numpy.typing import NDArray

from longtake.slicing.config import SlicingConfig


def pair_scores(similarities: NDArray[np.float64], config: SlicingConfig) -> NDArray[np.float64]:
    """Signed score of each pair, [pairs], from colour and structural similarity [pairs, 2]; 2.88 for identical frames, below 0 for a transition."""
    scores: NDArray[np.float64] = similarities @ np.array([config.weight_color, config.weight_struct]) + config.bias
    return scores

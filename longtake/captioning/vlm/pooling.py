"""2 x 2 average pooling of the grid of visual tokens: a quarter of them for the language model to read (Koala-36M section B).

It is done on what the projector gives, so that the checkpoint stays as it is. LLaVA-OneVision averages the tokens of a video itself,
and Qwen2.5-VL merges 2 x 2 in the projector: for these it would be a second time, and it is refused.

Legend: N frames, L tokens of one, D numbers of a token.
"""

import math
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from longtake.captioning.vlm.families import Family
from longtake.errors import UserError

FACTOR = 2
"""Of each side (Koala-36M section B)."""


def pool(tokens_NLD: Tensor) -> Tensor:
    """[N, L / 4, D]: the mean of each 2 x 2 tokens of a square grid."""
    N, L, D = tokens_NLD.shape
    side = math.isqrt(L)
    grid_NDHW = tokens_NLD.transpose(1, 2).reshape(N, D, side, side)
    return avg_pool2d(grid_NDHW, FACTOR).flatten(2).transpose(1, 2)


def add_pooling(model: Any, family: Family) -> None:
    """Lets the model average its visual tokens. Raises UserError where they are no square grid of even sides."""
    name = family.config.model_type
    if not family.poolable_module:
        raise UserError(f"{name} averages or merges its visual tokens already; pooling has to be 1 for it")
    side = _side(family)
    if side is None or side % FACTOR:
        raise UserError(
            f"the visual tokens of this {name} are no square grid of even sides ({side}); pooling has to be 1"
        )

    def pool_output(module: nn.Module, inputs: tuple[Tensor, ...], output_NLD: Tensor) -> Tensor:
        return pool(output_NLD)

    getattr(model.model, family.poolable_module).register_forward_hook(pool_output)


def _side(family: Family) -> int | None:
    """Of the grid behind the projector."""
    config = family.config
    side = config.vision_config.image_size // config.vision_config.patch_size
    if config.model_type == "smolvlm":
        return int(side // config.scale_factor)
    return None if config.vision_feature_select_strategy == "full" else int(side)

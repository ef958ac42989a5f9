"""The latent world state: queries that the language model reads, and what becomes of its answers (B.2, F.2).

Legend: B rows, Q state queries, d the language model's width, D width of the state as the film decoder reads it, L tokens of a text.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from longtake.owl.config import StateConfig

QUERY_SCALE = 0.02
"""Of the queries at first: as embeddings of words have it."""


class State(nn.Module):
    """One set of queries for every clip (B.2); hidden states at their positions become states by norm, linear, GELU, linear, norm.

    The last norm is ours: without it what differs between clips is a tenth of what is common to all states, and a film decoder that was not
    trained on texts before never begins to listen (`benchmarks/owl_memory.py`).
    """

    def __init__(self, config: StateConfig, width: int, context_width: int, seed: int = 0) -> None:
        """`width`: d; `context_width`: D. The seed draws the weights."""
        super().__init__()
        hidden = config.hidden or width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.queries_Qd = nn.Parameter(torch.randn(config.queries, width) * QUERY_SCALE)
            self.project = nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, context_width),
                nn.LayerNorm(context_width),
            )  # fmt: skip

    def forward(self, hidden_BQd: Tensor) -> Tensor:
        """states_BQD."""
        states_BQD: Tensor = self.project(hidden_BQd)
        return states_BQD


class AlignmentHead(nn.Module):
    """Q states as a text of any length; for stage 1 alone (F.2, 4).

    Cross-attention without maps of values: each token is a mean of states, so that they have to become text features themselves, which is
    what the alignment is for (C.2). It begins as interpolation: a token looks at the states that lie where it lies.
    """

    def __init__(self, context_width: int, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.query = nn.Linear(1, context_width)
            self.key = nn.Linear(context_width, context_width, bias=False)
        nn.init.zeros_(self.key.weight)
        self.sharpness = nn.Parameter(torch.ones(()))

    def forward(self, states_BQD: Tensor, mask_BL: Tensor) -> Tensor:
        """text_BLD, zero where the mask is False; rows are padded on the right."""
        queries, width = states_BQD.shape[1:]
        length_B1 = mask_BL.sum(1, keepdim=True).clamp(min=1)
        place_BL = ((torch.arange(mask_BL.shape[1], device=mask_BL.device) + 0.5) / length_B1).clamp(max=1)
        place_Q = (torch.arange(queries, device=mask_BL.device) + 0.5) / queries
        steps_B11 = length_B1.clamp(max=queries)[..., None]  # the coarser of the two says what is near
        far_BLQ = self.sharpness * steps_B11 * (place_BL[..., None] - place_Q)
        keys_BQD = self.key(F.layer_norm(states_BQD, (width,)))
        alike_BLQ = self.query(place_BL[..., None]) @ keys_BQD.transpose(1, 2) * width**-0.5
        weights_BLQ = (alike_BLQ - far_BLQ.square()).softmax(-1)
        return weights_BLQ @ states_BQD * mask_BL[..., None]


def alignment_losses(predicted_BLD: Tensor, text_BLD: Tensor, mask_BL: Tensor) -> Tensor:
    """loss_B: mean square error over the tokens of each text (C.2, Eq. 7); 0 for a text without any."""
    error_BL = (predicted_BLD.float() - text_BLD.float()).square().mean(2)
    return (error_BL * mask_BL).sum(1) / mask_BL.sum(1).clamp(min=1)

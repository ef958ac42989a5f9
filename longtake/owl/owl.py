"""The understanding half of a world model: readings in, states of the film and the loss of its dynamics out (A.2: f and g).

One pass of the language model gives all states of a story at once, since it is causal (G.2).

Legend: B stories, L positions, N clips of a story, Q state queries, d the language model's width, D width of a state, X any tokens.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from longtake.owl.config import OwlConfig
from longtake.owl.lmm import LMM
from longtake.owl.sequence import FRAME, NOTHING, STATE, WORD, Reading, read
from longtake.owl.state import State
from longtake.owl.story import Story


class Understood(NamedTuple):
    """What reading some stories gives."""

    hidden_BLd: Tensor
    states: list[Tensor]
    """states_NQD of each story."""


class Owl(nn.Module):
    """A language model with state queries."""

    def __init__(self, config: OwlConfig, lmm: LMM, context_width: int) -> None:
        """`context_width`: D, what the film decoder reads."""
        super().__init__()
        self.config = config
        self.lmm = lmm
        self.state = State(config.state, lmm.width, context_width, config.seed)

    def read(self, story: Story, *, repeat_prompt: bool = False) -> Reading:
        """The story in this model's words and tokens."""
        return read(story, self.lmm.words, self.config, frame_tokens=self.lmm.frame_tokens, repeat_prompt=repeat_prompt)

    def embed(self, readings: Sequence[Reading]) -> Tensor:
        """embeddings_BLd, zeros behind the shorter stories."""
        rows = [self._embed_one(reading) for reading in readings]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True)

    def forward(self, readings: Sequence[Reading]) -> Understood:
        """Hidden states of whole stories, and the states of their clips."""
        hidden_BLd: Tensor = self.lmm(self.embed(readings))
        slots = [reading.layout.slots_NQ.to(hidden_BLd.device) for reading in readings]
        read_XQd = torch.cat([hidden_BLd[row, slots_NQ] for row, slots_NQ in enumerate(slots)])
        states_XQD: Tensor = self.state(read_XQd)
        return Understood(hidden_BLd, list(states_XQD.split([len(slots_NQ) for slots_NQ in slots])))

    def dynamics_loss(self, readings: Sequence[Reading], hidden_BLd: Tensor) -> Tensor:
        """Mean cross-entropy over all labels of all stories (C.2); 0 where there are none."""
        labels_BL = nn.utils.rnn.pad_sequence(
            [reading.layout.labels_L for reading in readings], batch_first=True, padding_value=NOTHING
        ).to(hidden_BLd.device)
        at_BL = labels_BL != NOTHING
        if not at_BL.any():
            return hidden_BLd[:0].sum()
        return F.cross_entropy(self.lmm.score(hidden_BLd[at_BL]).float(), labels_BL[at_BL])

    def learned(self) -> list[str]:
        """Names of the weights that training may change: all that a saved model needs beside its checkpoint."""
        return [f"lmm.{name}" for name in self.lmm.learned()] + [
            f"state.{name}" for name, _ in self.state.named_parameters()
        ]

    def _embed_one(self, reading: Reading) -> Tensor:
        device = self.state.queries_Qd.device
        kinds_L, index_L = reading.layout.kinds_L.to(device), reading.layout.index_L.to(device)
        frames_Fd = self.lmm.embed_frames(torch.from_numpy(reading.frames_KHW3).to(device)).flatten(0, 1)
        kinds = {
            WORD: self.lmm.embed_words(index_L[kinds_L == WORD]),
            FRAME: frames_Fd[index_L[kinds_L == FRAME]],
            STATE: self.state.queries_Qd[index_L[kinds_L == STATE]],
        }
        embeddings_Ld = self.state.queries_Qd.new_empty(len(kinds_L), self.lmm.width)
        for kind, embeddings_Xd in kinds.items():
            embeddings_Ld = embeddings_Ld.index_copy(
                0, (kinds_L == kind).nonzero()[:, 0], embeddings_Xd.type_as(embeddings_Ld)
            )
        return embeddings_Ld

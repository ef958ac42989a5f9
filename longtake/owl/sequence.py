"""The sequence that a language model reads: I, t, and of each clip its state slots, key frames and dynamics (A.4, C.1).

    I  t  [s_0 o_0 < d_0 >]  [s_1 o_1 < d_1 >]  ...

Pure arithmetic on positions: no model, no weights. Legend: L positions, N triplets, Q state queries, K frames, H W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from longtake.errors import UserError
from longtake.owl.config import OwlConfig
from longtake.owl.story import Frames, Story, key_frames
from longtake.owl.words import Words

WORD, FRAME, STATE = 0, 1, 2
"""Kinds of a position."""
NOTHING = -100
"""The label where nothing is learned."""
BEFORE = -1
"""The segment of the image and the prompt."""


@dataclass(frozen=True, kw_only=True)
class Triplet:
    """What one clip brings."""

    frames: int
    """Key frames of o_k."""
    dynamics: Sequence[int] | None
    """Word ids between "<" and ">"; None: no dynamics at all, as at a story's end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """What stands where; every tensor is int64."""

    kinds_L: Tensor
    index_L: Tensor
    """The word's id; the frame token's number, counted over all frames of the story; the query's number."""
    labels_L: Tensor
    """What a position is to predict: words of the dynamics and ">", never "<"; elsewhere `NOTHING`."""
    segments_L: Tensor
    """k for triplet k; `BEFORE` for the image and the prompt."""
    slots_NQ: Tensor
    """Where each triplet's state is read."""

    def __len__(self) -> int:
        return len(self.kinds_L)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A story as the language model is to read it."""

    layout: Layout
    frames_KHW3: Frames
    """The image, then the key frames in their order."""


def lay_out(
    prompt: Sequence[int],
    triplets: Sequence[Triplet],
    *,
    frame_tokens: int,
    queries: int,
    open_id: int,
    close_id: int,
    begin_ids: Sequence[int] = (),
    labelled: bool = True,
) -> Layout:
    """Positions of a whole story, behind `begin_ids`; not `labelled`: nothing of it is to be predicted (stages 1 and 2)."""
    written = _Written(frame_tokens)
    written.words(begin_ids, BEFORE)
    written.frames(1, BEFORE)
    written.words(prompt, BEFORE)
    slots: list[list[int]] = []
    for number, triplet in enumerate(triplets):
        slots.append(written.states(queries, number))
        written.frames(triplet.frames, number)
        if triplet.dynamics is not None:
            said = [*triplet.dynamics, close_id]
            labels = [*said, NOTHING] if labelled else None
            written.words([open_id, *said], number, labels)
    kinds_L, index_L, labels_L, segments_L = torch.tensor(written.rows, dtype=torch.int64).reshape(-1, 4).unbind(1)
    return Layout(
        kinds_L=kinds_L, index_L=index_L, labels_L=labels_L, segments_L=segments_L,
        slots_NQ=torch.tensor(slots, dtype=torch.int64).reshape(-1, queries),
    )  # fmt: skip


class _Written:
    """Rows of a layout so far: kind, index, label, segment."""

    def __init__(self, frame_tokens: int) -> None:
        self.rows: list[tuple[int, int, int, int]] = []
        self._frame_tokens = frame_tokens
        self._frames = 0

    def frames(self, count: int, segment: int) -> None:
        first, self._frames = self._frames, self._frames + count
        tokens = range(first * self._frame_tokens, self._frames * self._frame_tokens)
        self.rows += [(FRAME, token, NOTHING, segment) for token in tokens]

    def words(self, ids: Sequence[int], segment: int, labels: Sequence[int] | None = None) -> None:
        labels = labels or [NOTHING] * len(ids)
        self.rows += [(WORD, word, label, segment) for word, label in zip(ids, labels, strict=True)]

    def states(self, queries: int, segment: int) -> list[int]:
        """Where they stand."""
        first = len(self.rows)
        self.rows += [(STATE, query, NOTHING, segment) for query in range(queries)]
        return list(range(first, first + queries))


def read(story: Story, words: Words, config: OwlConfig, *, frame_tokens: int, repeat_prompt: bool = False) -> Reading:
    """The story's sequence, with the dynamics as the config reads them (C.4), each cut to its longest text.

    anticipate: d_k is the text of clip k + 1, and the last clip has none; describe: of clip k. `repeat_prompt` (C.2, stages 1 and 2):
    t stands wherever there is a d, and nothing is labelled. Raises UserError for frames of different sizes.
    """
    prompt = words.encode(story.text)
    texts: list[str | None] = [clip.text for clip in story.clips]
    if config.dynamics.reading == "anticipate":
        texts = [*texts[1:], None][: len(texts)]
    if repeat_prompt:
        texts = [None if text is None else story.text for text in texts]
    keys = [key_frames(clip.frames_NHW3, config.key_frames) for clip in story.clips]
    triplets = [
        Triplet(frames=len(frames), dynamics=None if text is None else words.encode(text)[: config.dynamics.tokens])
        for frames, text in zip(keys, texts, strict=True)
    ]
    layout = lay_out(
        prompt, triplets, frame_tokens=frame_tokens, queries=config.state.queries,
        open_id=words.open_id, close_id=words.close_id, begin_ids=words.begin_ids, labelled=not repeat_prompt,
    )  # fmt: skip
    return Reading(layout=layout, frames_KHW3=_join(story, keys))


def _join(story: Story, keys: Sequence[Frames]) -> Frames:
    sizes = sorted({each.shape[-3:] for each in (story.image_HW3[None], *keys)})
    if len(sizes) > 1 or sizes[0][-1] != 3:
        said = ", ".join("x".join(map(str, size)) for size in sizes)
        raise UserError(
            f"the story {story.story_id} has frames of the sizes {said}; its image and all its clips must be HxWx3 of one size"
        )
    return np.concatenate([story.image_HW3[None], *keys])

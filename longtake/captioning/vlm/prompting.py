"""A prompt with its frames, and an answer, as tokens and tensors; several of them as one batch.

Texts are untrusted: what looks like one of the model's special tokens in them is taken apart, so that nobody speaks for another.

Legend: N frames, B rows, T tokens, H, W rows and columns, 3 channels: blue, green, red.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from longtake.captioning.vlm.families import Shown
from longtake.captioning.vlm.loading import VLM
from longtake.errors import UserError

IGNORED = -100
"""Label of a token that no loss is taken of."""
NOTHING = Shown(content=[], runs=[], tensors={})


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """One prompt, and the answer if there was one."""

    input_ids_T: Tensor
    """int64: the prompt, then the answer with the token that ends it."""
    labels_T: Tensor | None
    """int64: the answer's tokens, -100 outside it; None where there is no answer."""
    tensors: dict[str, Tensor]
    """Of the frames; empty without."""


def encode(
    vlm: VLM,
    prompt: str,
    frames_NHW3: np.ndarray | Shown | None,
    answer: str | None = None,
    times_s: np.ndarray | None = None,
) -> Example:
    """What the model reads: uint8 frames [N, H, W, 3] of a clip (one: a still), shown at `times_s`, then the prompt.

    For several prompts about the same frames give what `vlm.family.show` makes of them. Raises UserError where the chat template does
    not show them.
    """
    shown = vlm.family.show(frames_NHW3, times_s) if isinstance(frames_NHW3, np.ndarray) else frames_NHW3 or NOTHING
    user: dict[str, Any] = {"role": "user", "content": [*shown.content, _text(_plain(vlm, prompt))]}
    asked = _render(vlm, [user], shown)
    prompt_T = _tokenise(vlm, asked, shown.runs)
    if answer is None:
        return Example(input_ids_T=prompt_T, labels_T=None, tensors=shown.tensors)
    tail, end_id = _answer(vlm, user, shown, asked, answer)
    whole_T = _tokenise(vlm, asked + tail, shown.runs)
    shared = min(len(prompt_T), len(whole_T))
    different = (prompt_T[:shared] != whole_T[:shared]).nonzero()
    start = int(different[0]) if len(different) else shared  # a token may reach over the border of the two
    whole_T = torch.cat([whole_T, torch.tensor([end_id])])
    labels_T = whole_T.clone()
    labels_T[:start] = IGNORED
    return Example(input_ids_T=whole_T, labels_T=labels_T, tensors=shown.tensors)


def collate(vlm: VLM, examples: Sequence[Example], side: Literal["left", "right"]) -> dict[str, Tensor]:
    """One forward pass, on the model's device: input_ids, attention_mask, labels (if all have some), and what the family needs."""
    lengths = [len(example.input_ids_T) for example in examples]
    pad_id = vlm.tokenizer.pad_token_id
    ids_BT = torch.full((len(examples), max(lengths)), vlm.end_ids[0] if pad_id is None else pad_id)
    mask_BT, labels_BT = torch.zeros_like(ids_BT), torch.full_like(ids_BT, IGNORED)
    for row, (example, length) in enumerate(zip(examples, lengths, strict=True)):
        place = slice(-length, None) if side == "left" else slice(length)
        ids_BT[row, place], mask_BT[row, place] = example.input_ids_T, 1
        if example.labels_T is not None:
            labels_BT[row, place] = example.labels_T
    batch = {"input_ids": ids_BT, "attention_mask": mask_BT} | vlm.family.beside(ids_BT)
    if all(example.labels_T is not None for example in examples):
        batch["labels"] = labels_BT
    if with_frames := [example.tensors for example in examples if example.tensors]:
        batch |= vlm.family.join(with_frames)
    dtype = vlm.model.dtype
    return {
        name: tensor.to(vlm.device, dtype) if name.startswith("pixel_values") else tensor.to(vlm.device)
        for name, tensor in batch.items()
    }


def _render(vlm: VLM, messages: list[dict[str, Any]], shown: Shown, *, answered: bool = False) -> str:
    """What the chat template makes of it, each placeholder once; its own words around a placeholder are the family's."""
    text: str = vlm.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=not answered)
    tokens = vlm.placeholders
    if sum(text.count(token) for token in tokens) != len(shown.runs):
        raise UserError(
            f"the chat template of {vlm.name} does not show {len(shown.runs)} pictures; it is one for text alone"
        )
    for token in tokens:
        text = text.replace(token, vlm.family.around.format(token))
    return text


def _tokenise(vlm: VLM, text: str, runs: list[int]) -> Tensor:
    """int64 [T], each placeholder as often as its run says."""
    begins = vlm.tokenizer.bos_token
    begun = begins is not None and text.startswith(begins)
    ids: list[int] = vlm.tokenizer(text, add_special_tokens=not begun)["input_ids"]
    found_T = torch.tensor(ids)
    counts_T = torch.ones_like(found_T)
    counts_T[torch.isin(found_T, torch.tensor(vlm.family.placeholder_ids))] = torch.tensor(runs, dtype=torch.long)
    return found_T.repeat_interleave(counts_T)


def _answer(vlm: VLM, user: dict[str, Any], shown: Shown, asked: str, answer: str) -> tuple[str, int]:
    """What the template writes behind the prompt up to the end of the answer, and the token with which it ends one.

    Where the template has none, it is the model's own.
    """
    plain = _plain(vlm, answer).strip()
    told = _render(vlm, [user, {"role": "assistant", "content": [_text(plain)]}], shown, answered=True)
    at = told.rfind(plain)
    rest = told[at + len(plain) :].lstrip()
    ends = {vlm.tokenizer.convert_ids_to_tokens(end): end for end in vlm.end_ids}
    end_id = next((end for token, end in ends.items() if rest.startswith(token)), vlm.end_ids[0])
    follows = told.startswith(asked) and at >= len(asked)
    return (told[len(asked) : at] if follows else "") + plain, end_id


def _plain(vlm: VLM, text: str) -> str:
    """The text without anything that is a special token of the model."""
    for token in vlm.special_tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}

"""Chameleon, the paper's language model: frames are discrete tokens of its own, between a begin and an end (B.1).

Legend: N frames, F tokens of a frame with its begin and end, d the model's width, H W pixels of 3 channels, V vocabulary, X any tokens.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from longtake.errors import UserError
from longtake.owl.config import LMMConfig
from longtake.owl.lmm import Pretrained, check_causal, named, open_tokenizer, to_square
from longtake.owl.words import TokenizerWords
from longtake.pretrained import load_pretrained, told_of

BEGIN, END = "<racm3:break>", "<eoss>"
"""Around a picture (B.1; transformers' ChameleonProcessor)."""
RESERVED = re.compile(r"<reserved\d+>")
SEPARATOR = "<reserved08706>"
"""Of a chat's turns (transformers' tokenizer of Chameleon): reserved in name alone."""
PIXEL = 0.0078
"""Pixels are brought to about -1 to 1 by this factor, less 1 (transformers' ChameleonImageProcessor)."""


class Chameleon(Pretrained):
    """`ChameleonForConditionalGeneration`: only its LoRA and the two marks learn; its codes of pictures are embedded as words are.

    "<" and ">" have the ids of the first two tokens that it keeps in reserve.
    """

    def __init__(self, config: LMMConfig, seed: int = 0) -> None:
        from transformers import ChameleonForConditionalGeneration

        check_kind(named(config))
        model = load_pretrained(
            ChameleonForConditionalGeneration.from_pretrained, config.model, "a Chameleon", dtype="auto"
        )
        known: Mapping[str, int] = model.config.vocabulary_map or {}
        open_id, close_id = marks(known, config.model)
        words = TokenizerWords(
            open_tokenizer(config.model), size=model.config.vocab_size, open_id=open_id, close_id=close_id
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            super().__init__(model, words, config.lora)
        self._around = (known[BEGIN], known[END])
        self._frame_px = config.frame_px
        token_px = 2 ** (len(model.config.vq_config.channel_multiplier) - 1)
        if config.frame_px % token_px:
            raise UserError(
                f"frame_px {config.frame_px} is no multiple of {token_px}, this model's token; choose one that is"
            )
        self.frame_tokens = (config.frame_px // token_px) ** 2 + 2
        check_causal(self, config.model)

    @torch.no_grad()
    def tokenize(self, frames_NHW3: Tensor) -> Tensor:
        """ids_NF: the begin, the codes in rows, the end."""
        model = self.model.model
        pixels_N3HW = (
            to_square(frames_NHW3.to(self.model.device), self._frame_px).flip(1) * PIXEL - 1
        )  # red comes first
        codes_NF: Tensor = model.get_image_tokens(pixels_N3HW.to(self.model.dtype)).long()
        begin_N1, end_N1 = (codes_NF.new_full((len(codes_NF), 1), number) for number in self._around)
        return torch.cat([begin_N1, codes_NF, end_N1], 1)

    def embed_frames(self, frames_NHW3: Tensor) -> Tensor:
        ids_NF = self.tokenize(frames_NHW3)
        return self.embed_words(ids_NF.flatten()).unflatten(0, ids_NF.shape)

    def score(self, hidden_Xd: Tensor) -> Tensor:
        """logits_XV; codes of pictures are never written, as in transformers (B.1: the published weights cannot)."""
        logits_XV = super().score(hidden_Xd)
        codes = torch.tensor(self.model.model.vocabulary_mapping.image_tokens, device=logits_XV.device)
        return logits_XV.index_fill(1, codes, torch.finfo(logits_XV.dtype).min)


def marks(known: Mapping[str, int], place: str) -> tuple[int, int]:
    """Ids for "<" and ">" (B.3). Raises UserError for a vocabulary without any in reserve, or without pictures."""
    spare = sorted(name for name in known if RESERVED.fullmatch(name) and name != SEPARATOR)
    if len(spare) < 2 or BEGIN not in known or END not in known:
        raise UserError(
            f"the vocabulary_map of {place} lacks {BEGIN}, {END} or two <reserved...> tokens; give a Chameleon as transformers has it"
        )
    return known[spare[0]], known[spare[1]]


def check_kind(place: str) -> None:
    """Raises UserError for a checkpoint of another kind."""
    from transformers import AutoConfig

    with told_of(place, "a Chameleon"):
        found: Any = AutoConfig.from_pretrained(place, trust_remote_code=False)
    if found.model_type != "chameleon":
        raise UserError(
            f"{place} is a model of the type {found.model_type}; a chameleon is asked for: lmm: {{kind: causal}} is for others"
        )

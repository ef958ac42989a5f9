"""Answers that can be nothing but JSON of a schema: of all tokens only those are drawn that may follow.

Legend: V tokens of the vocabulary, W words of 32 bits.
"""

import json
from typing import Any

import numpy as np
import torch
from torch import Tensor

from longtake.captioning.vlm.loading import VLM
from longtake.errors import UserError

COMPACT: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON as models write it, on one line: where white space is free, a model can write it for ever."""


class Grammar:
    """How far one answer has come."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    @property
    def done(self) -> bool:
        """Nothing can follow."""
        stopped: bool = self._matcher.is_stopped()
        return stopped

    def accept(self, token: int) -> None:
        """The answer goes on with it. Raises RuntimeError for a token that may not follow."""
        if not self._matcher.consume_token(token):
            raise RuntimeError(f"token {token} does not follow: {self._matcher.get_error()}")

    def allows(self, token: int) -> bool:
        """Whether it may follow; far cheaper than to find all that may."""
        return bool(self._matcher.validate_tokens([token]) == 1)

    def forbid(self, logits_V: Tensor) -> None:
        """Takes away, in place, what may not follow."""
        V = len(logits_V)
        words_W = np.zeros(-(-V // 32), np.int32)
        self._matcher.unsafe_compute_mask_ptr(words_W.ctypes.data, words_W.nbytes)
        may_V = np.unpackbits(words_W.view(np.uint8), count=V, bitorder="little")
        logits_V.masked_fill_(torch.from_numpy(may_V).to(logits_V.device) == 0, -torch.inf)


class Grammars:
    """Of one model's tokens; made once, it takes a second."""

    def __init__(self, vlm: VLM) -> None:
        try:
            import llguidance.hf
        except ModuleNotFoundError:
            raise UserError(
                "answers are held to JSON by llguidance, which is not installed; "
                "pip install 'longtake[torch]', or set transformers.constrained: false"
            ) from None
        if not vlm.tokenizer.is_fast:
            raise UserError(
                f"the tokenizer of {vlm.name} has no fast form, which JSON needs; set transformers.constrained: false"
            )
        self._tokens = llguidance.hf.from_tokenizer(vlm.tokenizer, n_vocab=vlm.vocabulary, eos_token=vlm.end_ids)
        self._matcher = llguidance.LLMatcher
        self._begun: dict[str, Any] = {}

    def begin(self, schema: dict[str, Any]) -> Grammar:
        """A new answer. Raises ValueError for a schema that is none."""
        key = json.dumps(schema)
        if key not in self._begun:
            matcher = self._matcher(self._tokens, self._matcher.grammar_from_json_schema(schema, defaults=COMPACT))
            if matcher.is_error():
                raise ValueError(f"no grammar comes of this schema: {matcher.get_error()}")
            self._begun[key] = matcher
        return Grammar(self._begun[key].deep_copy())

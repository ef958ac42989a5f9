"""Continuous batching: as many answers as there are slots are written side by side, and where one ends the next begins.

A prompt is read alone, so nothing is padded and no answer depends on its neighbours; then its sequence joins the others, which all get
one token with each forward pass.

Legend: B sequences under way, T tokens, V tokens of the vocabulary.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from longtake.captioning.vlm.grammar import Grammar
from longtake.captioning.vlm.loading import VLM
from longtake.captioning.vlm.prompting import Example, collate
from longtake.captioning.vlm.slabs import Slabs
from longtake.errors import UserError


@dataclass(kw_only=True, eq=False)
class Sequence:
    """One answer: what it is to be, and what it is so far."""

    tokens: int
    """At most."""
    grammar: Grammar | None = None
    temperature: float = 0.0
    seed: int = 0
    """Of what is drawn, where the temperature is not 0."""
    ids: list[int] = field(default_factory=list)
    """Of the answer, without the token that ends it."""
    cut_off: bool = False
    prompt_tokens: int = 0
    model_s: float = 0.0
    """Its share of the seconds that the model took."""
    ahead: int = 0
    """What a token's place in its family's count is ahead of its number."""
    dice: torch.Generator | None = None


class Decoder:
    """Up to `slots` sequences on one model."""

    def __init__(self, vlm: VLM, slots: int) -> None:
        self.slots = slots
        self._vlm = vlm
        self._ends = frozenset(vlm.end_ids)
        text = vlm.model.config.get_text_config()
        self._cache = Slabs(slots, text.num_hidden_layers)
        self._rows: list[Sequence] = []
        self._next: list[int] = []
        """Token of each row that the model has not seen yet."""
        window = getattr(text, "sliding_window", None) if getattr(text, "use_sliding_window", True) else None
        self._longest = min(bound for bound in (text.max_position_embeddings, window) if bound)
        self._repeated: float = vlm.model.generation_config.repetition_penalty or 1.0
        self._said_BV = torch.zeros(slots, vlm.vocabulary, dtype=torch.bool, device=vlm.device)
        """Tokens of each row's prompt and answer, for the penalty."""

    @property
    def free(self) -> int:
        return self.slots - len(self._rows)

    @property
    def running(self) -> list[Sequence]:
        return list(self._rows)

    @torch.no_grad()
    def add(self, example: Example, sequence: Sequence) -> bool:
        """Reads the prompt and draws the first token; True where the answer ends with it.

        Raises UserError for a prompt that is too long.
        """
        began_s = time.perf_counter()
        length = sequence.prompt_tokens = len(example.input_ids_T)
        if length + sequence.tokens > self._longest:
            raise UserError(
                f"{self._vlm.name} takes {self._longest} tokens; the prompt has {length} and the answer up to {sequence.tokens}. "
                "Show fewer frames (sampling.frames), pool their tokens (transformers.pooling: 2), or ask for less"
            )
        batch = collate(self._vlm, [example], "left")
        cache: Any = DynamicCache(config=self._vlm.model.config.get_text_config())
        positions, sequence.ahead = self._vlm.family.positions(self._vlm.model, batch)
        logits_1V = self._forward(cache, batch | positions)
        if sequence.temperature > 0:
            sequence.dice = torch.Generator().manual_seed(sequence.seed)
        row = len(self._rows)
        if self._repeated != 1:
            self._said_BV[row] = False
            self._said_BV[row, batch["input_ids"][0]] = True
        (token,) = self._draw(logits_1V, [sequence], self._said_BV[row : row + 1])
        if not (ended := self._say(sequence, token)):
            self._cache.add([(layer.keys, layer.values) for layer in cache.layers])
            self._rows.append(sequence)
            self._next.append(token)
        sequence.model_s += time.perf_counter() - began_s
        return ended

    @torch.no_grad()
    def step(self) -> list[Sequence]:
        """One token more of each; returns those that have ended, and frees their slots."""
        began_s = time.perf_counter()
        device, count = self._vlm.device, len(self._rows)
        places_B = torch.tensor(
            [length + row.ahead for length, row in zip(self._cache.lengths, self._rows, strict=True)], device=device
        )
        logits_BV = self._forward(
            self._cache,
            {
                "input_ids": torch.tensor(self._next, device=device)[:, None],
                "attention_mask": self._cache.mask(),
                "position_ids": self._vlm.family.later_positions(places_B),
            },
        )
        self._cache.advance()
        self._next = self._draw(logits_BV, self._rows, self._said_BV[:count])
        share_s = (time.perf_counter() - began_s) / count
        ended = []
        for row in reversed(range(count)):
            sequence = self._rows[row]
            sequence.model_s += share_s
            if self._say(sequence, self._next[row]):
                ended.append(sequence)
                self._drop(row)
        return ended

    def _forward(self, cache: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Logits [B, V] of the token after the last, float32."""
        logits: Tensor = self._vlm.model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        return logits[:, -1].float()

    def _draw(self, logits_BV: Tensor, sequences: list[Sequence], said_BV: Tensor) -> list[int]:
        """The next token of each."""
        if self._repeated != 1:
            less_BV = torch.where(logits_BV > 0, logits_BV / self._repeated, logits_BV * self._repeated)
            logits_BV = torch.where(said_BV, less_BV, logits_BV)
        tokens: list[int] = logits_BV.argmax(-1).tolist()
        for row, sequence in enumerate(sequences):
            grammar, drawn = sequence.grammar, sequence.dice is not None
            if grammar is not None and (drawn or not grammar.allows(tokens[row])):
                grammar.forbid(logits_BV[row])
                tokens[row] = int(logits_BV[row].argmax())
            if sequence.dice is not None:
                tokens[row] = _sample(logits_BV[row] / sequence.temperature, sequence.dice)
        if self._repeated != 1:
            said_BV[torch.arange(len(tokens)), torch.tensor(tokens)] = True
        return tokens

    def _say(self, sequence: Sequence, token: int) -> bool:
        """The answer goes on with the token; True where it ends."""
        if token in self._ends:
            return True
        sequence.ids.append(token)
        if sequence.grammar is not None:
            sequence.grammar.accept(token)
            if sequence.grammar.done:
                return True
        sequence.cut_off = len(sequence.ids) == sequence.tokens
        return sequence.cut_off

    def _drop(self, row: int) -> None:
        """The last row takes its place."""
        self._cache.drop(row)
        last = len(self._rows) - 1
        if self._repeated != 1:
            self._said_BV[row] = self._said_BV[last]
        self._rows[row], self._next[row] = self._rows[last], self._next[last]
        self._rows.pop()
        self._next.pop()


def _sample(logits_V: Tensor, dice: torch.Generator) -> int:
    """One throw on the CPU, so that it is the same on any device."""
    steps_V = logits_V.softmax(-1).cumsum(-1)
    thrown = torch.rand((), generator=dice).to(steps_V.device) * steps_V[-1]
    return int(torch.searchsorted(steps_V, thrown, right=True).clamp(max=len(steps_V) - 1))

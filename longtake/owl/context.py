"""What the language model has read of films that grow clip by clip (A.4), at any length: the image and the prompt always, and the newest
triplets.

Sequences only grow at their end, so keys and values of what was read are kept. Now and then the oldest triplets are dropped and what is
left is read anew, at places that begin at nought again: memory and time of a clip stay flat, and no place lies beyond those that
training has seen. What is seen of clip k follows from k alone, so that a rollout that is taken up again sees what it would have seen.

Legend: B films side by side, L positions, Q state queries, d the language model's width, D width of a state, K key frames, V vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from longtake.owl.config import ContextConfig, DynamicsConfig
from longtake.owl.owl import Owl


def first_seen(clip: int, config: ContextConfig) -> int:
    """The oldest clip whose triplet is still read when the state of this one is."""
    beyond = clip - config.triplets - config.slack
    return 0 if beyond <= 0 else -(-beyond // config.slack) * config.slack


class Context:
    """Several films in step: `state`, `observe`, then `say` or `write`, clip after clip."""

    def __init__(self, owl: Owl, images_BHW3: Tensor, prompts: Sequence[str], *, cached: bool = True) -> None:
        """`images_BHW3`: uint8. Not `cached`: all that is seen is read anew each time, which is how the cache is tested and measured."""
        self._owl, self._cached = owl, cached
        self._prompts = [owl.lmm.words.encode(prompt) for prompt in prompts]
        with torch.no_grad():
            self._image_BFd = owl.lmm.embed_frames(images_BHW3.to(owl.state.queries_Qd.device))
        self._told: list[list[Sequence[int]]] = [[] for _ in prompts]
        """Of each film, the words of the dynamics of each clip."""
        self._triplets: list[list[_Part]] = [[]]
        """Of the clips that are seen, the newest last; it may be unfinished."""
        self._clip = self._first = 0
        self._begin()

    def recall(
        self, keys_BNKHW3: Tensor, dynamics: Sequence[Sequence[Sequence[int]]], given: Sequence[Sequence[bool]]
    ) -> None:
        """Of films that are taken up again: the key frames of N clips, the words behind each of them, and whether these were given.

        All is read in the pieces that it was read in before: otherwise the same sums in another order would make a slightly other film.
        """
        clips = keys_BNKHW3.shape[1]
        self._first = first_seen(clips, self._owl.config.context)
        self._clip, begun = (
            self._first,
            next(c for c in range(clips + 1) if first_seen(c, self._owl.config.context) == self._first),
        )
        self._told = [list(row[: self._first]) for row in dynamics]
        self._begin()
        for clip in range(self._first, clips):
            known = [row[clip] for row in dynamics]
            if clip < begun:  # dropping the oldest brought these into one piece
                self._ask()
                self.observe(keys_BNKHW3[:, clip])
                self.say(known)
                continue
            self.state()
            self.observe(keys_BNKHW3[:, clip])
            if all(row[clip] for row in given):
                self.say(known)
            else:
                self._speak(lambda row, said, _, known=known: self._close_with(known[row])[len(said)])  # type: ignore[misc]

    @property
    def length(self) -> int:
        """Positions that are seen, padding included."""
        return sum(len(part) for part in self._seen())

    @torch.no_grad()
    def state(self) -> Tensor:
        """states_BQD of the next clip; what is no longer seen is dropped first."""
        self._slide()
        self._ask()
        states_BQD: Tensor = self._owl.state(self._read()[:, -len(self._owl.state.queries_Qd) :])
        return states_BQD

    def _ask(self) -> None:
        """The state slots, whose answers nobody needs any more."""
        self._append(_Part.of(self._owl.state.queries_Qd.detach().expand(len(self._prompts), -1, -1)))

    @torch.no_grad()
    def observe(self, keys_BKHW3: Tensor) -> None:
        """The clip was filmed: its key frames, uint8."""
        films = len(keys_BKHW3)
        tokens_XFd = self._owl.lmm.embed_frames(keys_BKHW3.flatten(0, 1).to(self._owl.state.queries_Qd.device))
        self._append(_Part.of(tokens_XFd.unflatten(0, (films, -1)).flatten(1, 2)))

    @torch.no_grad()
    def say(self, dynamics: Sequence[Sequence[int]]) -> None:
        """The words of the dynamics, as they are given."""
        words = self._owl.lmm.words
        self._append(self._part_of([[words.open_id, *row, words.close_id] for row in dynamics]))
        self._close(dynamics)

    @torch.no_grad()
    def write(
        self, given: Sequence[Sequence[int] | None], generators: Sequence[torch.Generator]
    ) -> list[Sequence[int]]:  # fmt: skip
        """The words of the dynamics: given for a film, or written by the language model, drawn by the film's own generator."""
        whole = [row for row in given if row is not None]
        if len(whole) == len(given):
            self.say(whole)
            return whole
        scripts = [None if row is None else self._close_with(row) for row in given]

        def choose(row: int, said: Sequence[int], logits_V: Tensor) -> int:
            script = scripts[row]
            return self._pick(logits_V, said, generators[row]) if script is None else script[len(said)]

        return self._speak(choose)

    def _speak(self, choose: Callable[[int, Sequence[int], Tensor], int]) -> list[Sequence[int]]:
        """Word for word, until each film's text is closed; `choose` is told the film, its words so far, and logits_V."""
        words, films = self._owl.lmm.words, range(len(self._prompts))
        said: list[list[int]] = [[] for _ in films]
        self._append(self._part_of([[words.open_id] for _ in films]))
        while open_films := [row for row in films if said[row][-1:] != [words.close_id]]:
            logits_BV = self._score(self._read()[:, -1])
            for row in open_films:
                said[row].append(choose(row, said[row], logits_BV[row]))
            self._append(self._part_of([said[row][-1:] if row in open_films else [] for row in films]))
        written: list[Sequence[int]] = [row[:-1] for row in said]
        self._close(written)
        return written

    def _close_with(self, row: Sequence[int]) -> list[int]:
        return [*row, self._owl.lmm.words.close_id]

    def _pick(self, logits_V: Tensor, said: Sequence[int], generator: torch.Generator) -> int:
        config = self._owl.config.dynamics
        return pick(logits_V, said, config, generator) if len(said) < config.tokens else self._owl.lmm.words.close_id

    def _score(self, hidden_Bd: Tensor) -> Tensor:
        logits_BV = self._owl.lmm.score(hidden_Bd).float()
        logits_BV[:, self._owl.lmm.words.open_id] = -torch.inf  # fed, never said
        return logits_BV

    def _begin(self) -> None:
        """Nothing is read yet of what is seen."""
        told, begin = self._dropped_words(), self._owl.lmm.words.begin_ids
        self._head = [
            *([self._part_of([begin for _ in self._prompts])] if begin else []),
            _Part.of(self._image_BFd),
            self._part_of(self._prompts),
            *([self._part_of(told)] if any(told) else []),
        ]
        self._cache: Any = self._owl.lmm.new_cache() if self._cached else None
        self._unread = list(self._seen())

    def _dropped_words(self) -> list[list[int]]:
        config = self._owl.config.context
        if config.dropped == "forgotten":
            return [[] for _ in self._prompts]
        before = [[word for ids in row[: self._first] for word in ids] for row in self._told]
        return [row[-config.told_tokens :] for row in before]

    def _slide(self) -> None:
        first = first_seen(self._clip, self._owl.config.context)
        if first > self._first:
            del self._triplets[: first - self._first]
            self._first = first
            self._begin()

    def _close(self, dynamics: Sequence[Sequence[int]]) -> None:
        """The clip's triplet is whole."""
        for told, row in zip(self._told, dynamics, strict=True):
            told.append(row)
        self._triplets.append([])
        self._clip += 1

    def _seen(self) -> list["_Part"]:
        return [*self._head, *(part for triplet in self._triplets for part in triplet)]

    def _part_of(self, ids: Sequence[Sequence[int]]) -> "_Part":
        device = self._owl.state.queries_Qd.device
        rows = [self._owl.lmm.embed_words(torch.tensor(row, dtype=torch.long, device=device)) for row in ids]
        lengths_B1 = torch.tensor([[len(row)] for row in ids], device=device)
        embeddings_BLd = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return _Part(embeddings_BLd, torch.arange(embeddings_BLd.shape[1], device=device) < lengths_B1)

    def _append(self, part: "_Part") -> None:
        self._triplets[-1].append(part)
        self._unread.append(part)

    def _read(self) -> Tensor:
        """hidden_BLd of what was not read yet, the newest last."""
        seen, unread = self._seen(), self._unread
        mask_BL = torch.cat([part.mask_BL for part in seen], 1)
        embeddings_BLd = torch.cat([part.embeddings_BLd for part in (unread if self._cached else seen)], 1)
        hidden_BLd: Tensor = self._owl.lmm(embeddings_BLd, None if mask_BL.all() else mask_BL, self._cache)
        new = sum(len(part) for part in unread)
        self._unread = []
        return hidden_BLd[:, -new:]


class _Part:
    """Positions that came together; False where a film is padded."""

    def __init__(self, embeddings_BLd: Tensor, mask_BL: Tensor) -> None:
        self.embeddings_BLd, self.mask_BL = embeddings_BLd, mask_BL

    @classmethod
    def of(cls, embeddings_BLd: Tensor) -> "_Part":
        return cls(embeddings_BLd, torch.ones(embeddings_BLd.shape[:2], dtype=torch.bool, device=embeddings_BLd.device))

    def __len__(self) -> int:
        return self.embeddings_BLd.shape[1]


def pick(logits_V: Tensor, written: Sequence[int], config: DynamicsConfig, generator: torch.Generator) -> int:
    """The next word: the likeliest, or one of the nucleus; words that this text has already are held back (F.2, 15)."""
    logits_V = logits_V.cpu()
    for word in set(written):
        value = logits_V[word]
        logits_V[word] = value / config.repetition_penalty if value > 0 else value * config.repetition_penalty
    if not config.top_p:
        return int(logits_V.argmax())
    chance_V, order_V = logits_V.softmax(0).sort(descending=True, stable=True)
    inside_V = chance_V.cumsum(0) - chance_V < config.top_p
    return int(order_V[torch.multinomial(chance_V * inside_V, 1, generator=generator)])

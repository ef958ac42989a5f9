"""The captioner `transformers`: all that is asked about all clips goes through one continuous batch."""

import logging
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from longtake.captioning.captioner import Written
from longtake.captioning.config import CaptioningConfig
from longtake.captioning.dialogue import Answer, Ask, Dialogue, converse
from longtake.captioning.seen import Seen
from longtake.captioning.vlm.decoding import Decoder
from longtake.captioning.vlm.decoding import Sequence as Said
from longtake.captioning.vlm.families import Shown
from longtake.captioning.vlm.grammar import Grammars
from longtake.captioning.vlm.loading import load_vlm
from longtake.captioning.vlm.prompting import Example, encode
from longtake.errors import UserError

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class _Talk:
    """About one clip."""

    clip: Seen
    dialogue: Dialogue
    ask: Ask
    shown: Shown | None = None
    """Its frames, ready, as long as they are asked about."""
    written: Written | None = None


class TransformersCaptioner:
    """One model on one device, for `config.transformers`; places on S3 have been fetched before."""

    def __init__(self, config: CaptioningConfig, device: str | None = None) -> None:
        if (settings := config.transformers) is None:
            raise UserError("nothing says which model; give transformers: {model: PATH}")
        self._config, self._settings = config, settings
        self._vlm = load_vlm(
            settings.model, adapter=settings.adapter, device=device, dtype=settings.dtype, pooling=settings.pooling
        )
        self._grammars = Grammars(self._vlm) if settings.constrained and config.asking.passes == "one" else None
        self._slots = settings.slots
        self.name = f"transformers {self._vlm.name}"

    def __call__(self, clips: Sequence[Seen], /) -> list[Written]:
        """One for each clip, in order. Raises UserError where not even one answer at a time fits into the device's memory."""
        talks = [self._begin(clip) for clip in clips]
        waiting = deque(talks)
        while waiting:
            if not self._work_off(waiting):
                self._halve()
        return [talk.written for talk in talks if talk.written is not None]

    def close(self) -> None:
        """It holds nothing that does not go with it."""

    def _begin(self, clip: Seen) -> _Talk:
        if clip.frames_NHW3 is None:
            raise ValueError("a clip without frames: it was looked at for no model")
        dialogue = self._converse()
        return _Talk(clip=clip, dialogue=dialogue, ask=next(dialogue))

    def _converse(self) -> Dialogue:
        return converse(self._config)

    def _work_off(self, waiting: deque[_Talk]) -> bool:
        """Until nothing waits; False where memory ran out on the way, and what was under way waits again."""
        decoder, running = Decoder(self._vlm, self._slots), dict[Said, _Talk]()
        try:
            while waiting or running:
                while waiting and decoder.free:
                    talk = waiting.popleft()
                    said = self._said(talk)
                    running[said] = talk
                    if decoder.add(self._encode(talk), said):
                        self._answer(running.pop(said), said, waiting)
                for said in decoder.step() if running else ():
                    self._answer(running.pop(said), said, waiting)
        except torch.OutOfMemoryError:
            waiting.extendleft(running.values())
            return False
        return True

    def _encode(self, talk: _Talk) -> Example:
        """Frames that are asked about six times are prepared once."""
        clip, shown = talk.clip, talk.shown
        if not talk.ask.shows or clip.frames_NHW3 is None:
            talk.shown = shown = None
        elif shown is None:
            shown = self._vlm.family.show(clip.frames_NHW3, clip.times_s)
            talk.shown = shown if self._config.asking.passes == "each" else None
        return encode(self._vlm, talk.ask.prompt, shown)

    def _said(self, talk: _Talk) -> Said:
        ask, temperature = talk.ask, self._config.asking.temperature
        grammar = self._grammars.begin(ask.schema) if self._grammars and ask.schema else None
        seed = 0
        if temperature > 0:  # its own, whoever is asked beside it
            seed = zlib.crc32(f"{self._settings.seed} {ask.prompt}".encode(), _checksum(talk.clip))
        return Said(tokens=ask.tokens, grammar=grammar, temperature=temperature, seed=seed)

    def _answer(self, talk: _Talk, said: Said, waiting: deque[_Talk]) -> None:
        """The dialogue goes on, before any other begins."""
        answer = Answer(
            text=self._vlm.tokenizer.decode(said.ids, skip_special_tokens=True),
            cut_off=said.cut_off,
            prompt_tokens=said.prompt_tokens,
            answer_tokens=len(said.ids),
            model_s=said.model_s,
        )
        try:
            talk.ask = talk.dialogue.send(answer)
        except StopIteration as end:
            talk.written, talk.shown = end.value, None
        else:
            waiting.appendleft(talk)

    def _halve(self) -> None:
        if self._slots == 1:
            raise UserError(
                f"{self._vlm.name} does not fit into the memory of {self._vlm.device} with one prompt; "
                "show fewer frames (sampling.frames), smaller ones (sampling.size_px), or pool their tokens (transformers.pooling: 2)"
            )
        self._slots //= 2
        log.warning("out of memory; answers written at the same time", extra={"slots": self._slots})
        if self._vlm.device.type == "cuda":
            torch.cuda.empty_cache()


def _checksum(clip: Seen) -> int:
    return 0 if clip.frames_NHW3 is None else zlib.crc32(np.ascontiguousarray(clip.frames_NHW3).data)

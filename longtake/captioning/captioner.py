"""The small interface of everything that writes captions, and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from longtake.captioning.schema import Parts
from longtake.captioning.seen import Seen


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of one clip: a caption, or the reason why there is none."""

    parts: Parts | None = None
    text: str | None = None
    reason: str | None = None
    """One of `longtake.captioning.faults.REASONS`."""
    detail: str | None = None
    complaints: tuple[str, ...] = ()
    """Reasons of the answers that were turned down on the way, in order."""
    flag: str | None = None
    """`instructions` where it speaks like somebody giving orders to a reader that is a model; None else."""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    model_s: float = 0.0
    """Seconds of a model or server; of answers that were written side by side, the share."""


class Captioner(Protocol):
    """Writes captions; lives in one process."""

    name: str
    """What the table's column `captioner` says: kind, model, version."""

    def __call__(self, clips: Sequence[Seen], /) -> list[Written]:
        """One for each clip, in order. Bad answers are reasons; an exception is a fault of the machine or of longtake."""
        ...

    def close(self) -> None: ...

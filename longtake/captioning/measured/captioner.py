"""The captioner that needs no model: it says what was measured, and nothing else."""

from collections.abc import Sequence

from longtake.captioning.captioner import Written
from longtake.captioning.checking import check_parts, check_text, flag_of
from longtake.captioning.config import CaptioningConfig
from longtake.captioning.faults import Rejected
from longtake.captioning.measured.prose.environment import quotable
from longtake.captioning.measured.prose.merging import write_parts, write_text
from longtake.captioning.measured.prose.voice import Voice
from longtake.captioning.naming import name_of
from longtake.captioning.seen import Seen
from longtake.errors import UserError

VOICES = 3
"""Phrasings that are tried, with and then without what is quoted off the screen, until one keeps the rules."""


class MeasuredCaptioner:
    """Writes English from facts. The same facts give the same words."""

    def __init__(self, config: CaptioningConfig) -> None:
        self.name = name_of(config)
        self._rules = config.rules
        self._looked = config.measured

    def __call__(self, clips: Sequence[Seen], /) -> list[Written]:
        return [self._write(seen) for seen in clips]

    def close(self) -> None:
        """Nothing is open."""

    def _write(self, seen: Seen) -> Written:
        if seen.facts is None:
            raise UserError(
                "the captioner `measured` says what was measured, and this clip comes without facts; look at it first"
            )
        quotes = quotable(seen.facts.texts, self._rules)
        fault = Rejected("empty")
        for attempt in range(2 * VOICES):
            voice = Voice(f"{attempt % VOICES} {seen.facts.to_json()}")
            try:
                return self._checked(seen, voice, quotes if attempt < VOICES else [])
            except Rejected as rejected:
                fault = rejected
        return Written(reason=fault.reason, detail=fault.detail or None)

    def _checked(self, seen: Seen, voice: Voice, quotes: list[str]) -> Written:
        """Raises Rejected where it breaks a rule."""
        assert seen.facts is not None
        given = (seen, seen.facts, voice, self._rules, self._looked, quotes)
        parts, text = write_parts(*given), write_text(*given)
        check_parts(parts, self._rules)
        check_text(text, self._rules)
        # Orders are never quoted, but the record of the facts holds them.
        return Written(parts=parts, text=text, flag=flag_of(*seen.facts.texts))

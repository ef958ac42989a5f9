"""What a model is asked about one clip, in turn: the parts, again with the reason where they are turned down, then the merge.

It is a generator that yields what to ask and is sent the answers, so that whoever has the model may hold many at the same time.
"""

import json
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from longtake.captioning.captioner import Written
from longtake.captioning.checking import check_parts, check_prose, check_text, flag_of
from longtake.captioning.config import Asking, CaptioningConfig, Rules
from longtake.captioning.faults import Rejected
from longtake.captioning.prompts import AGAIN, PART, QUESTIONS
from longtake.captioning.reading import read_parts, read_text
from longtake.captioning.schema import NAMES, Parts, parts_schema


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question."""

    prompt: str
    shows: bool
    """Whether the clip's frames go with it."""
    tokens: int
    """Of the answer at most."""
    schema: dict[str, Any] | None = None
    """JSON Schema that the answer is to follow; None: prose."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model said."""

    text: str
    cut_off: bool = False
    """It reached its limit of tokens."""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    model_s: float = 0.0


Dialogue = Generator[Ask, Answer, Written]
Read = TypeVar("Read")


def converse(config: CaptioningConfig) -> Dialogue:
    """All that is asked about one clip; returns the caption, or the reason of the last answer that was turned down."""
    talk = _Talk(config.asking)
    parts: Parts | None = None
    try:
        parts = yield from _ask_parts(talk, config.asking, config.rules)
        text = yield from talk.ask(
            merge_ask(config.asking, config.rules, parts), lambda said: _description(said, config.rules)
        )
    except Rejected as fault:
        return talk.written(reason=fault.reason, detail=fault.detail or None)
    return talk.written(parts=parts, text=text, flag=flag_of(text, *asdict(parts).values()))


def parts_ask(asking: Asking) -> Ask:
    """For all six at once."""
    questions = "\n".join(f"- {name}: {_question(asking, name)}" for name in NAMES)
    prompt = asking.parts.replace("{questions}", questions).replace("{shape}", asking.shape)
    return Ask(prompt=prompt, shows=True, tokens=asking.parts_tokens, schema=parts_schema())


def part_ask(asking: Asking, name: str) -> Ask:
    """For one of them."""
    prompt = PART.replace("{question}", _question(asking, name))
    return Ask(prompt=prompt, shows=True, tokens=max(64, asking.parts_tokens // len(NAMES)))


def merge_ask(asking: Asking, rules: Rules, parts: Parts) -> Ask:
    """For the description, from the parts alone: what is untrusted stands in the prompt as JSON."""
    notes = json.dumps(asdict(parts), indent=1, ensure_ascii=False)
    return Ask(
        prompt=_with_lengths(asking.merge, rules).replace("{notes}", notes), shows=False, tokens=asking.text_tokens
    )


def describe_ask(asking: Asking, rules: Rules) -> Ask:
    """For the description, from the frames alone."""
    return Ask(prompt=_with_lengths(asking.describe, rules), shows=True, tokens=asking.text_tokens)


class _Talk:
    """Counts what was said, and asks again."""

    def __init__(self, asking: Asking) -> None:
        self._attempts = asking.attempts
        self._complaints: list[str] = []
        self._answers: list[Answer] = []

    def ask(self, ask: Ask, read: Callable[[str], Read]) -> Generator[Ask, Answer, Read]:
        """What `read` makes of the first answer that it takes. Raises Rejected with the reason of the last."""
        prompt = ask.prompt
        for attempt in range(self._attempts):
            answer = yield Ask(prompt=prompt, shows=ask.shows, tokens=ask.tokens, schema=ask.schema)
            self._answers.append(answer)
            try:
                return _read_whole(answer, read)
            except Rejected as fault:
                self._complaints.append(fault.reason)
                if attempt + 1 == self._attempts:
                    raise
                prompt = AGAIN.replace("{complaint}", fault.complaint).replace("{prompt}", ask.prompt)
        raise AssertionError("at least one attempt is made")

    def written(self, **found: Any) -> Written:
        return Written(
            **found,
            complaints=tuple(self._complaints),
            prompt_tokens=sum(answer.prompt_tokens for answer in self._answers),
            answer_tokens=sum(answer.answer_tokens for answer in self._answers),
            model_s=sum(answer.model_s for answer in self._answers),
        )


def _ask_parts(talk: _Talk, asking: Asking, rules: Rules) -> Generator[Ask, Answer, Parts]:
    def read_all(said: str) -> Parts:
        parts = read_parts(said)
        check_parts(parts, rules)
        return parts

    if asking.passes == "one":
        return (yield from talk.ask(parts_ask(asking), read_all))
    texts = {}
    for name in NAMES:
        texts[name] = yield from talk.ask(part_ask(asking, name), lambda said: _part(said, rules))
    parts = Parts(**texts)
    check_parts(parts, rules)
    return parts


def _read_whole(answer: Answer, read: Callable[[str], Read]) -> Read:
    """What is cut off may still be read where a JSON object was mended; prose without its end is not one."""
    if answer.cut_off:
        raise Rejected("cut_off", f"{answer.answer_tokens} tokens")
    return read(answer.text)


def _part(said: str, rules: Rules) -> str:
    text = read_text(said)
    check_prose(text, rules)
    return text


def _description(said: str, rules: Rules) -> str:
    text = read_text(said)
    check_text(text, rules)
    return text


def _question(asking: Asking, name: str) -> str:
    return {**QUESTIONS, **asking.questions}[name]


def _with_lengths(template: str, rules: Rules) -> str:
    return template.replace("{words_min}", str(rules.words_min)).replace("{words_max}", str(rules.words_max))

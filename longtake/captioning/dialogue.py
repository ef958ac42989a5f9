"""What a model is asked about one clip, in turn: the parts, again with the reason where they are turned down, then the merge.

It is a generator that yields what to ask and is sent the answers, so that whoever has the model may hold many at the same time.
"""

import json
import re
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, TypeVar

from longtake.captioning.captioner import Written
from longtake.captioning.checking import check_notes, check_parts, check_text, flag_of
from longtake.captioning.config import Asking, CaptioningConfig, Rules
from longtake.captioning.faults import Rejected, Unanswered
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
    refused: bool = False
    """Whoever said it calls it a refusal, whatever it reads like (a server's content filter)."""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    model_s: float = 0.0


Dialogue = Generator[Ask, Answer, Written]
Read = TypeVar("Read")


def converse(config: CaptioningConfig) -> Dialogue:
    """All that is asked about one clip; returns the caption, or the reason of the last answer that was turned down.

    Whoever gets no answer throws Unanswered into it: what was said until then is kept, and its reason is the clip's.
    """
    talk = _Talk(config.asking)
    parts: Parts | None = None
    try:
        parts = yield from _ask_parts(talk, config.asking, config.rules)
        text = yield from talk.ask(
            merge_ask(config.asking, config.rules, parts), lambda said: _description(said, config.rules)
        )
    except (Rejected, Unanswered) as fault:
        return talk.written(reason=fault.reason, detail=fault.detail or None)
    return talk.written(parts=parts, text=text, flag=flag_of(text, *asdict(parts).values()))


def parts_ask(asking: Asking) -> Ask:
    """For all six at once."""
    questions = "\n".join(f"- {name}: {_question(asking, name)}" for name in NAMES)
    prompt = fill(asking.parts, questions=questions, shape=asking.shape)
    return Ask(prompt=prompt, shows=True, tokens=asking.parts_tokens, schema=parts_schema())


def part_ask(asking: Asking, name: str) -> Ask:
    """For one of them."""
    prompt = fill(PART, question=_question(asking, name))
    return Ask(prompt=prompt, shows=True, tokens=max(64, asking.parts_tokens // len(NAMES)))


def merge_ask(asking: Asking, rules: Rules, parts: Parts) -> Ask:
    """For the description, from the parts alone: what is untrusted stands in the prompt as JSON."""
    notes = json.dumps(asdict(parts), indent=1, ensure_ascii=False)
    prompt = fill(asking.merge, notes=notes, words_min=rules.words_min, words_max=rules.words_max)
    return Ask(prompt=prompt, shows=False, tokens=asking.text_tokens)


def describe_ask(asking: Asking, rules: Rules) -> Ask:
    """For the description, from the frames alone."""
    prompt = fill(asking.describe, words_min=rules.words_min, words_max=rules.words_max)
    return Ask(prompt=prompt, shows=True, tokens=asking.text_tokens)


def fill(template: str, **values: object) -> str:
    """The template with `{name}` replaced wherever a value has that name; values are put in as they are, and nothing in them."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), template)


class _Talk:
    """Counts what was said, and asks again."""

    def __init__(self, asking: Asking) -> None:
        self._attempts = asking.attempts
        self._complaints: list[str] = []
        self._answers: list[Answer] = []

    def ask(self, ask: Ask, read: Callable[[str], Read]) -> Generator[Ask, Answer, Read]:
        """What `read` makes of the first answer that it takes. Raises Rejected with the reason of the last."""
        asked = ask
        for _ in range(self._attempts - 1):
            try:
                return self._hear((yield asked), read)
            except Rejected as fault:
                asked = replace(ask, prompt=fill(AGAIN, prompt=ask.prompt, complaint=fault.complaint))
        return self._hear((yield asked), read)

    def _hear(self, answer: Answer, read: Callable[[str], Read]) -> Read:
        """What is cut off is not read: its last sentence would be half a one. Raises Rejected, and counts it."""
        self._answers.append(answer)
        try:
            if answer.refused:
                raise Rejected("refusal", "by the server's own account")
            if answer.cut_off:
                raise Rejected("cut_off", f"{answer.answer_tokens} tokens")
            return read(answer.text)
        except Rejected as fault:
            self._complaints.append(fault.reason)
            raise

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
    texts: dict[str, str] = {}
    for name in NAMES:
        texts[name] = yield from talk.ask(part_ask(asking, name), partial(_read_part, name, texts, rules))
    return Parts(**texts)


def _read_part(name: str, before: dict[str, str], rules: Rules, said: str) -> str:
    """One part, held against those that there are already."""
    text = read_text(said)
    check_notes({**before, name: text}, rules)
    return text


def _description(said: str, rules: Rules) -> str:
    text = read_text(said)
    check_text(text, rules)
    return text


def _question(asking: Asking, name: str) -> str:
    questions: dict[str, str] = {str(key): asked for key, asked in {**QUESTIONS, **asking.questions}.items()}
    return questions[name]

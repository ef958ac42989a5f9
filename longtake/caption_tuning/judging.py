"""What a captioner is worth on captions that it has not learned from: its own answers, held against the rules and the reference."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import get_args

from longtake.caption_tuning.lessons import Lesson, Question
from longtake.captioning.checking import check_parts, check_prose, check_text
from longtake.captioning.config import Rules
from longtake.captioning.dialogue import Answer
from longtake.captioning.faults import Rejected
from longtake.captioning.reading import read_parts, read_text
from longtake.captioning.schema import count_words

WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One answer."""

    question: Question
    text: str
    """As it was read, six parts a line each; where it can't be read, as it came."""
    is_read: bool
    reference: str
    reason: str | None
    """Why captioning would turn it down; None where it would take it."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of the answers to one kind of question."""

    answers: int
    valid: int
    """That captioning would take."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Of the others."""
    words: float
    """Mean."""
    distinct_2: float
    """Pairs of neighbouring words that differ, as a share of all pairs in all answers; NaN of none."""
    rouge_l: float
    """Mean F1 of the longest common row of words with the reference (Lin 2004)."""
    word_f1: float
    """Mean F1 of the words that it shares with the reference, in whatever order."""

    @property
    def valid_share(self) -> float:
        return self.valid / self.answers if self.answers else math.nan


def judge(lesson: Lesson, answer: Answer, rules: Rules) -> Judged:
    """The answer as captioning would read and check it, without asking again."""
    (text, is_read), (reference, _) = (_read(lesson.question, said) for said in (answer.text, lesson.answer))
    reason, detail = None, ""
    try:
        if answer.cut_off:
            raise Rejected("cut_off", f"{answer.answer_tokens} tokens")
        _check(lesson.question, answer.text, rules)
    except Rejected as fault:
        reason, detail = fault.reason, fault.detail
    return Judged(
        question=lesson.question, text=text, is_read=is_read, reference=reference, reason=reason, detail=detail
    )  # fmt: skip


def summarise(judged: Sequence[Judged]) -> dict[Question, Figures]:
    """The figures of each kind of question that there is."""
    return {question: _figures(items) for question, items in _by_question(judged).items()}


def references(judged: Sequence[Judged]) -> dict[Question, tuple[float, float]]:
    """Mean words and `distinct_2` of the references, for comparison."""
    found = {}
    for question, items in _by_question(judged).items():
        texts = [item.reference for item in items]
        found[question] = fmean(count_words(text) for text in texts), distinct_pairs(texts)
    return found


def distinct_pairs(texts: Sequence[str]) -> float:
    """`Figures.distinct_2`."""
    pairs = [pair for text in texts for pair in pairwise(_words(text))]
    return len(set(pairs)) / len(pairs) if pairs else math.nan


def rouge_l(text: str, reference: str) -> float:
    """F1 of the longest common subsequence of words, 0 to 1."""
    one, other = _words(text), _words(reference)
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    # Allison and Dix 1986: a bit for each word of the one text, cleared where the common row grows.
    row = whole = (1 << len(one)) - 1
    for word in other:
        met = row & places.get(word, 0)
        row = ((row + met) | (row - met)) & whole
    return _f1(len(one) - row.bit_count(), len(one), len(other))


def word_f1(text: str, reference: str) -> float:
    """F1 of the words of both, however often each comes, 0 to 1."""
    one, other = Counter(_words(text)), Counter(_words(reference))
    return _f1((one & other).total(), one.total(), other.total())


def _by_question(judged: Sequence[Judged]) -> dict[Question, list[Judged]]:
    """In the order in which captioning asks."""
    kinds = {question: [item for item in judged if item.question == question] for question in get_args(Question)}
    return {question: items for question, items in kinds.items() if items}


def _figures(items: Sequence[Judged]) -> Figures:
    return Figures(
        answers=len(items),
        valid=sum(item.reason is None for item in items),
        reasons=dict(Counter(item.reason for item in items if item.reason).most_common()),
        words=fmean(count_words(item.text) for item in items),
        distinct_2=distinct_pairs([item.text for item in items]),
        rouge_l=fmean(rouge_l(item.text, item.reference) for item in items),
        word_f1=fmean(word_f1(item.text, item.reference) for item in items),
    )


def _check(question: Question, text: str, rules: Rules) -> None:
    """Raises Rejected."""
    match question:
        case "parts":
            check_parts(read_parts(text), rules)
        case "part":
            check_prose(read_text(text), rules)
        case "merge" | "describe":
            check_text(read_text(text), rules)


def _read(question: Question, text: str) -> tuple[str, bool]:
    """What people read of an answer, and whether it could be read."""
    try:
        return "\n".join(asdict(read_parts(text)).values()) if question == "parts" else read_text(text), True
    except Rejected:
        return text.strip(), False


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _f1(common: int, one: int, other: int) -> float:
    return 2 * common / (one + other) if one + other else 0.0

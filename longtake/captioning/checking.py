"""What a caption must be: long and short enough, prose, English, about what is shown, no sentence twice, no refusal."""

import re
import unicodedata
from collections import Counter

from longtake.captioning.config import Rules
from longtake.captioning.faults import Rejected
from longtake.captioning.schema import NAMES, Parts, count_words

BOILERPLATE = re.compile(
    r"\b(?:the|this|these|our|given|provided|each|first|last|next)\s+(?:\w+\s+)?(?:videos?|clips?|frames?|images?|footage|sequences? of (?:frames|images))\b"
    r"(?!\s+(?:game|camera|store|wall|screen|player|of the (?:door|window|picture|mirror)))"
    r"|\bin (?:the|this) (?:frame|scene|shot),? we\b|\bwe (?:can )?see\b|\b(?:notes?|description) (?:above|says?|mentions?|provided)\b",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:sorry|unable|not able|afraid)|I (?:can(?:no|')t|cannot|could not|couldn't|do not|don't) (?:see|view|watch|help|assist|describe|identify|provide|determine|process|access)"
    r"|as an? (?:AI|artificial|language|large language|multimodal)|I apologi[sz]e|(?:unable|impossible) to (?:view|see|describe|determine|provide|process) (?:the|this|any)"
    r"|no (?:image|video|frames?)s? (?:was|were|is|are|has been|have been)? ?(?:provided|given|attached|visible|available)|\b(?:cannot|can't) (?:be )?(?:comply|fulfil|fulfill))",
    re.IGNORECASE,
)
ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|prompt|rule|above|previous|prior|earlier|everything|guideline|system)"
    r"|\b(?:system prompt|you are now|you must now|act as (?:a|an|the)|new instructions?|developer mode|jailbreak)\b"
    r"|(?:^|[\s.])(?:system|assistant|user)\s*:\s|<\|[a-z_]+\|>|\[/?INST\]|\bexecute\b.{0,30}\b(?:command|code|script)|\brm\s+-rf\b|\bcurl\s+-|\bDROP TABLE\b",
    re.IGNORECASE | re.DOTALL,
)
MARKUP = re.compile(r"</?[a-zA-Z!][^>]{0,200}>|```|^\s*#{1,6}\s|\*\*\S|\]\(|&(?:lt|gt|amp|#\d+);|\{\s*\"")
RUN = 8
"""Words that come again in the same order: the text goes in circles. Sentences apart, people write no run of eight twice in 250 words."""
COMMON = frozenset(
    "the a an of and in on is are with to from at its it his her their as by while for into over that which behind near he she they "
    "no but or has there not slowly towards toward".split()
)
"""English text has one of these in every few words; other languages in Latin letters do not."""
LEAST_COMMON = 0.12
LATIN_SHARE = 0.9
SHORTEST_JUDGED = 8
"""Words from which on the language can be told."""


def check_parts(parts: Parts, rules: Rules) -> None:
    """Raises Rejected for the first part that must not be stored."""
    for name in NAMES:
        text = getattr(parts, name)
        try:
            check_prose(text, rules)
            if (words := count_words(text)) > rules.part_words_max:
                raise Rejected("too_long", f"{words} words, at most {rules.part_words_max}")
        except Rejected as fault:
            raise Rejected(fault.reason, f"{name}: {fault.detail}" if fault.detail else name) from None
    said = Counter(_key(getattr(parts, name)) for name in NAMES)
    if max(said.values()) > 1:
        twice = [name for name in NAMES if said[_key(getattr(parts, name))] > 1]
        raise Rejected("repeats", f"{' and '.join(twice)} say the same")


def check_text(text: str, rules: Rules) -> None:
    """Raises Rejected for a merged description that must not be stored."""
    check_prose(text, rules)
    words = count_words(text)
    if words < rules.words_min:
        raise Rejected("too_short", f"{words} words, at least {rules.words_min}")
    if words > rules.words_max:
        raise Rejected("too_long", f"{words} words, at most {rules.words_max}")


def check_prose(text: str, rules: Rules) -> None:
    """Raises Rejected for what no text of a caption may be, whatever its length."""
    if not any(character.isalpha() for character in text):
        raise Rejected("empty")
    if found := MARKUP.search(text):
        raise Rejected("markup", repr(found[0][:40]))
    if found := next((c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn")), None):
        raise Rejected("markup", f"the character U+{ord(found):04X}")
    if found := REFUSAL.search(text):
        raise Rejected("refusal", repr(found[0]))
    if rules.english and not is_english(text):
        raise Rejected("not_english")
    if found := BOILERPLATE.search(text):
        raise Rejected("boilerplate", repr(found[0]))
    if again := find_repeat(text):
        raise Rejected("repeats", repr(again[:80]))


def find_repeat(text: str) -> str | None:
    """A sentence, or a run of words, that comes again."""
    sentences = Counter(_key(sentence) for sentence in re.split(r"(?<=[.!?])\s+", text))
    for sentence, count in sentences.items():
        if count > 1 and sentence.count(" ") >= 2:
            return sentence
    words = _key(text).split()
    runs: set[tuple[str, ...]] = set()
    for start in range(len(words) - RUN + 1):
        run = tuple(words[start : start + RUN])
        if run in runs:
            return " ".join(run)
        runs.add(run)
    return None


def is_english(text: str) -> bool:
    """Whether it is in Latin letters, and has the small words of English; of a few words only the letters are judged."""
    letters = [character for character in text if character.isalpha()]
    latin = sum("LATIN" in unicodedata.name(character, "") for character in letters)
    if latin < LATIN_SHARE * len(letters):
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    return len(words) < SHORTEST_JUDGED or sum(word in COMMON for word in words) >= LEAST_COMMON * len(words)


def flag_of(*texts: str) -> str | None:
    """`instructions` where a text speaks to a model that might read it; a mark for whoever feeds captions to one."""
    return "instructions" if any(ORDERS.search(text) for text in texts) else None


def _key(text: str) -> str:
    """The words alone, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))

"""What a caption must be: long and short enough, prose, English, about what is shown, no sentence twice, no refusal."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from longtake.captioning.config import Rules
from longtake.captioning.faults import Rejected
from longtake.captioning.languages import is_english
from longtake.captioning.phrases import BOILERPLATE, MARKUP, ORDERS, PLACEHOLDER, REFUSAL
from longtake.captioning.schema import Parts, count_words

HIDDEN = frozenset(["Cc", "Cf", "Co", "Cs", "Cn"])
"""Unicode's categories of control, format and private characters, surrogates, and what is no character yet."""
MARKS = 3
"""Accents on one letter, one on another: no language in Latin letters has so many."""
RUN = 8
"""Words that come again in the same order: the text goes in circles. People write no run of eight twice in 250 words."""
SENTENCE = 4
"""Words from which on a sentence must not come again; `He runs.` may."""
LOOP, TURNS = 4, 4
"""Up to four words, four times in a row."""
STUTTER = re.compile(r"(\S)\1{7}")
"""One character eight times in a row."""
QUOTED = re.compile(r'"[^"]{1,200}"|“[^”]{1,200}”')
"""What stands on a sign or is said may be in any language, and in the first person."""


def check_parts(parts: Parts, rules: Rules) -> None:
    """Raises Rejected for the first part that must not be stored."""
    check_notes(asdict(parts), rules)


def check_notes(texts: Mapping[str, str], rules: Rules) -> None:
    """The same for those parts that there are, by name."""
    for name, text in texts.items():
        try:
            check_prose(text, rules)
            if (words := count_words(text)) > rules.part_words_max:
                raise Rejected("too_long", f"{words} words, at most {rules.part_words_max}")
        except Rejected as fault:
            raise Rejected(fault.reason, f"{name}: {fault.detail}" if fault.detail else name) from None
    said = Counter(_key(text) for text in texts.values())
    if twice := [name for name, text in texts.items() if said[_key(text)] > 1]:
        raise Rejected("repeats", f"{' and '.join(twice)} say the same")
    if rules.english and not is_english(_unquoted(". ".join(texts.values()))):
        raise Rejected("not_english")


def check_text(text: str, rules: Rules) -> None:
    """Raises Rejected for a merged description that must not be stored."""
    check_prose(text, rules)
    words = count_words(text)
    if words < rules.words_min:
        raise Rejected("too_short", f"{words} words, at least {rules.words_min}")
    if words > rules.words_max:
        raise Rejected("too_long", f"{words} words, at most {rules.words_max}")
    if not text.rstrip("\"'”’)").endswith((".", "!", "?", "…")):
        raise Rejected("cut_off", f"it ends with {text[-20:]!r}")


def check_prose(text: str, rules: Rules) -> None:
    """Raises Rejected for what no text of a caption may be, whatever its length."""
    if not any(character.isalpha() for character in text) or PLACEHOLDER.fullmatch(text):
        raise Rejected("empty")
    _check_characters(text)
    if markup := MARKUP.search(text):
        raise Rejected("markup", repr(markup[0][:40]))
    plain = _unquoted(text)
    if refusal := REFUSAL.search(plain):
        raise Rejected("refusal", repr(refusal[0]))
    if rules.english and not is_english(plain):
        raise Rejected("not_english")
    if boilerplate := BOILERPLATE.search(plain):
        raise Rejected("boilerplate", repr(boilerplate[0]))
    if again := find_repeat(text):
        raise Rejected("repeats", repr(again[:80]))


def find_repeat(text: str) -> str | None:
    """A sentence, a run of words or a character that comes again."""
    if stutter := STUTTER.search(text):
        return stutter[0]
    sentences = Counter(_key(sentence) for sentence in re.split(r"(?<=[.!?])\s+", text))
    for sentence, count in sentences.items():
        if count > 1 and len(sentence.split()) >= SENTENCE:
            return sentence
    words = _key(text).split()
    for size in range(1, LOOP + 1):
        for start in range(len(words) - TURNS * size + 1):
            if words[start : start + size] * TURNS == words[start : start + size * TURNS]:
                return " ".join(words[start : start + size * TURNS])
    runs: set[tuple[str, ...]] = set()
    for start in range(len(words) - RUN + 1):
        run = tuple(words[start : start + RUN])
        if run in runs:
            return " ".join(run)
        runs.add(run)
    return None


def flag_of(*texts: str) -> str | None:
    """`instructions` where a text speaks to a model that might read it; a mark for whoever feeds captions to one."""
    return "instructions" if any(ORDERS.search(text) for text in texts) else None


def _check_characters(text: str) -> None:
    """Raises Rejected for what nobody can see or type: a plain text has none of it."""
    if text.isascii() and text.isprintable():
        return
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category in HIDDEN or marks == MARKS or 0x1F000 <= ord(character) <= 0x1FAFF:
            raise Rejected("markup", f"the character U+{ord(character):04X}")


def _unquoted(text: str) -> str:
    return QUOTED.sub('""', text)


def _key(text: str) -> str:
    """The words alone, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))

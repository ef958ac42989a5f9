"""From a model's untrusted answer to parts or a text: finds the JSON, mends it, and says what is wrong with it."""

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from longtake.captioning.faults import Rejected
from longtake.captioning.schema import NAMES, Parts

SHOWN = 80
"""Characters of an answer that a reason quotes."""
LONGEST = 50_000
"""Characters of an answer that is read at all: five times what six parts at their longest have."""
DEEPEST = 4
"""Objects and lists within one another, down to which the parts are looked for: `{"clip": {"captions": [{...}]}}`."""
MOST_BRACES = 20
"""In prose before the object, each of which might have been its beginning."""
LONGEST_MENDED, DEEPEST_MENDED = 12_000, 50
"""Characters of what is mended, and brackets open at the same time: at its worst, mending takes time by the square of either."""
KEPT = 0.9
"""Of the letters of an object that was mended: mending what has no quotes drops half sentences."""
ALIASES = {
    "visual": ("visuallanguage", "visuals", "style"), "camera": ("cameralanguage", "camerawork", "cameramovement"),
    "environment": ("surroundings", "background", "setting"), "movement": ("motion", "action", "actions", "movements"),
    "overall": ("worldknowledge", "summary", "overalldescription"),
}  # fmt: skip
"""What else models call a part; letters alone, in lower case."""
TEXT_KEYS = ("text", "description", "caption", "merged", "overall", "value")
"""Where a description lies when it comes as JSON unasked."""
THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
"""What models that reason aloud say first."""
ENDINGS = re.compile(r"(?:(?:<\|\w{1,30}\|>|</s>|<eos>|<end_of_turn>|<end_of_utterance>)\s*)+$")
"""Tokens of chat templates that end an answer; anywhere else they are markup."""
FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|$)", re.DOTALL)
LEAD_IN = re.compile(
    r"^(?:(?:sure|certainly|of course|okay|ok|absolutely|here (?:is|are)|here['’]s|below is|this is)\b[^\n]{0,200}:\s*\n"
    r"|(?:(?:final|merged|english|flowing) )?(?:description|caption|answer|text):)\s*",
    re.IGNORECASE,
)
"""A line that announces the text, or its label."""
ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+\S", re.MULTILINE)
ZERO_WIDTH = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F])
"""Soft hyphen, zero-width space and joiners, byte order mark, how an emoji is drawn: nobody sees them, so they are taken out.
What turns or hides text (bidirectional controls, tags) is no accident, stays, and is turned down in `checking`."""


def read_parts(answer: str) -> Parts:
    """The six parts of an answer that was to be a JSON object. Raises Rejected."""
    text = _spoken(answer)
    found = _find_object(text)
    if found is None:
        raise Rejected("no_json", f"it begins {text[:SHOWN]!r}")
    texts = {name: _as_text(value) for name, value in _named(found).items()}
    if missing := [name for name in NAMES if not texts.get(name)]:
        raise Rejected("wrong_shape", f"no text for {', '.join(missing)}")
    return Parts(**{name: texts[name] or "" for name in NAMES})


def read_text(answer: str) -> str:
    """The text of an answer that was to be prose: without a fence, quotes, an announcement and a JSON object around it.

    Raises Rejected.
    """
    text = _spoken(answer)
    if text.startswith("```") and (fenced := FENCE.search(text)):
        text = fenced[1].strip()
    if text.startswith("{") and (found := _find_object(text)):
        named = {_plain(key): value for key, value in found.items()}
        text = next((one for key in TEXT_KEYS if (one := _as_text(named.get(key)))), "")
        if not text:
            raise Rejected("wrong_shape", "a JSON object without a description")
    text = _tidy(LEAD_IN.sub("", text))
    if len(text) > 1 and text[0] + text[-1] in ('""', "“”") and not set(text[1:-1]) & set('"“”'):
        text = text[1:-1].strip()
    if not text:
        raise Rejected("empty")
    return text


def _spoken(answer: str) -> str:
    """The answer itself, without thoughts before and tokens behind it. Raises Rejected where there is none, or too much."""
    if len(answer) > LONGEST:
        raise Rejected("too_long", f"{len(answer):,} characters")
    text = ENDINGS.sub("", THOUGHTS.sub("", answer)).strip("\ufeff\u200b \t\r\n")
    if not text:
        raise Rejected("empty")
    return text


def _find_object(text: str) -> dict[str, Any] | None:
    """The object with most of the parts, mended if need be; None where there is none. Raises Rejected where it breaks off."""
    start = text.find("{")
    if start < 0:
        return None
    whole = _best(_decoded(text, start))
    if whole is not None and len(_named(whole)) == len(NAMES):
        return whole
    mended = _best([_mend(text[start:])])
    if mended is None or (whole is not None and len(_named(whole)) >= len(_named(mended))):
        return whole
    rest = text[start:].rstrip()
    if "}" not in rest and not rest.endswith(('"', "'", "”")):
        raise Rejected("cut_off", "the JSON object does not end")
    inside = rest[: rest.rfind("}")] if "}" in rest else rest
    return mended if _letters(json.dumps(mended, ensure_ascii=False)) >= KEPT * _letters(inside) else None


def _decoded(text: str, start: int) -> Iterator[Any]:
    """What is JSON as it stands, one after the other."""
    decoder = json.JSONDecoder(strict=False)  # line breaks within a text are no fault
    for _ in range(MOST_BRACES):
        try:
            found, end = decoder.raw_decode(text, start)
            yield found
        except (ValueError, RecursionError):
            end = start + 1
        start = text.find("{", end)
        if start < 0:
            return


def _mend(text: str) -> Any:
    from json_repair import repair_json

    opened = accumulate({"{": 1, "[": 1, "}": -1, "]": -1}.get(character, 0) for character in text)
    if len(text) > LONGEST_MENDED or max(opened) > DEEPEST_MENDED:
        return None
    try:
        return repair_json(text, return_objects=True)
    except (ValueError, RecursionError):  # too deep, or a number too long
        return None


def _best(found: Any, deepest: int = DEEPEST) -> dict[str, Any] | None:
    """Of objects within lists and objects the first with most of the parts."""
    best = found if isinstance(found, dict) else None
    if deepest:
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list | Iterator) else ()
        for one in inner:
            other = _best(one, deepest - 1)
            if other is not None and (best is None or len(_named(other)) > len(_named(best))):
                best = other
    return best


def _named(found: dict[str, Any]) -> dict[str, Any]:
    """What stands under the parts' names, or under what else they are called."""
    values = {_plain(key): value for key, value in found.items()}
    known = {name: next((key for key in (name, *ALIASES.get(name, ())) if key in values), None) for name in NAMES}
    return {name: values[key] for name, key in known.items() if key is not None}


def _as_text(value: Any) -> str | None:
    """A text, a list of texts as one, or the text alone in an object; nothing else is one. Raises Rejected."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = " ".join(value)
    return _tidy(value) if isinstance(value, str) else None


def _tidy(text: str) -> str:
    """In NFC, without what has no width, white space of any kind as single spaces. Raises Rejected where it is a list."""
    if len(ITEM.findall(text)) > 1:
        raise Rejected("markup", "a list instead of sentences")
    return " ".join(unicodedata.normalize("NFC", text.translate(ZERO_WIDTH)).split())


def _plain(key: Any) -> str:
    """A key by its letters: `1. Visual_language` is `visuallanguage`."""
    return re.sub(r"[\W\d_]+", "", str(key)).lower()


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)

"""From a model's untrusted answer to parts or a text: finds the JSON, mends it, and says what is wrong with it."""

import json
import re
from typing import Any

from longtake.captioning.faults import Rejected
from longtake.captioning.schema import NAMES, Parts

LONGEST = 100_000
"""Characters of an answer that are read at all."""
ALIASES = {
    "visual": ("visual language", "style"), "camera": ("camera language",), "environment": ("surroundings", "background", "setting"),
    "movement": ("motion", "action", "actions", "movements"), "overall": ("world knowledge", "summary"),
}  # fmt: skip
"""What else models call a part."""
TEXT_KEYS = ("text", "description", "caption", "merged", "overall")
"""Where a description lies when it comes as JSON unasked."""
FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)(?:```|$)", re.DOTALL)


def read_parts(answer: str) -> Parts:
    """The six parts of an answer that was to be a JSON object. Raises Rejected."""
    found = _find_object(answer)
    if found is None:
        raise Rejected("empty" if not answer.strip() else "no_json")
    named = {_plain(key): value for key, value in found.items()}
    parts = {name: next((named[key] for key in (name, *ALIASES.get(name, ())) if key in named), None) for name in NAMES}
    texts = {name: _as_text(value) for name, value in parts.items()}
    if missing := [name for name, text in texts.items() if not text]:
        raise Rejected("wrong_shape", f"no text for {', '.join(missing)}")
    return Parts(**{name: text or "" for name, text in texts.items()})


def read_text(answer: str) -> str:
    """The text of an answer that was to be prose; fences, quotes and a JSON object around it are taken off. Raises Rejected."""
    text = answer[:LONGEST].strip()
    if fenced := FENCE.search(text):
        text = fenced[1].strip() or text
    if text.startswith("{") and (found := _find_object(text)):
        text = next((one for key in TEXT_KEYS if (one := _as_text(found.get(key)))), "")
    text = _tidy(text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if not text:
        raise Rejected("empty")
    return text


def _find_object(answer: str) -> dict[str, Any] | None:
    """The first JSON object in the answer, mended if need be."""
    text = answer[:LONGEST]
    start = text.find("{")
    if start < 0:
        return None
    try:
        found = json.JSONDecoder().raw_decode(text[start:])[0]
    except (ValueError, RecursionError):
        found = _mend(text[start:])
    while isinstance(found, dict) and len(found) == 1 and isinstance(inner := next(iter(found.values())), dict):
        found = inner  # {"caption": {...}}
    return found if isinstance(found, dict) else None


def _mend(text: str) -> Any:
    from json_repair import repair_json

    try:
        found = repair_json(text, return_objects=True)
    except (ValueError, RecursionError, IndexError, TypeError):  # it is given what nobody has tried
        return None
    if isinstance(found, list):  # an object with prose behind it
        return next((one for one in found if isinstance(one, dict)), None)
    return found


def _as_text(value: Any) -> str | None:
    """A text, or a short list of texts as one; nothing else is one."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = " ".join(value)
    return _tidy(value) if isinstance(value, str) else None


def _tidy(text: str) -> str:
    """White space of any kind becomes single spaces."""
    return " ".join(text.split())


def _plain(key: Any) -> str:
    return " ".join(str(key).lower().replace("_", " ").split())

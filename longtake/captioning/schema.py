"""What a caption is: six parts (Koala-36M section B), each a text, and the merged description."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The six parts, under the names of the table's columns."""

    subject: str
    """Who or what it is about, and how that looks."""
    movement: str
    """What the subject does."""
    environment: str
    """What is around it."""
    visual: str
    """Visual language: style, composition, light, colour."""
    camera: str
    """Camera language: movement, angle, focal length, shot size."""
    overall: str
    """World knowledge: what happens, told as a whole."""


NAMES = tuple(field.name for field in fields(Parts))
"""Of the parts, in their order."""

PAPER_WORDS = 202.1
"""Mean of Koala-36M's captions (table 1)."""


def parts_schema() -> dict[str, Any]:
    """JSON Schema of the answer with all six, for servers and grammars that hold a model to it."""
    return {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": 1} for name in NAMES},
        "required": list(NAMES),
        "additionalProperties": False,
    }


def count_words(text: str) -> int:
    """What white space parts and has a letter or digit: `a close-up – at 5 °C` has five, a dash alone is none."""
    return sum(any(character.isalnum() for character in word) for word in text.split())

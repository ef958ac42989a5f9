"""What is said to a server and what it says: OpenAI's chat completions, and what servers differ in.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np

from longtake.captioning.dialogue import Answer, Ask

LONGEST_COMPLAINT = 4000
"""Characters of an error that are looked at."""
UNKNOWN_KEYWORDS = ("minLength",)
"""Of JSON Schema; servers that hold a model strictly to one refuse it, and an empty part is turned down by us."""
GUIDED = re.compile(r"response_format|json_?schema|json_?object|guided|grammar|structured.output", re.IGNORECASE)


class Unreadable(ValueError):
    """The body of an answer is none; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a server takes; weakened where it says that it does not."""

    guided: Literal["json_schema", "json_object", "none"] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What it calls the limit of an answer."""
    temperature: bool = True
    """Whether it may be set."""

    def __str__(self) -> str:
        return f"JSON by {self.guided}, {self.limit} and {'a' if self.temperature else 'no'} temperature"


def data_urls(frames_NHW3: np.ndarray, jpeg_quality: int) -> list[str]:
    """Each frame as a JPEG in a data URL."""
    urls = []
    for frame_HW3 in frames_NHW3:
        done, jpeg = cv2.imencode(".jpg", frame_HW3, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
        if not done:
            raise ValueError(f"a frame of shape {frame_HW3.shape} and type {frame_HW3.dtype} is no picture")
        urls.append("data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode())
    return urls


def write_body(ask: Ask, pictures: Sequence[str], *, model: str, temperature: float, dialect: Dialect) -> bytes:
    """The request's JSON: the pictures (data URLs), then the text; the same for the same question."""
    content: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in pictures]
    content.append({"type": "text", "text": ask.prompt})
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        dialect.limit: ask.tokens,
    }
    if dialect.temperature:
        body["temperature"] = temperature
    if ask.schema is not None and dialect.guided != "none":
        body["response_format"] = _response_format(ask.schema, dialect.guided)
    return json.dumps(body).encode()


def read_answer(body: bytes, model_s: float) -> Answer:
    """What a chat completion says. Raises Unreadable for a body that is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable(f"no JSON: {_line(body.decode(errors='replace'))}") from None
    choices = said.get("choices") if isinstance(said, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Unreadable(f"no choices: {read_error(body)}")
    text, refusal = _text(message.get("content")), _text(message.get("refusal"))
    usage = said.get("usage")
    return Answer(
        text=text or refusal,
        cut_off=choice.get("finish_reason") == "length",
        refused=choice.get("finish_reason") == "content_filter" or bool(refusal and not text),
        prompt_tokens=_count(usage, "prompt_tokens"),
        answer_tokens=_count(usage, "completion_tokens"),
        model_s=model_s,
    )


def read_error(body: bytes) -> str:
    """What an error's body says, on one line; untrusted."""
    return _line(_error_of(body)[0])


def error_code(body: bytes) -> str:
    """The short name that OpenAI and others give to an error, such as `insufficient_quota`; empty where there is none."""
    return _error_of(body)[1]


def weaken(dialect: Dialect, ask: Ask, body: bytes) -> Dialect | None:
    """The dialect without what an error's body complains of; None where that is nothing that can be left out."""
    complaint = read_error(body)
    if ask.schema is not None and dialect.guided != "none" and GUIDED.search(complaint):
        return replace(dialect, guided="json_object" if dialect.guided == "json_schema" else "none")
    if dialect.limit == "max_tokens" and "max_completion_tokens" in complaint and "too large" not in complaint:
        return replace(dialect, limit="max_completion_tokens")
    if dialect.temperature and "temperature" in complaint and "support" in complaint:
        return replace(dialect, temperature=False)
    return None


def _response_format(schema: dict[str, Any], guided: Literal["json_schema", "json_object"]) -> dict[str, Any]:
    if guided == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "caption", "strict": True, "schema": _strict(schema)}}


def _strict(schema: Any) -> Any:
    """The schema without the keywords that not all servers know."""
    if isinstance(schema, dict):
        return {key: _strict(value) for key, value in schema.items() if key not in UNKNOWN_KEYWORDS}
    return [_strict(item) for item in schema] if isinstance(schema, list) else schema


def _error_of(body: bytes) -> tuple[str, str]:
    """Message with parameter, and code, of OpenAI's `{"error": {...}}`, of vLLM's bare object, or of whatever it is."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace"), ""
    error = said.get("error", said) if isinstance(said, dict) else said
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return error if isinstance(error, str) else json.dumps(said), ""
    parameter, code = error.get("param"), error.get("code")
    message = f"{error['message']} ({parameter})" if isinstance(parameter, str) and parameter else error["message"]
    return message, code if isinstance(code, str) else ""


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text[:LONGEST_COMPLAINT]).split())


def _text(content: Any) -> str:
    """A text, or a list of parts with texts, as one."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _count(usage: Any, name: str) -> int:
    """Tokens; 0 where the server does not say, or nonsense."""
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and 0 < count < 2**31 else 0

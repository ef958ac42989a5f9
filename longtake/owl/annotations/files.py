"""JSON files of annotations: read whole, or line by line; a file that is none is the user's mistake."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longtake.errors import UserError, first_line


def read_json(path: Path, what: str) -> Any:
    """What the file holds. Raises UserError for a file that is no JSON; `what` says what was expected."""
    try:
        return parse(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({first_line(error)}); expected {what}") from None


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Number and content of each line that is not empty; a ValueError as the content of one that is no JSON."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, parse(line)
            except ValueError as error:
                yield number, error


def parse(data: bytes) -> Any:
    """Raises ValueError for what is no JSON."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("brackets within brackets, too deep to read") from None

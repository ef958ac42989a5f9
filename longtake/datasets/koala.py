"""Koala-36M's CSV, both ways: the columns of its release, one row a clip, times to the millisecond.

Of our clips, `clarity_score` and `motion_score` hold our own `clarity` and `motion`, which are on other scales than the
published ones (0 to 1 and 0.01 to 267 there), and `caption` is the merged text, or empty. Of rows that are read, they are theirs.
"""

import ast
import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TextIO
from urllib.parse import unquote

from longtake.datasets.members import Member
from longtake.errors import UserError
from longtake.records import Score

COLUMNS = (
    "videoID", "url", "timestamp", "caption", "clarity_score", "aesthetic_score", "motion_score",
    "video_training_suitability_score",
)  # fmt: skip
"""In the order of the release."""
NEEDED = ("videoID", "timestamp")
SCORES = {
    "clarity": "clarity_score", "aesthetic": "aesthetic_score", "motion": "motion_score",
    "vtss": "video_training_suitability_score",
}  # fmt: skip
"""Our column of each score of theirs."""
CELL_CHARS = 1 << 20
"""The longest text of a row's cell that is read."""

_TIME = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d)(?:\.(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class KoalaRow:
    """One clip as the CSV has it."""

    line: int
    """Of the file, where the row ends."""
    video_id: str
    """YouTube's id of the video, or what stands for it: the file's name without its suffix."""
    number: str
    """Of the clip in its video."""
    url: str
    start_ms: int
    end_ms: int
    scores: dict[str, float | None]
    """By our column's name."""
    caption: str = ""
    """The merged description; empty where there is none."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read, and why."""

    line: int
    sentence: str


def read_rows(path: Path) -> Iterator[KoalaRow | BadRow]:
    """The rows of a CSV, one after another; columns may come in any order, others are left alone.

    Raises UserError where the file is none, or lacks a column.
    """
    csv.field_size_limit(CELL_CHARS)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            columns = reader.fieldnames or ()
        except csv.Error as error:
            raise UserError(f"{path} line 1: {error}; expected the columns {', '.join(COLUMNS)}") from None
        missing = [name for name in NEEDED if name not in columns]
        if missing:
            raise UserError(f"{path} line 1: there is no column {' and '.join(missing)}; expected {', '.join(COLUMNS)}")
        while True:
            try:
                cells = next(reader, None)
                if cells is None:
                    return
                yield _parse(cells, reader.line_num)
            except csv.Error as error:
                yield BadRow(reader.line_num + 1, str(error))  # a line that breaks off is not counted yet
            except ValueError as error:
                yield BadRow(reader.line_num, str(error))


def write_rows(buckets: Iterable[Sequence[Member]], file: TextIO) -> Iterator[int]:
    """Writes the header and a row for each member, the clips of a video together in the order of time.

    Yields how many rows each bucket gave, once they are written.
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for members in buckets:
        last, number = "", 0
        for member in sorted(
            members, key=lambda member: (member.video.uris, member.clip.video_id, member.clip.start_frame)
        ):
            number = number + 1 if member.clip.video_id == last else 0
            last = member.clip.video_id
            writer.writerow(_cells(member, number))
        yield len(members)


def stem_of(uri: str) -> str:
    """The name of the file at a URI, without its suffix: of downloaded footage, YouTube's id."""
    path = uri.partition("://")[2] or uri
    return PurePosixPath(unquote(path) if uri.startswith("file:") else path).stem


def write_time(seconds: float) -> str:
    """`0:01:02.345`."""
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{ms:03}"


def read_time_ms(text: str) -> int:
    """Milliseconds of `0:01:02.345`. Raises ValueError."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"the time is {text!r:.60}; expected H:MM:SS.mmm")
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    return 1000 * (3600 * hours + 60 * minutes + seconds) + round(1000 * float(f"0.{match[4] or 0}"))


def _cells(member: Member, number: int) -> list[Any]:
    uri = member.video.uris[0] if member.video.uris else ""
    score = member.score
    caption = (member.caption.text if member.caption else None) or ""
    scores = {theirs: "" if score is None else _number(getattr(score, ours)) for ours, theirs in SCORES.items()}
    times = [write_time(member.clip.start_s), write_time(member.clip.end_s)]
    cells = {"videoID": f"{stem_of(uri)}_{number}", "url": uri, "timestamp": str(times), "caption": caption, **scores}
    return [cells[name] for name in COLUMNS]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _parse(cells: dict[str | None, Any], line: int) -> KoalaRow:
    """Raises ValueError with a sentence."""
    if None in cells:
        raise ValueError(f"the row has {len(cells[None])} more cells than the header")
    if any(value is None for value in cells.values()):
        raise ValueError("the row has fewer cells than the header")
    video_id, _, number = cells["videoID"].strip().rpartition("_")
    if not video_id or not number.isdecimal():
        raise ValueError(
            f"videoID is {cells['videoID']!r:.60}; expected the video's id, an underscore and the clip's number"
        )
    start_ms, end_ms = _timestamp(cells["timestamp"])
    scores = {ours: _score(theirs, cells.get(theirs, "")) for ours, theirs in SCORES.items()}
    url, caption = (cells.get(name, "").strip() for name in ("url", "caption"))
    return KoalaRow(line, video_id, number, url, start_ms, end_ms, scores, caption)


def _timestamp(text: str) -> tuple[int, int]:
    try:
        times = ast.literal_eval(text.strip()) if len(text) < 100 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        times = None
    if not isinstance(times, (list, tuple)) or len(times) != 2 or not all(isinstance(time, str) for time in times):
        raise ValueError(f"timestamp is {text!r:.60}; expected ['H:MM:SS.mmm', 'H:MM:SS.mmm']")
    start_ms, end_ms = (read_time_ms(time) for time in times)
    if start_ms >= end_ms:
        raise ValueError(f"timestamp is {text!r:.60}; the end must be after the start")
    return start_ms, end_ms


def _score(name: str, text: str) -> float | None:
    """None for an empty cell and for nan, which is how dataframes write one."""
    text = text.strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r:.60}; expected a number or nothing") from None
    if math.isinf(value):
        raise ValueError(f"{name} is {text}; expected a finite number or nothing")
    return None if math.isnan(value) else value


assert set(SCORES) <= set(Score.__dataclass_fields__)

"""Files of captions to learn from: JSONL, and Koala-36M's CSV.

A line of a JSONL file is an object with these keys, others are left alone:

    media        path of a video or image, from the file's folder on, or absolute
    subject, movement, environment, visual, camera, overall      the six parts: all of them or none
    text         the merged description; parts or text, or both
    kind         "video" or "image"; else by the path's ending
    source       what it comes from: captions of one source are on one side of the held-out part; else the file's name without ending
    start_s, end_s    the clip within the video, seconds; else all of it
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.caption_tuning.seeds import BadSeed, Kind, LeftOut, Seed
from longtake.captioning.schema import NAMES, Parts
from longtake.errors import UserError

if TYPE_CHECKING:
    from longtake.datasets.koala import KoalaRow

IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
"""Endings that are taken for images; all else is taken for video."""
LINE_BYTES = 1 << 20
"""The longest line of a JSONL file that is read."""
LATEST_S = 1e7
"""No video is longer."""


def read_jsonl(path: Path) -> Iterator[Seed | LeftOut]:
    """The captions of a JSONL file, one after another."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES):
            number += 1
            place = f"{path.name} line {number}"
            whole = len(line) < LINE_BYTES
            while not whole and not line.endswith(b"\n"):  # the rest of a line that is too long
                if not (line := file.readline(LINE_BYTES)):
                    break
            if not line.strip() and whole:
                continue
            try:
                if not whole:
                    raise BadSeed("unreadable_line", f"longer than {LINE_BYTES} bytes")
                yield _of_object(_parse(line), path.parent, place)
            except BadSeed as fault:
                yield LeftOut(place, fault.reason, fault.detail)


def read_koala(path: Path, videos: Path) -> Iterator[Seed | LeftOut]:
    """The captions of a CSV with Koala-36M's columns, whose videos are `<videos>/<id>.*`; they have no parts.

    Raises UserError where the file is none, or lacks a column.
    """
    from longtake.datasets.koala import BadRow, read_rows

    if not videos.is_dir():
        raise UserError(
            f"{videos} is no folder; give the one with the videos that {path} speaks of, each named by its id"
        )
    by_stem: dict[str, list[Path]] = {}
    for file in sorted(videos.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            by_stem.setdefault(file.stem, []).append(file)
    for row in read_rows(path):
        place = f"{path.name} line {row.line}"
        if isinstance(row, BadRow):
            yield LeftOut(place, "unreadable_line", row.sentence)
            continue
        try:
            yield _of_row(row, by_stem.get(row.video_id, []), place)
        except BadSeed as fault:
            yield LeftOut(place, fault.reason, fault.detail)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.strip())
    except (ValueError, RecursionError) as error:
        raise BadSeed("unreadable_line", str(error)[:200]) from None
    if not isinstance(found, dict):
        raise BadSeed("unreadable_line", f"{str(found)[:40]!r}; expected an object")
    return found


def _of_object(found: Mapping[str, Any], folder: Path, place: str) -> Seed:
    """Raises BadSeed."""
    for name in ("media", "text", "source", "kind", *NAMES):
        if found.get(name) is not None and not isinstance(found[name], str):
            raise BadSeed("unreadable_line", f"{name} is {str(found[name])[:40]!r}; expected a text")
        if not _is_text(found.get(name) or ""):
            raise BadSeed("unreadable_line", f"{name} has half a character (a lone surrogate)")
    said = {name: (found.get(name) or "").strip() for name in (*NAMES, "text")}
    missing = [name for name in NAMES if not said[name]]
    if 0 < len(missing) < len(NAMES):
        raise BadSeed("part_missing", f"no {', '.join(missing)}")
    if missing and not said["text"]:
        raise BadSeed("nothing_said")
    if not found.get("media"):
        raise BadSeed("unreadable_line", "there is no media; expected the path of a video or image")
    path = folder / found["media"]
    kind: Kind = "image" if (found.get("kind") or path.suffix.lower()) in ("image", *IMAGES) else "video"
    if found.get("kind") not in (None, "image", "video"):
        raise BadSeed("unreadable_line", f"kind is {found['kind'][:40]!r}; expected image or video")
    start_s, end_s = _span(found, kind)
    media, version = _file(path)
    return Seed(
        media=media, version=version, kind=kind, source=found.get("source") or path.stem, place=place,
        parts=None if missing else Parts(**{name: said[name] for name in NAMES}), text=said["text"] or None,
        start_s=start_s, end_s=end_s,
    )  # fmt: skip


def _span(found: Mapping[str, Any], kind: str) -> tuple[float | None, float | None]:
    start_s, end_s = (found.get(name) for name in ("start_s", "end_s"))
    if start_s is None and end_s is None:
        return None, None
    for name, value in (("start_s", start_s), ("end_s", end_s)):
        known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LATEST_S
        if value is not None and not known:
            raise BadSeed("unreadable_line", f"{name} is {str(value)[:40]!r}; expected seconds")
    first, last = float(start_s or 0.0), None if end_s is None else float(end_s)
    if kind == "image" or first < 0 or (last is not None and last <= first):
        raise BadSeed(
            "unreadable_line", f"start_s {start_s} to end_s {end_s} is no span of a{'n' * (kind == 'image')} {kind}"
        )
    return first, last


def _of_row(row: "KoalaRow", files: list[Path], place: str) -> Seed:
    """Raises BadSeed."""
    if not row.caption:
        raise BadSeed("nothing_said")
    if not files:
        raise BadSeed("no_media", row.video_id)
    if len(files) > 1:
        raise BadSeed("ambiguous_media", ", ".join(file.name for file in files[:5]))
    media, version = _file(files[0])
    return Seed(
        media=media, version=version, kind="video", source=row.video_id, place=place, text=row.caption,
        start_s=row.start_ms / 1000, end_s=row.end_ms / 1000,
    )  # fmt: skip


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _file(path: Path) -> tuple[str, str]:
    """The absolute path, and what tells its content from an earlier one. Raises BadSeed."""
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise BadSeed("no_media", str(path)[:200]) from None
    if not path.is_file():
        raise BadSeed("no_media", f"{str(path)[:200]} is no file")
    return str(path.absolute()), f"{stat.st_mtime_ns:x}-{stat.st_size:x}"

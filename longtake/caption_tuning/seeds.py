"""Captions to learn from, and where they come from: rows of our table, JSONL, Koala-36M's CSV.

A line of a JSONL file is an object with these keys, others are left alone:

    media        path of a video or image, from the file's folder on, or absolute
    subject, movement, environment, visual, camera, overall      the six parts: all of them or none
    text         the merged description; parts or text, or both
    kind         "video" or "image"; else by the path's ending
    source       what it comes from: what shares it is never on both sides of the held-out part; else the name of the file without its ending
    start_s, end_s    the clip within the video, seconds; else all of it
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from longtake.captioning.checking import check_parts, check_text
from longtake.captioning.config import Rules
from longtake.captioning.faults import ANSWER_REASONS, Rejected
from longtake.captioning.schema import NAMES, Parts
from longtake.errors import UserError
from longtake.records import Caption, digest

if TYPE_CHECKING:
    from longtake.datasets.koala import KoalaRow

Kind = Literal["image", "video"]

IMAGES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
"""Endings that are taken for images; all else is taken for video."""
LINE_BYTES = 1 << 20
"""The longest line of a JSONL file that is read."""
LATEST_S = 1e7
"""No video is longer."""

REASONS = ANSWER_REASONS | {
    "unreadable_line": "The line is no JSON object, or a value in it is not what it should be.",
    "nothing_said": "It has neither parts nor a text.",
    "part_missing": "Some of the six parts are there and others are not.",
    "no_media": "The video or image that it is about is not there.",
    "ambiguous_media": "Several files have the name of its video.",
    "repeated": "The same video or image, the same span and the same words stood there before.",
    "unreadable_image": "The image can't be read, or is larger than an image may be.",
    "outside_video": "The span begins after the video's end.",
    "gone": "The clip's file is not in the lake any more.",
    "worker_lost": "The process that read its frames died, again when it was tried alone.",
}
"""Why a caption teaches nothing; those of `longtake.video.faults` come on top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One caption of one video, clip or image."""

    media: str
    """A file's absolute path; of a lake's clip, its key."""
    version: str = ""
    """Tells a file from another that had its name before."""
    kind: Kind
    source: str
    """The video's id, or what else tells the origin: decides whether it is held out."""
    place: str
    """Where it was read, for people: `seeds.jsonl line 3`."""
    parts: Parts | None = None
    text: str | None = None
    start_s: float | None = None
    """Of the clip within the video; None: all of it."""
    end_s: float | None = None

    @property
    def name(self) -> str:
        """A file's name for its frames."""
        return digest(self.media, self.version, self.start_s, self.end_s, chars=24)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A caption that nothing is learned from."""

    place: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """What was read."""

    kept: list[Seed] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """Captions that were left out, by reason."""
        return Counter(item.reason for item in self.left_out)


class BadSeed(Exception):
    """A caption that is none; a value with a reason at the next catch."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason)


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


def read_captions(rows: Iterable[tuple[Caption, str]]) -> Iterator[Seed]:
    """Rows of our table, each with where its clip is; rows without a caption are passed over."""
    for row, media in rows:
        if row.reason is None:
            parts = {name: getattr(row, name) for name in NAMES}
            yield Seed(
                media=media, kind="video", source=row.video_id, place=row.clip_id, text=row.text,
                parts=Parts(**parts) if all(parts.values()) else None,
            )  # fmt: skip


def collect(found: Iterable[Seed | LeftOut], rules: Rules | None) -> Seeds:
    """All that was read, without what came before and, where there are rules, without what they turn down."""
    seeds = Seeds()
    seen: set[tuple[object, ...]] = set()
    for item in found:
        if isinstance(item, LeftOut):
            seeds.left_out.append(item)
            continue
        key = (item.name, item.text, item.parts)
        try:
            if key in seen:
                raise BadSeed("repeated")
            if rules:
                _check(item, rules)
        except (BadSeed, Rejected) as fault:
            seeds.left_out.append(LeftOut(item.place, fault.reason, fault.detail))
            continue
        seen.add(key)
        seeds.kept.append(item)
    return seeds


def _check(seed: Seed, rules: Rules) -> None:
    """Raises Rejected for what captioning would turn down."""
    if seed.parts:
        check_parts(seed.parts, rules)
    if seed.text:
        check_text(seed.text, rules)


def _parse(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
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
    kind = found.get("kind") or ("image" if path.suffix.lower() in IMAGES else "video")
    if kind not in ("image", "video"):
        raise BadSeed("unreadable_line", f"kind is {kind[:40]!r}; expected image or video")
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

"""Captions to learn from: what one is, and why one is left out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from longtake.captioning.checking import check_parts, check_text
from longtake.captioning.config import Rules
from longtake.captioning.faults import ANSWER_REASONS, Rejected
from longtake.captioning.schema import NAMES, Parts
from longtake.records import Caption, digest

Kind = Literal["image", "video"]

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

"""The row type of every table: its columns with their units, its key, how it is partitioned, and what makes a row "done".

A missing row means "not done yet". A row with a `reason` means "done, and put aside, and why": what is bad in the
footage is data, never an exception that leaves a hole. Every row carries `made_by`, the digest of the stage, its
algorithm version and its config, so that a changed config makes new rows beside the old ones.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

BUCKETS = 64
"""Partitions of every table that comes from footage; a shard is a set of whole buckets."""

Edge = Literal["start", "cut", "gradual", "end"]
"""What a clip begins or ends with: the ends of the video, a hard cut, or a gradual transition."""

Outcome = Literal["kept", "dropped", "quarantined"]
"""What became of a row: used, put aside by a rule, or put aside because it could not be read."""


def bucket_of(video_id: str) -> int:
    """The partition, 0 to 63, of all rows that come from this video."""
    return int(hashlib.sha256(video_id.encode()).hexdigest()[:8], 16) % BUCKETS


def digest(*parts: object, chars: int = 32) -> str:
    """Hexadecimal digest of JSON values, the same for equal values in every process and for ever."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:chars]


def made_by(stage: str, version: int, config: Mapping[str, Any]) -> str:
    """Who made a row: digest of the stage, the version of its algorithm and the part of its config that changes rows."""
    return digest(stage, version, config, chars=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One raw file by content: files with equal bytes are one row that keeps every uri.

    A row with a `reason` could not be probed: its numbers are zero and nothing after listing reads it.
    """

    TABLE: ClassVar[str] = "videos"
    KEY: ClassVar[tuple[str, ...]] = ("video_id",)

    video_id: str
    """The first 32 hexadecimal digits of the SHA-256 of the content."""
    bucket: int
    uris: list[str]
    """Everywhere this content lies, sorted."""
    etags: list[str]
    """Version tag of the object at each uri when it was read: an unchanged tag is not read again."""
    bytes: int
    duration_s: float
    fps: float
    """Average frames per second."""
    width: int
    """Pixels as displayed, after rotation."""
    height: int
    codec: str
    frames: int
    """Video packets in the container; what decodes may be fewer."""
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        return ("quarantined", self.reason) if self.reason else ("kept", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One span of one video between two transitions, cut into a file of its own, or dropped with a `reason`.

    A video that could not be sliced has exactly one row, of zero length, with the reason.
    """

    TABLE: ClassVar[str] = "clips"
    KEY: ClassVar[tuple[str, ...]] = ("clip_id", "made_by")

    clip_id: str
    """Digest of video, exact span and encoding: the same clip has the same id whatever found it."""
    bucket: int
    video_id: str
    uri: str | None
    """The clip's file, relative to the data root; none where the span was dropped."""
    poster_uri: str | None
    """A strip of stills from the clip (JPEG), relative to the data root."""
    start_frame: int
    """First frame, counted in the order of decoding."""
    start_s: float
    end_s: float
    """Presentation time of the first frame after the clip."""
    frames: int
    fps: float
    width: int
    height: int
    begins_with: Edge
    ends_with: Edge
    reason: str | None
    detail: str | None
    made_by: str

    @property
    def outcome(self) -> tuple[Outcome, str]:
        if self.reason is None:
            return "kept", ""
        return ("dropped" if self.frames else "quarantined"), self.reason


Record = Video | Clip

"""What the guard is asked for and what it answers; answers of a worker are checked against these bounds."""

from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,120}$")]
Seconds = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=1, le=1 << 16)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Probe:
    """What a file says of itself, and what its first decoded frame shows."""

    duration_s: Seconds
    """From the first frame's presentation to the end of the last one's."""
    fps: Annotated[float, Field(gt=0)]
    """Average frames per second."""
    width: Side
    """Pixels as displayed: after rotation, before any sample aspect ratio."""
    height: Side
    codec: Annotated[str, Field(max_length=64)]
    frames: Annotated[int, Field(ge=1)]
    """Packets of the video stream that are to be shown, counted without decoding; what decodes may be fewer."""
    has_audio: bool
    rotation_deg: Annotated[int, Field(ge=0, lt=360)]
    """Clockwise turn, already applied to `width` and `height`, that brings the stored picture upright."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Span:
    """Frames [start_frame, end_frame) in the order of decoding, which is the index that `Guard.frames` yields."""

    name: Name
    """Stem of the files to write."""
    start_frame: Count
    end_frame: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cut:
    """A clip that was written."""

    name: Name
    path: Path
    """MP4: H.264, and AAC where the source has sound."""
    poster_path: Path
    """JPEG: stills from the clip, side by side."""
    frames: Annotated[int, Field(ge=1)]
    width: Side
    """Pixels as displayed, even."""
    height: Side
    duration_s: Seconds
    """From the first frame's presentation to the end of the last one's."""
    bytes: Annotated[int, Field(ge=1)]

"""What the guard is asked for and what it answers; answers of a worker are checked against these bounds."""

from pathlib import Path
from typing import Annotated, Any

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


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Fit:
    """Whole frames at some moments, scaled so that the longer side as displayed is `size_px`, aspect kept.

    The shorter side is 16 pixels at least. All frames have the size of the first, whatever the footage does.
    """

    times_s: tuple[float, ...]
    """Sorted; from the first frame's presentation. Each gives the frame that is shown then; a frame comes once.
    Moments before the first frame give the first, those after the end the last."""
    size_px: int
    """16 to 4096."""
    enlarge: bool = True
    """False leaves a smaller picture as it is."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Patches:
    """Patches of frames at some moments in their own resolution, one in each cell of a grid, side by side.

    Where in its cell a patch is cut is random, the same in all frames of the view, and a multiple of 8 pixels from the
    stored picture's corner. A picture smaller than `grid` x `patch_px` is enlarged to it first (Koala-36M, FAST-VQA).
    The sample aspect ratio is not applied. Frames that change size are stretched to the size of the view's first.
    """

    times_s: tuple[float, ...]
    """As for `Fit`."""
    grid: int
    """Patches on a side."""
    patch_px: int
    """A multiple of 8; `grid` times this is 4096 at most."""
    seed: int = 0


View = Fit | Patches


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ViewAnswer:
    """What a worker says of the frames that it has put into a view's memory."""

    times_s: Annotated[list[Seconds], Field(min_length=1)]
    width: Side
    height: Side


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GlimpseAnswer:
    """What a worker says of a file that it was to look at."""

    frames: Annotated[int, Field(ge=1)]
    duration_s: Seconds
    width: Side
    height: Side
    views: list[dict[str, Any]]
    """The fields of a `ViewAnswer` for each view, in the order of asking."""

"""What one file may cost the worker that opens it, and how clips are encoded."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Limits:
    """Limits of one piece of work (probe, frames, glimpse or cut) on one file; past any of them the file is put aside."""

    wall_s: float = Field(default=14_400.0, gt=0)
    """Seconds that the caller waits for the worker, not counting what it does with the frames; a film of two hours is cut in one."""
    cpu_s: float = Field(default=14_400.0, ge=1)
    """Seconds of processor time, in steps of one second."""
    memory_bytes: int = Field(default=4 << 30, ge=384 << 20)
    """Address space of the worker, some 300 MiB of which it takes before it opens anything (macOS does not enforce it)."""
    output_bytes: int = Field(default=8 << 30, ge=1)
    """Size of each file that a cut writes."""
    max_pixels: int = Field(default=8192 * 8192, ge=1)
    """Width times height of a frame."""
    max_corrupt_share: float = Field(default=0.1, ge=0, le=1)
    """Packets that fail to decode, as a share of all, before the whole file is refused."""
    files_per_worker: int = Field(default=200, ge=1)
    """Files after which a worker is replaced by a new one."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Encoding:
    """How a clip is written: H.264 and AAC in MP4, with a filmstrip beside it."""

    crf: int = Field(default=18, ge=0, le=51)
    """x264's quality: 0 is lossless, 18 is hard to tell from the source, 51 is worst."""
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = "veryfast"
    """x264's trade of speed for size."""
    keyframe_s: float = Field(default=2.0, gt=0)
    """Seconds between key frames at most."""
    audio_kbps: int = Field(default=128, ge=16, le=512)
    poster_frames: int = Field(default=4, ge=1, le=16)
    """Stills in the filmstrip, spread over the clip; a clip with fewer frames shows each once."""
    poster_height: int = Field(default=96, ge=16, le=1080)
    """Pixels; the width follows from the clip's displayed aspect."""

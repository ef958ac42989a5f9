"""What a file is: one decoded frame for its looks, a walk over its packets for its length; runs inside a worker."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from longtake.video.decode import Footage, nominal_fps, orientation_of


def probe_video(open_footage: Callable[[], Footage]) -> dict[str, Any]:
    """The fields of `records.Probe`. Raises VideoFault, `no_frames` too where nothing decodes."""
    with open_footage() as footage:
        first = next(footage.pictures()).frame
        orientation = orientation_of(first)
        codec, has_audio = footage.stream.codec_context.name, footage.has_audio
    with open_footage() as footage:
        frames, duration_s = measure(footage)
    width, height = orientation.size(first.width, first.height)
    return {
        "duration_s": float(duration_s),
        "fps": float(frames / duration_s),
        "width": width,
        "height": height,
        "codec": codec,
        "frames": frames,
        "has_audio": has_audio,
        "rotation_deg": orientation.rotation_deg,
    }


def measure(footage: Footage) -> tuple[int, Fraction]:
    """Packets that are to be shown, and seconds from the first one's presentation to the end of the last one's.

    Packets without a stamp, or with stamps that are all the same, last as long as the container's rate says.
    """
    stamp_base = footage.stream.time_base or Fraction(0)
    step_s = 1 / nominal_fps(footage.stream)
    frames = 0
    first: int | None = None
    last, last_duration = 0, 0
    for packet in footage.packets():
        if packet.is_discard:
            continue
        frames += 1
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            continue
        if first is None or stamp > last:
            last, last_duration = stamp, packet.duration or 0
        first = stamp if first is None else min(first, stamp)
    if first is None or (first == last and frames > 1):
        return frames, frames * step_s
    return frames, (last - first) * stamp_base + (last_duration * stamp_base or step_s)

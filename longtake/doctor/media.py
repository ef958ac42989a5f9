"""Codecs, tried in this process on a film drawn here, and the guarded worker that every raw video goes through.

Legend: H, W rows and columns of a picture, C its channels.
"""

import io
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from longtake.doctor.finding import Finding, bad, good, skipped, warn
from longtake.doctor.space import scratch_room

DECODERS = (
    "h264", "hevc", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg", "prores", "dnxhd", "vc1", "theora",
    "aac", "mp3", "ac3", "opus", "vorbis", "flac", "pcm_s16le",
)  # fmt: skip
"""What raw footage comes in."""
FRAMES, FPS, WIDTH, HEIGHT, RATE_HZ = 25, 25, 160, 96, 48_000
INSTALL = "pip install --force-reinstall 'longtake[media]'"


def look_at_codecs() -> Iterator[Finding]:
    """Writes H.264 and AAC as clips are written, reads them back, and asks for the decoders that footage needs."""
    if not _installed():
        yield skipped("codecs", "the extra media is not installed")
        return
    import av
    import cv2

    missing = []
    for name in DECODERS:
        try:
            av.Codec(name, "r")
        except av.codec.codec.UnknownCodecError:
            missing.append(name)
    frames, samples = read_film(draw_film())
    if (frames, samples > 0) != (FRAMES, True):
        yield bad("codecs", f"of {FRAMES} frames with sound, {frames} and {samples} samples came back", INSTALL)
    elif missing:
        yield warn("codecs", f"no decoder for {', '.join(missing)}", f"{INSTALL}, whose wheels have all of them")
    else:
        yield good("codecs", f"H.264 and AAC written and read, {len(DECODERS)} decoders, OpenCV {cv2.__version__}")


def look_at_worker() -> Iterator[Finding]:
    """Sends a drawn film through a guarded worker: what a pod forbids (processes, memory, files) shows here."""
    if not _installed():
        yield skipped("video worker", "the extra media is not installed")
        return
    if scratch_room()[0] is None:
        yield skipped("video worker", "needs a scratch folder")
        return
    from longtake.video.config import Limits
    from longtake.video.guard import Guard, Span, VideoFault
    from longtake.video.process import WorkerStartError

    with tempfile.TemporaryDirectory(prefix="longtake-doctor-") as folder, Guard(Limits(wall_s=60)) as guard:
        path = Path(folder, "film.mp4")
        path.write_bytes(draw_film())
        try:
            codec = guard.probe(path).codec
            frames = sum(len(batch.times_s) for batch in guard.frames(path, width=WIDTH, height=HEIGHT))
            (cut,) = guard.cut(path, [Span(name="clip", start_frame=0, end_frame=frames)], Path(folder))
        except (VideoFault, WorkerStartError, PermissionError) as error:
            words = " ".join(str(error).split())
            yield bad(
                "video worker",
                f"a drawn film did not pass: {words}",
                "let the container start processes, use memfd_create and give each worker 4 GiB of addresses, as seccomp "
                "RuntimeDefault without an address limit (ulimit -v) does",
            )
            return
    yield good("video worker", f"decoded and cut {cut.frames} frames of {codec}, shared memory included")


def draw_film() -> bytes:
    """A second of moving grey in MP4, H.264 and AAC."""
    import av
    import numpy as np

    file = io.BytesIO()
    ramp_HWC = np.broadcast_to(np.arange(WIDTH, dtype=np.uint8)[None, :, None], (HEIGHT, WIDTH, 3))
    with av.open(file, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for frame in range(FRAMES):
            picture_HWC = np.roll(ramp_HWC, 4 * frame, axis=1)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture_HWC, format="rgb24")))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, RATE_HZ), np.float32), format="fltp", layout="mono")
        sound.sample_rate = RATE_HZ
        container.mux([*audio.encode(sound), *audio.encode(None), *video.encode(None)])
    return file.getvalue()


def read_film(film: bytes) -> tuple[int, int]:
    """How many frames and samples of sound decode."""
    import av

    frames = samples = 0
    with av.open(io.BytesIO(film)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames += 1
            else:
                samples += frame.samples
    return frames, samples


def _installed() -> bool:
    return all(find_spec(name) for name in ("av", "numpy", "cv2"))

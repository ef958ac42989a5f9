"""What the guard costs: decoding and scaling one film through a guarded worker against doing it in this process.

`python -m benchmarks.guard [FILM]` draws a 720p film of 30 seconds if none is given. Both ways decode with one thread
and scale to 256x256 BGR by area; rounds alternate, and what is compared is their median. The target is a ratio of at
most 1.10 in processor time, both processes counted, the worker's start apart. Linux only: it reads /proc.
"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from longtake.video.guard import Guard

SIDE = 256
FPS = 25
TARGET_RATIO = 1.10


def draw_film(path: Path, seconds: int = 30) -> None:
    """A film of 1280x720 in H.264: a texture with a sliding window on it, and a second one that slides over the first."""
    rng = np.random.default_rng(0)
    far, near = (
        np.kron(rng.integers(30, 120, (1440 // k, 2560 // k, 3), np.uint8), np.ones((k, k, 1), np.uint8))
        for k in (16, 80)
    )
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for k in range(seconds * FPS):
            y, x = k % 720, 2 * k % 1280
            frame = av.VideoFrame.from_ndarray(
                far[y : y + 720, x : x + 1280] + near[-720:, -1280 - x : 2560 - x], "rgb24"
            )
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def decode_here(path: Path) -> int:
    """Frames of the film, each decoded and scaled in this process."""
    frames = 0
    batch_NHWC = np.empty((21, SIDE, SIDE, 3), np.uint8)
    reformatter = VideoReformatter()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            scaled = reformatter.reformat(frame, SIDE, SIDE, "bgr24", interpolation=Interpolation.AREA, threads=1)
            batch_NHWC[frames % len(batch_NHWC)] = scaled.to_ndarray()
            frames += 1
    return frames


def decode_guarded(guard: Guard, path: Path) -> int:
    """The same through the guard's worker."""
    return sum(len(batch.times_s) for batch in guard.frames(path, width=SIDE, height=SIDE))


def cpu_s(worker_pid: int | None) -> float:
    """Processor seconds of this process, and of the worker."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    worker_s = 0.0
    if worker_pid is not None:
        fields = Path(f"/proc/{worker_pid}/stat").read_text().rsplit(")", 1)[1].split()
        worker_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return usage.ru_utime + usage.ru_stime + worker_s


def clock(work: Callable[[], int], worker_pid: int | None) -> tuple[float, float, int]:
    """Processor seconds, wall seconds and frames of one run."""
    cpu, wall = cpu_s(worker_pid), time.perf_counter()
    frames = work()
    return cpu_s(worker_pid) - cpu, time.perf_counter() - wall, frames


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("film", nargs="?", type=Path, help="a film of your own")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Guard() as guard:
        film = given.film or Path(folder, "drawn.mp4")
        if given.film is None:
            draw_film(film)
        started = time.perf_counter()
        probe = guard.probe(film)
        start_s = time.perf_counter() - started
        start_cpu_s = cpu_s(guard.worker_pid) - cpu_s(None)
        here, guarded = [], []
        for _ in range(given.rounds):
            here.append(clock(lambda: decode_here(film), None))
            guarded.append(clock(lambda: decode_guarded(guard, film), guard.worker_pid))
    assert {frames for *_, frames in here} == {frames for *_, frames in guarded}
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {date.today().isoformat()}")
    print(f"{probe.width}x{probe.height} {probe.codec}, {here[0][2]} frames, {given.rounds} rounds, one thread\n")
    print("| way | CPU s | wall s | CPU ms a frame |\n| --- | --- | --- | --- |")
    for name, runs in (("in this process", here), ("through the guard", guarded)):
        cpu, wall = (statistics.median(run[k] for run in runs) for k in (0, 1))
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {1000 * cpu / runs[0][2]:.2f} |")
    for k, name in enumerate(("CPU", "wall")):
        ratios = sorted(ours[k] / theirs[k] for ours, theirs in zip(guarded, here, strict=True))
        print(f"\n{name} ratio: median {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})", end="")
    print(f" (target {TARGET_RATIO:.2f})\nstart of a worker, with one probe: {start_cpu_s:.2f} s CPU, {start_s:.2f} s")


if __name__ == "__main__":
    main()

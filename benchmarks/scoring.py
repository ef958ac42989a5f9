"""What scoring a clip costs: each part against plain decoding of the same clip, and whether memory stays flat.

`python -m benchmarks.scoring [CLIP]` takes 10 s of `bigbuckbunny` (1280x720, real frames, there and back) from a wheel
if none is given. Processor time of this process and of the decoding worker, one thread, interleaved rounds; the targets
are at most 2.0 for all metrics but text and at most 3.0 with VTSS by the network `small`, decoding included. Linux only: it reads /proc.
"""

import argparse
import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.guard import cpu_s
from benchmarks.measure import machine, median, print_table
from longtake.demo.footage import get_footage
from longtake.records import METRICS
from longtake.scoring import picture
from longtake.scoring.architecture import Architecture
from longtake.scoring.camera import camera_moves
from longtake.scoring.config import Sampling, ScoringConfig, Suitability
from longtake.scoring.detail import blockiness, clarity, cut_patches, noise
from longtake.scoring.fingerprint import fingerprint
from longtake.scoring.flow import flows, picture_of
from longtake.scoring.inputs import Inputs, collect_inputs, plan_inputs
from longtake.scoring.motion import measure_motion
from longtake.scoring.samples import Samples
from longtake.scoring.sampling import collect, plan_bursts, plan_views
from longtake.scoring.suitability import SHIPPED
from longtake.scoring.text import TextDetector
from longtake.scoring.vtss import VtssPredictor
from longtake.stages.visiting import plain_file
from longtake.stages.workers import LookerOrder
from longtake.video.config import Limits
from longtake.video.guard import Guard

FPS, SECONDS = 25, 10
TARGET_RATIO, TARGET_WITH_VTSS = 2.0, 3.0
LOOKS = (5, 50, 200)


def make_clip(source: Path, path: Path) -> None:
    """10 s of the source's frames, there and back again, x264 CRF 18."""
    with av.open(str(source)) as file:
        frames = [frame.to_ndarray(format="yuv420p") for frame in file.decode(video=0)]
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "18"})
        stream.height, stream.width, stream.pix_fmt = frames[0].shape[0] * 2 // 3, frames[0].shape[1], "yuv420p"
        for k in range(SECONDS * FPS):
            frame = av.VideoFrame.from_ndarray(frames[order[k % len(order)]], "yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def decode(path: Path) -> int:
    """Frames of the clip, decoded by one thread and thrown away."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        return sum(1 for _ in container.decode(video=0))


def look(guard: Guard, path: Path, network: Architecture | None = None) -> tuple[Samples, Inputs | None]:
    """As `measure_clip` does before it measures, and what the network sees."""
    probe, sampling = guard.probe(path), Sampling()
    looks = plan_inputs(probe.duration_s, probe.fps, network, seed=0) if network else {}
    glimpse = guard.glimpse(path, plan_views(probe.duration_s, probe.fps, sampling) | looks)
    samples = collect(glimpse, plan_bursts(probe.duration_s, probe.fps, sampling))
    inputs = collect_inputs(glimpse, looks, network, dict.fromkeys(METRICS, 0.0)) if network else None
    return samples, inputs


def ways_of(samples: Samples, detector: TextDetector) -> dict[str, Callable[[], object]]:
    """The parts that work on samples. Indented ones, parts of the one above, share some work: they overlap."""
    lumas = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in samples.frames_NHW3]
    starts = [0, *(np.flatnonzero(np.diff(samples.burst_N)) + 1).tolist(), len(lumas)]
    bursts = [lumas[start:end] for start, end in pairwise(starts)]
    flows_of_bursts = [flows([picture_of(luma) for luma in burst]) for burst in bursts]
    lumas_NHW = np.stack(lumas)
    patches_PSS = cut_patches(samples.details_NHW3)
    noise_levels = noise(patches_PSS)
    return {
        "motion metrics": lambda: measure_motion(samples),
        "– flow: all of them but still_share, flicker": lambda: [
            flows([picture_of(luma) for luma in burst]) for burst in bursts
        ],
        "– camera: camera_motion, camera_shake": lambda: [camera_moves(found) for found in flows_of_bursts],
        "picture metrics": lambda: picture.measure_picture(samples),
        "– cutting patches": lambda: cut_patches(samples.details_NHW3),
        "– clarity": lambda: clarity(patches_PSS, noise_levels),
        "– noise": lambda: noise(patches_PSS),
        "– blockiness": lambda: blockiness(patches_PSS),
        "– brightness, contrast": lambda: [cv2.meanStdDev(luma) for luma in lumas],
        "– colourfulness": lambda: picture.colourfulness(samples.frames_NHW3),
        "– clipped_share": lambda: ((lumas_NHW <= picture.CRUSHED) | (lumas_NHW >= picture.BLOWN)).mean(),
        "– border_share": lambda: picture.find_picture(lumas_NHW),
        "fingerprint": lambda: fingerprint(samples),
        "text_share": lambda: detector.share(samples.texts_NHW3),
    }


def cost_s(work: Callable[[], object], pid: int | None) -> float:
    before = cpu_s(pid)
    work()
    return cpu_s(pid) - before


def print_costs(clip: Path, weights: Path, rounds: int) -> None:
    detector, predictor = TextDetector(), VtssPredictor(weights, "cpu")
    with Guard() as guard:
        samples, inputs = look(guard, clip, predictor.architecture)
        assert inputs, "a network was named"
        ways: dict[str, Callable[[], object]] = {
            "plain decoding, in this process": lambda: decode(clip),
            "decoding and scaling, in the worker": lambda: look(guard, clip),
            "the same with what the network sees": lambda: look(guard, clip, predictor.architecture),
            "VTSS and its reason": lambda: predictor.predict([inputs]),
        } | ways_of(samples, detector)
        runs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, work in ways.items():
                runs[name].append(cost_s(work, guard.worker_pid))
    plain, looking, seeing, judging = list(runs)[:4]
    parts = ["motion metrics", "picture metrics", "fingerprint"]
    runs["all but text"] = [sum(runs[name][k] for name in (looking, *parts)) for k in range(rounds)]
    runs["all but text, and VTSS"] = [sum(runs[name][k] for name in (seeing, judging, *parts)) for k in range(rounds)]
    runs["all"] = [
        costs + texts for costs, texts in zip(runs["all but text, and VTSS"], runs["text_share"], strict=True)
    ]
    share = median(runs["all but text"])
    rows = []
    for name, costs in runs.items():
        ratios = sorted(ours / theirs for ours, theirs in zip(costs, runs[plain], strict=True))
        of_all = (
            ""
            if name in (plain, seeing, judging, "all", "all but text, and VTSS", "text_share")
            else f"{100 * median(costs) / share:.1f}"
        )
        rows.append((name, median(costs), median(ratios), f"{ratios[0]:.3g} to {ratios[-1]:.3g}", of_all))
    print(f"{decode(clip)} frames, {rounds} rounds, one thread")
    print(f"asked for: all but text at most {TARGET_RATIO}, with VTSS {TARGET_WITH_VTSS}\n")
    print_table(("part", "CPU s", "of plain decoding", "range", "share of all but text, %"), rows)


def watch_memory(
    clip: Path, text: bool, weights: Path | None, answers: "multiprocessing.SimpleQueue[tuple[int, float, float]]"
) -> None:
    """In a process of its own: how many looks, its peak and the worker's, MB, at each of `LOOKS`."""
    suitability = Suitability(weights=str(weights)) if weights else None
    looker = LookerOrder(ScoringConfig(text=text, suitability=suitability), Limits(), plain_file)()
    done = 0
    for count in LOOKS:
        for _ in range(count - done):
            (found,) = looker([clip])
            assert found.reason is None, found
        done = count
        answers.put((count, _peak_mb("self"), _peak_mb(str(looker._guard.worker_pid))))
    looker.close()


def print_memory(clip: Path, weights: Path) -> None:
    rows: list[Sequence[object]] = []
    context = multiprocessing.get_context("spawn")
    for label, text, network in (("metrics", False, None), ("and text", True, None), ("and VTSS", False, weights)):
        answers = context.SimpleQueue()
        began = time.monotonic()
        process = context.Process(target=watch_memory, args=(clip, text, network, answers))
        process.start()
        for _ in LOOKS:
            rows.append((label, *answers.get(), f"{time.monotonic() - began:.0f}"))
        process.join()
    print_table(("measured", "clips scored", "peak RSS, MB", "of the decoding worker, MB", "after s"), rows)


def _peak_mb(pid: str) -> float:
    kib = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert kib, "the process is there"
    return int(kib[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="a clip of your own")
    parser.add_argument("--footage", type=Path, help="where the wheel's clips are kept")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="score the clip 200 times, thrice, and watch the memory")
    given = parser.parse_args()
    cv2.setNumThreads(1)  # as a worker does
    with tempfile.TemporaryDirectory() as folder:
        clip = given.clip or Path(folder, "clip.mp4")
        if given.clip is None:
            make_clip(get_footage(given.footage or Path(folder))["bigbuckbunny"], clip)
        print(machine())
        print_costs(clip, SHIPPED, given.rounds)
        if given.memory:
            print_memory(clip, SHIPPED)


if __name__ == "__main__":
    main()

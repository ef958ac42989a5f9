"""What films of 24 seconds in three scenes keep, and what the last frame does for their seams.

`python -m benchmarks.owl_scenes [--out FOLDER]`. Twelve segments of two seconds, by the script's texts: four in a place, four in another,
four in the first again. Kept is what the last segment has of the first picture. A seam is the step in grey levels from one segment's last
frame to the next one's first new frame, within scenes; the step within segments stands beside it. A training that is killed goes on.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice, pairwise

import numpy as np

from benchmarks.measure import median
from benchmarks.owl_models import HELD_OUT, VARIANTS, WORLD, films_of, learn, measure_seeds
from longtake.owl.shapes.judging import judge
from longtake.owl.shapes.script import Shot
from longtake.owl.shapes.world import Shown, draw_story
from longtake.owl.story import Frames
from longtake.owl.world_model import WorldModel

THREE_SCENES = replace(WORLD, clips=12, gap=5, cuts=1.0)
CUTS = [4, 8]
FILMS = 32
KEPT = ("colour", "texture", "ground")
MEASURED = (*KEPT, "seam", "step within")
ROWS = {
    "captions": ("captions", False),
    "last frame + text": ("last frame + text", False),
    "state, none at cuts": ("state, none at cuts", False),
    "state, no last frame at all": ("state, none at cuts", True),
}
"""The variant whose model it is, and whether every segment is made without the one before."""


def stories(films: int) -> Iterator[Shown]:
    """Those of three scenes of four segments, whose object is seen in the first and the last."""
    drawn = (draw_story(number, THREE_SCENES) for number in count(HELD_OUT))
    return islice((shown for shown in drawn if _fits(shown.shots)), films)


def _fits(shots: Sequence[Shot]) -> bool:
    return [k for k, shot in enumerate(shots) if shot.cut] == CUTS and shots[-1].event.verb in ("rests", "moves")


def judge_model(name: str, model: WorldModel, alone: bool, films: int) -> dict[str, float]:
    """Shares of films that keep each thing; medians of steps, in levels of 0 to 255."""
    kept: dict[str, list[bool]] = {what: [] for what in KEPT}
    seams, within = [], []
    for shown in stories(films):
        clips = [replace(clip, new_scene=k > 0) if alone else clip for k, clip in enumerate(shown.story.clips)]
        made, _ = films_of(model, VARIANTS[name], replace(shown, story=replace(shown.story, clips=clips)))
        first, seen = shown.shots[0], judge(made[-1], THREE_SCENES)
        assert first.thing
        true = (first.thing.colour, first.place.texture, first.place.ground)
        for what, expected in zip(KEPT, true, strict=True):
            kept[what].append(getattr(seen, what) == expected)
        seams += [_step(made[k - 1][-1], made[k][0]) for k in range(1, len(made)) if k not in CUTS]
        within += [_step(one, other) for film in made for one, other in pairwise(film)]
    shares = {what: sum(right) / len(right) for what, right in kept.items()}
    return shares | {"seam": median(seams), "step within": median(within)}


def _step(one_HW3: Frames, other_HW3: Frames) -> float:
    return float(np.abs(one_HW3.astype(int) - other_HW3).mean())


def rows_of(seed: int, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    return {
        row: judge_model(name, learn(name, seed, given.steps, given.out), alone, given.films)
        for row, (name, alone) in ROWS.items()
    }


if __name__ == "__main__":
    measure_seeds(__doc__ or "", MEASURED, rows_of, FILMS)

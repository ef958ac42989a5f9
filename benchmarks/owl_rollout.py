"""What the loop itself costs: time and memory of each segment of a long film, and what keeping keys and values saves.

`python -m benchmarks.owl_rollout [--segments 64] [--recompute 24]`. Weights are drawn, not trained: a film of noise takes as long. Seconds
inside the film decoder's sampler and the language model are taken by clocks around their calls; the rest is ours. Then the small world
model that comes with longtake films as many segments by a script: whether seams are seen within scenes, and the same film comes again.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from benchmarks.measure import machine, median, print_table
from longtake.demo.world import SHIPPED
from longtake.dit.config import DiTConfig
from longtake.dit.sampling_config import SamplingConfig
from longtake.evaluation.config import EncoderConfig
from longtake.evaluation.drift import DriftMeter, summarise
from longtake.evaluation.opening import open_encoder
from longtake.evaluation.segment_drift import SegmentDrift
from longtake.latents.config import LinearConfig
from longtake.latents.linear import fit_linear
from longtake.owl.config import ContextConfig, DynamicsConfig, LMMConfig, OwlConfig, SmallConfig, StateConfig
from longtake.owl.film import DiTFilm
from longtake.owl.loop import Script, Segment, roll_out, rollout
from longtake.owl.opening import open_lmm
from longtake.owl.owl import Owl
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.things import WORDS
from longtake.owl.shapes.world import draw_story
from longtake.owl.trained_world import load_world
from longtake.owl.words import OwnWords
from longtake.owl.world_model import WorldModel

WORLD = ShapesConfig(height_px=64, width_px=64)
OWL = OwlConfig(
    lmm=LMMConfig(small=SmallConfig(width=256, depth=6, heads=8, hidden=704), frame_px=64, patch_px=16),
    state=StateConfig(queries=32), dynamics=DynamicsConfig(tokens=16), context=ContextConfig(triplets=8, slack=8),
)  # fmt: skip
FILM = DiTConfig(depth=4, width_per_layer=64, text_width=256, conditions=())
SAMPLING = SamplingConfig(steps=20, text_guidance=1.0)


SHAPES_SAMPLING = SamplingConfig(steps=12, text_guidance=1.0)
HELD_OUT = 1_000_000


class Clock:
    """Seconds inside of calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


@contextmanager
def clocks(owl: Owl, film: DiTFilm) -> Iterator[tuple[Clock, Clock]]:
    """Around the language model's layers and the film decoder's sampler."""
    read, filmed = Clock(), Clock()
    own = owl.lmm.forward
    owl.lmm.forward = read.around(own)  # type: ignore[method-assign]
    film.sample = filmed.around(film.sample)  # type: ignore[method-assign]
    try:
        yield read, filmed
    finally:
        owl.lmm.forward = own  # type: ignore[method-assign]
        del film.sample


def world() -> tuple[Owl, DiTFilm]:
    told = (
        torch.from_numpy(clip.frames_NHW3)[None] for seed in range(20) for clip in draw_story(seed, WORLD).story.clips
    )
    film = DiTFilm.fresh(
        FILM, fit_linear(told, LinearConfig()), frames=WORLD.frames, fps=WORLD.fps, size_px=WORLD.size_px
    )
    with torch.no_grad():
        for weight in film.parameters():  # zero weights would make films of grey
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)), alpha=0.02)
    return Owl(OWL, open_lmm(OWL.lmm, OwnWords.of(WORDS)), FILM.text_width).eval(), film


def go(owl: Owl, film: DiTFilm, segments: int, *, cached: bool = True) -> Iterator[tuple[Segment, float]]:
    """Each segment with its seconds."""
    story = draw_story(0, WORLD).story
    script = Script(image_HW3=story.image_HW3, prompt=story.text, segments=segments)
    began = time.perf_counter()
    for made in roll_out(owl, film, [script], SAMPLING, cached=cached):
        yield made[0], time.perf_counter() - began
        began = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=64)
    parser.add_argument("--recompute", type=int, default=24)
    given = parser.parse_args()
    torch.set_num_threads(1)
    owl, film = world()
    print(machine())
    rows, inside, whole = [], 0.0, 0.0
    with clocks(owl, film) as (read, filmed):
        for segment, seconds in go(owl, film, given.segments):
            assert np.isfinite(segment.state_QD.numpy()).all()
            whole += seconds
            if (segment.index + 1) % 8 == 0:
                lmm, decoder = read.seconds - inside, filmed.seconds
                rows.append(
                    (
                        segment.index + 1,
                        whole / 8,
                        decoder / 8,
                        lmm / 8,
                        100 * (whole - decoder - lmm) / whole,
                        _peak_mb(),
                    )
                )
                inside, whole, filmed.seconds = read.seconds, 0.0, 0.0
    print_table(("segments", "s each", "film decoder, s", "language model, s", "ours, %", "peak RSS, MB"), rows)
    compare_recompute(owl, film, given.recompute)
    film_by_trained_weights(given.segments)


def compare_recompute(owl: Owl, film: DiTFilm, segments: int) -> None:
    """With kept keys and values, and without."""
    all_seen = replace(OWL, context=ContextConfig(triplets=segments))
    owl.config = all_seen
    spent = {}
    for cached in (True, False):
        with clocks(owl, film) as (read, _):
            films = [segment.frames_NHW3 for segment, _ in go(owl, film, segments, cached=cached)]
        spent[cached] = read.seconds, films
    apart = median(
        [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(spent[True][1], spent[False][1], strict=True)]
    )
    ratio = spent[False][0] / spent[True][0]
    print(
        f"{segments} segments, all of them seen: language model {spent[True][0]:.2f} s with kept keys and values, "
        f"{spent[False][0]:.2f} s reading anew, {ratio:.1f} times as long; the films differ by {apart:.2g} levels in the median"
    )


def film_by_trained_weights(segments: int) -> None:
    """Seams, drift, whether it is the same film again, and what the last frame is worth at a seam."""
    trained = load_world(SHIPPED)
    world = ShapesConfig(clips=segments, gap=min(4, segments - 1), frames=trained.card.film.frames)
    story = draw_story(HELD_OUT, world).story
    cuts = frozenset(k for k, clip in enumerate(story.clips) if clip.new_scene)
    script = Script(
        image_HW3=story.image_HW3, prompt=story.text, segments=segments, cuts=cuts,
        dynamics={k: clip.text for k, clip in enumerate(story.clips[1:])},
    )  # fmt: skip
    rows, frames = _film(trained.model, script, cuts)
    again = _film(trained.model, script, cuts)[1]
    drift = summarise(rows)
    print(
        f"{segments} segments in {drift.scenes} scenes by trained weights: the same film again: {np.array_equal(frames, again)}; the step "
        f"over {drift.seams.count} seams within scenes is {drift.seams.pixel_ratio:.2f} times those about it in the median (worst "
        f"{drift.seams.worst_pixel_ratio:.2f}); motion {drift.flow_px:.2f} px a frame; the last segment is like the first by "
        f"{rows[-1].similarity_to_first:.3f}"
    )
    alone, _ = _film(trained.model, replace(script, cuts=frozenset(range(1, segments))), cuts)
    steps = [
        median([row.seam_pixel_levels or 0.0 for row in which[1:] if not row.scene_cut]) for which in (rows, alone)
    ]
    print(f"median step over a seam within a scene: {steps[0]:.2f} levels with the last frame, {steps[1]:.2f} without")


def _film(model: WorldModel, script: Script, cuts: frozenset[int]) -> tuple[list[SegmentDrift], np.ndarray]:
    """`cuts`: those that are to be seen; where the script cuts elsewhere, a seam is measured."""
    meter = DriftMeter(open_encoder(EncoderConfig()))
    rows, frames = [], []
    for segment in rollout(model.owl, model.film, script, SHAPES_SAMPLING):
        assert np.isfinite(segment.state_QD.numpy()).all()
        carried = not segment.new_scene
        rows.append(meter.add(segment.frames_NHW3, new_scene=segment.index in cuts, carries_seam=carried))
        frames.append(segment.new_frames_NHW3)
    return rows, np.concatenate(frames)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()

"""The demo's scaling laws: a sweep of half a minute on films that are drawn, which shows the way and not the laws."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from longtake.lake import Lake
from longtake.latents.config import EncodingConfig, LinearConfig, Size, TextConfig, Windows
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.world import draw_story
from longtake.records import digest
from longtake.stages import scaling_fit, scaling_sweep
from longtake.stages.window_samples import write_windows

FAMILY, MADE_BY = "shapes", "longtake.demo 1"
STORIES = 120
"""A thousand windows: more than the longest run sees."""
WORLD = ShapesConfig()
ENCODING = EncodingConfig(
    windows=Windows(sizes=(Size(frames=WORLD.frames, height=WORLD.height_px, width=WORLD.width_px),), fps=WORLD.fps),
    linear=LinearConfig(channels=16), text=TextConfig(encoder="none"),
)  # fmt: skip
SWEEP = {"preset": "demo"}


def find_laws(lake: Lake, console: Console, run: str) -> None:
    """Draws, trains and fits what is not there yet, and says what it came to."""
    if not any(lake.objects.walk(f"samples/{FAMILY}-")):
        sources = {digest(FAMILY, number): partial(_draw, number) for number in range(STORIES)}
        write_windows(lake, sources, ENCODING, family=FAMILY, made_by=MADE_BY, share=0.15)
    given: dict[str, Any] = {"data_root": lake.data_root, "samples": FAMILY, "config": SWEEP, "run": run}
    swept = scaling_sweep.follow(**given)
    found = scaling_fit.run(**given)
    new = sum(swept.items.values())
    trained = f"{new} of them just trained" if new else "all of them there already"
    console.print(f"    {found.runs} losses by size, tokens, batch and learning rate, {trained}")
    if found.laws:
        console.print(
            f"    The best size grows as C^{found.size_exponent:.2f} here; half a minute shows the way, not the laws"
        )
        console.print(f"    longtake advise --flops 1e11 --laws {found.laws}", markup=False)
    else:
        console.print(f"    No laws: {found.why}", markup=False)


def _draw(number: int) -> list[NDArray[np.uint8]]:
    return [clip.frames_NHW3 for clip in draw_story(number, WORLD).story.clips]

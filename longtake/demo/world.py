"""The demo's long film: 24 seconds in three scenes, by a small world model of moving shapes, and what it remembers in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from longtake.dit.films import encode_png
from longtake.lake import Lake
from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.drawing import draw_frames
from longtake.owl.shapes.judging import judge
from longtake.owl.shapes.things import Place, Thing
from longtake.records import Segment
from longtake.stages import generating
from longtake.video.joining import read_film

SHIPPED = Path(__file__).parent / "weights" / "shapes.safetensors"
"""Trained by `python -m benchmarks.owl_memory --save`; `benchmarks/README.md` has its score on stories that are held out."""
PROMPT = "a square rests"
PLACE, THING = Place("checks", "slate"), Thing("square", "yellow")
DYNAMICS = (
    "the square moves right@0", "the square moves down@1", "the square rests@2", "cut to another place with a disc@3",
    "the disc rests@4", "the disc moves right@5", "the disc rests@6", "cut back to the first place@7", "the square rests@8",
    "the square leaves to the left@9", "the square returns from the top@10",
)  # fmt: skip
"""No word of a colour, a texture or a ground."""
AWAY, BACK = 4, 8
"""Segments that the two cuts of a film of 24 s are before."""
CONFIG: Mapping[str, Any] = {
    "script": {"film": "24s", "dynamics": list(DYNAMICS)}, "sampling": {"steps": 12},
}  # fmt: skip


def film_shapes(lake: Lake, console: Console, run: str, folder: Path) -> dict[str, Any]:
    """Makes the film, if it is not there, and says what came of it; its record."""
    folder.mkdir(parents=True, exist_ok=True)
    first = folder / "first.png"
    first.write_bytes(first_png())
    made = generating.run(
        data_root=lake.data_root, model=str(SHIPPED), prompt=PROMPT, image=str(first), config=CONFIG, run=run
    )
    film = made.films[0]
    rows = {row.index: row for row in lake.tables.read(Segment, rollout_id=film["rollout_id"])}
    before, after = (_look(lake, rows[number], folder) for number in (0, BACK))
    console.print(
        f"    {film['segments']} segments, {film['scenes']} scenes, {film['seconds']:.0f} s, from one picture. It begins with {before}"
    )
    console.print(
        f"    Cut away for {BACK - AWAY} segments and cut back to by the state alone: {after}. No text names either"
    )
    lake.objects.fetch(f"rollouts/{film['rollout_id']}/film.mp4", folder / "film.mp4")
    console.print(f"    {(folder / 'film.mp4').absolute().as_uri()}", markup=False)
    return film


def first_png() -> bytes:
    """The picture that the film begins with."""
    return encode_png(draw_frames(PLACE, THING, np.array([[16.0, 12.0]]), ShapesConfig().size_px)[0])


def again(command: str, folder: Path) -> str:
    """How another film is made by the same weights and picture."""
    return (
        f"{command} generate --model {SHIPPED} --image {folder / 'first.png'} --prompt '{PROMPT}' --segments 2 "
        f"--dynamics 'the square leaves to the right@0'"
    )


def _look(lake: Lake, row: Segment, folder: Path) -> str:
    """What the judge of the drawn world sees in a segment."""
    path = folder / f"{row.index:02}.mp4"
    lake.objects.fetch(row.clip_uri, path)
    seen = judge(read_film(path), ShapesConfig())
    thing = f"a {seen.colour or 'colourless'} object" if seen.present_N.any() else "no object"
    return f"{thing} over {seen.ground} {seen.texture or 'noise'}"

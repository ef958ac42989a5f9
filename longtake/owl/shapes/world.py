"""Stories of moving shapes: `draw_story` gives a film with its texts, and the script that says what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.drawing import draw_frames, path_points
from longtake.owl.shapes.script import Shot, draw_script
from longtake.owl.shapes.things import describe, tell
from longtake.owl.story import Clip, Story


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A story and what it shows."""

    story: Story
    shots: Sequence[Shot]
    """One a clip."""


def draw_story(seed: int, config: ShapesConfig) -> Shown:
    """The story of this number; the same seed and config, the same bytes.

    The prompt tells of the first clip in the words of all texts, so no text of the story names a colour, a texture or a ground.
    A ground or a texture differs between the first place and the others, so that who sees only another place guesses the first's
    texture in one of five cases, its ground in one of three; who does not know a colour guesses it in one of seven.
    """
    shots = draw_script(np.random.default_rng(seed), config)
    clips = [
        Clip(
            frames_NHW3=_draw_clip(shot, config), text=shot.text, new_scene=shot.cut,
            caption=describe(shot.place, shot.thing, shot.event),
        )
        for shot in shots
    ]  # fmt: skip
    first = shots[0]
    prompt = tell(first.event, first.thing.shape if first.thing else None, "a")
    story = Story(story_id=f"shapes-{seed}", image_HW3=clips[0].frames_NHW3[0], text=prompt, clips=clips)
    return Shown(story=story, shots=shots)


def _draw_clip(shot: Shot, config: ShapesConfig) -> np.ndarray:
    start, end = shot.path or ((0.0, 0.0), (0.0, 0.0))
    return draw_frames(shot.place, shot.thing, path_points(start, end, config.frames), config.size_px)

"""From a plan and its video to a story: frames at the decoder's rate and size, each clip beginning with the last frame of the one before.

Legend: N frames, H, W pixels, 3 channels: blue, green, red; all frames are uint8.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from longtake.errors import UserError
from longtake.latents.config import Size
from longtake.latents.windows import _read_moments
from longtake.owl.annotations.plans import ClipPlan, StoryPlan, clip_seconds
from longtake.owl.story import Clip, Story
from longtake.video.guard import Guard


def read_story(
    plan: StoryPlan, path: str | Path, guard: Guard, *, frames: int, fps: float, size_px: tuple[int, int]
) -> Story:
    """The plan's video as a story; `size_px` is height and width, to which pictures are cut in their middle.

    Frame n of a clip is what is shown n / fps seconds after the clip begins, so the last one is the first of the next. Where the next
    clip does not go on (a cut, the story's end), the last frame is looked for within the clip.
    Raises VideoFault for a file that can't be read, `latents.faults.Unfit` for one that ends before the plan does, and UserError where
    the plan's clips are not as long as the decoder's.
    """
    check_length(plan, frames, fps)
    path = Path(path)
    probe = guard.probe(path)
    asked_s = [at for clip in mark_seams(plan.clips) for at in moments_s(*clip, frames, fps, probe.fps)]
    size = Size(frames=frames, height=size_px[0], width=size_px[1])
    shown_XHW3 = _read_moments(path, guard, asked_s, (probe.width, probe.height), size)
    clips: list[Clip] = []
    for number, clip in enumerate(plan.clips):
        frames_NHW3 = shown_XHW3[number * frames : (number + 1) * frames]
        if clips and not clip.new_scene:
            frames_NHW3[0] = clips[-1].frames_NHW3[-1]
        clips.append(
            Clip(frames_NHW3=frames_NHW3, text=clip.text, new_scene=clip.new_scene, conditions=clip.conditions)
        )
    return Story(story_id=plan.story_id, image_HW3=clips[0].frames_NHW3[0], text=plan.prompt, clips=clips)


def check_length(plan: StoryPlan, frames: int, fps: float) -> None:
    """Raises UserError unless a clip of the plan lasts as long as a clip of the decoder, to half a frame (F.2, 10)."""
    lasts_s, planned_s = clip_seconds(frames, fps), plan.clips[0].end_s - plan.clips[0].start_s
    if abs(lasts_s - planned_s) > 0.5 / fps:
        raise UserError(
            f"clips of story {plan.story_id} last {planned_s:g} s, but {frames} frames at {fps:g} a second go on for {lasts_s:g} s; "
            f"plan with Conversion(clip_s={lasts_s:g}), or give another rate"
        )


def mark_seams(clips: Sequence[ClipPlan]) -> list[tuple[float, float, bool]]:
    """start_s and end_s of each clip, and whether the next one goes on from its last frame."""
    following = [*clips[1:], None]
    return [
        (clip.start_s, clip.end_s, after is not None and not after.new_scene)
        for clip, after in zip(clips, following, strict=True)
    ]


def moments_s(start_s: float, end_s: float, goes_on: bool, frames: int, fps: float, source_fps: float) -> list[float]:
    """When a clip looks: in the middle of a frame of the source, so that rounding never chooses its neighbour; sorted."""
    middle_s = 0.5 / source_fps
    looks_s = start_s + np.arange(frames) / fps + middle_s
    latest_s = end_s + middle_s if goes_on else max(start_s, end_s - middle_s)
    return [float(at_s) for at_s in np.minimum(looks_s, latest_s)]

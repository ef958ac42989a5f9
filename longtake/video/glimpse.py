"""A few frames of a file, seen in one pass over all of it.

Legend: N frames of a view, H, W rows and columns of a picture, 3 its channels: blue, green, red.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from longtake.errors import UserError
from longtake.video.records import Fit, GlimpseAnswer, View, ViewAnswer

VIEWS_BYTES = 256 << 20
"""All frames of all views of one glimpse, each as large as it may come; a worker keeps that memory until it ends."""
MOMENTS = 16_384
"""Moments of all views together: the answer must fit into one message."""
SMALLEST_PX, LARGEST_PX = 16, 4096
"""Longer side of a scaled frame, or side of a mosaic of patches."""
BLOCK_PX = 8
"""Patches are whole blocks of the codec's grid."""


@dataclass(frozen=True, eq=False)
class Seen:
    """The frames of one view, uint8 [N, H, W, 3]: its own memory."""

    frames_NHW3: np.ndarray
    times_s: np.ndarray
    """float64 [N], strictly increasing: when each is shown, from the first frame's presentation."""


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What was asked to be seen of one file, after all of it was decoded."""

    views: dict[str, Seen]
    frames: int
    """That decoded."""
    duration_s: float
    """From the first frame's presentation to the end of the last one's."""
    width: int
    """Of the first frame, pixels as displayed: after rotation, before any sample aspect ratio."""
    height: int


def view_bytes(views: Mapping[str, View]) -> list[int]:
    """Bytes that each view's frames take at most. Raises UserError for views that can't be."""
    for name, view in views.items():
        check_view(name, view)
    moments = [len(view.times_s) for view in views.values()]
    sizes = [count * 3 * longest_side(view) ** 2 for count, view in zip(moments, views.values(), strict=True)]
    if not (1 <= sum(moments) <= MOMENTS and sum(sizes) <= VIEWS_BYTES):
        raise UserError(
            f"{sum(moments)} moments and up to {sum(sizes)} bytes of frames are asked for; one glimpse takes 1 to {MOMENTS} "
            f"moments and {VIEWS_BYTES} bytes: ask for fewer or smaller frames, or in several glimpses"
        )
    return sizes


def check_view(name: str, view: View) -> None:
    """Raises UserError unless there are moments, in order, and the size is one that can be had."""
    if not view.times_s or any(later < earlier for earlier, later in pairwise(view.times_s)):
        raise UserError(f"the times_s of view {name!r} are {list(view.times_s)[:8]}; one or more, sorted, are needed")
    side = longest_side(view)
    if not SMALLEST_PX <= side <= LARGEST_PX:
        raise UserError(f"view {name!r} has a side of {side} pixels; {SMALLEST_PX} to {LARGEST_PX} are possible")
    if not isinstance(view, Fit) and (view.grid < 1 or view.patch_px < 1 or view.patch_px % BLOCK_PX):
        raise UserError(
            f"view {name!r} is {view.grid} x {view.grid} patches of {view.patch_px} pixels; 1 x 1 or more are possible, of "
            f"a multiple of {BLOCK_PX} pixels"
        )


def longest_side(view: View) -> int:
    """Pixels of the longer side of the view's frames at most."""
    return view.size_px if isinstance(view, Fit) else view.grid * view.patch_px


def read_glimpse(
    views: Mapping[str, View], answer: GlimpseAnswer, answers: Sequence[ViewAnswer], memories: Sequence[np.ndarray]
) -> Glimpse | None:
    """The frames that a worker has put into each view's memory, uint8 [bytes], copied; none if they are not what was
    asked for."""
    if len(answers) != len(views):
        return None
    seen: dict[str, Seen] = {}
    for (name, view), given, memory in zip(views.items(), answers, memories, strict=True):
        if not fits_view(view, given, answer):
            return None
        shape = (len(given.times_s), given.height, given.width, 3)
        frames_NHW3 = memory[: np.prod(shape)].reshape(shape).copy()
        seen[name] = Seen(frames_NHW3, np.array(given.times_s, np.float64))
    return Glimpse(seen, answer.frames, answer.duration_s, answer.width, answer.height)


def fits_view(view: View, given: ViewAnswer, answer: GlimpseAnswer) -> bool:
    """Whether size, number and times of the frames are possible for the view."""
    side = longest_side(view)
    right_size = (
        max(given.width, given.height) <= side if isinstance(view, Fit) else given.width == given.height == side
    )
    increasing = all(earlier < later for earlier, later in pairwise(given.times_s))
    few = len(given.times_s) <= min(len(view.times_s), answer.frames)
    return right_size and increasing and few and given.times_s[-1] <= answer.duration_s

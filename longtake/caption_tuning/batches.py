"""In which order a training sees its questions: seeded, mixed by a ratio, the same wherever it is taken up again. Pure arithmetic."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from longtake.caption_tuning.seeds import Kind


@dataclass(frozen=True)
class Plan:
    """The order of a whole training over `kinds`, one for each question."""

    kinds: Sequence[Kind]
    images_per_video: float | None
    """None: all there are of both."""
    step_size: int
    """Questions of one step; an epoch's last may have fewer."""
    epochs: int
    seed: int

    @property
    def epoch_sizes(self) -> tuple[int, int]:
        """Questions about videos and about images in an epoch. Where there is one kind alone, it is all of that."""
        videos = sum(kind == "video" for kind in self.kinds)
        images = len(self.kinds) - videos
        if self.images_per_video is None or not videos or not images:
            return videos, images
        return videos, round(self.images_per_video * videos)

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(sum(self.epoch_sizes) / self.step_size)

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    def steps_from(self, first: int) -> Iterator[list[int]]:
        """Places in `kinds` of the questions of each step from the `first` on, which counts from 0 over all epochs."""
        order: list[int] = []
        for number in range(first, self.steps):
            epoch, within = divmod(number, self.steps_per_epoch)
            if not within or not order:
                order = self.epoch(epoch)
            yield order[within * self.step_size : (within + 1) * self.step_size]

    def epoch(self, number: int) -> list[int]:
        """All questions about videos once, and as many about images as the ratio says, shuffled.

        Images go on in the next epoch where this one left off, so that all come before one comes again.
        """
        videos, images = self.epoch_sizes
        chosen: list[int] = []
        for stream, (kind, count) in enumerate((("video", videos), ("image", images))):
            members = [place for place, one in enumerate(self.kinds) if one == kind]
            chosen += _draw(members, number * count, count, [self.seed, stream])
        rng = np.random.default_rng([self.seed, 2, number])
        return [chosen[place] for place in rng.permutation(len(chosen))]


def _draw(members: Sequence[int], start: int, count: int, seed: Sequence[int]) -> list[int]:
    """`count` members from `start` on in an endless row of shuffled rounds, each of which holds all of them."""
    if not members or not count:
        return []
    first, last = start // len(members), (start + count - 1) // len(members)
    row = [
        members[place]
        for turn in range(first, last + 1)
        for place in np.random.default_rng([*seed, turn]).permutation(len(members))
    ]
    return row[start - first * len(members) :][:count]

"""The stories that a world model learns from, by their number: drawn, or read from films along plans."""

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import numpy as np

from longtake.config import dump_config, load_config
from longtake.ending import shield
from longtake.engine import cores
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged
from longtake.latents.conditions import Spread
from longtake.latents.faults import Unfit
from longtake.owl.annotations.footage import read_story
from longtake.owl.annotations.plans import StoryPlan
from longtake.owl.config import FilmConfig
from longtake.owl.shapes.config import ALGORITHM_VERSION, ShapesConfig
from longtake.owl.shapes.things import WORDS
from longtake.owl.shapes.world import draw_story
from longtake.owl.stories_config import StoriesConfig
from longtake.owl.story import Story
from longtake.owl.training import StoryBatch
from longtake.records import digest
from longtake.stages.owl_footage import VideoShelf
from longtake.stages.owl_plans import Planned, plan_stories
from longtake.stages.owl_training_config import OwlStageConfig
from longtake.video.faults import VideoFault
from longtake.video.guard import GuardPool

HELD_OUT = 1 << 40
"""The first number of a drawn story that is held out: no training comes so far."""
UNREADABLE = 20
"""Stories that can't be read, one after the other, before it is said that nothing can be."""

log = logging.getLogger(__name__)


class StorySource(Protocol):
    """Where stories come from."""

    name: str
    """What they are, for people."""
    identity: str
    """A digest: other stories have another one."""
    size: int | None
    """Stories on the train side; None: without end."""
    left_out: Mapping[str, int]

    def texts(self) -> Iterable[str]:
        """All texts of the train side, or all their words."""

    def statistics(self) -> Mapping[str, tuple[float, float]]:
        """Mean and deviation of each metric that clips of the train side have."""

    def open(self, config: OwlStageConfig, folder: Path) -> "OpenStories":
        """Ready to be read; `folder` is scratch space."""


class OpenStories(Protocol):
    """Stories by their numbers; a context manager."""

    def __enter__(self) -> "OpenStories": ...
    def __exit__(self, *_: object) -> None: ...

    def train(self, numbers: Sequence[int]) -> Sequence[Story]:
        """Those of the stream of the train side, which has no end."""

    def held_out(self, count: int) -> Sequence[Story]:
        """So many that nothing is learned from, or all there are: always the same ones."""


def open_source(
    lake: Lake, config: OwlStageConfig, film: FilmConfig, folder: Path, *, raw: str, captioning_config: Mapping[str, Any]
) -> StorySource:  # fmt: skip
    """What the config names, for clips of this film decoder. Raises UserError where there is no story."""
    if config.stories.source == "shapes":
        return DrawnSource(config.stories, film)
    found = plan_stories(lake, config.stories, film, folder, raw=raw, captioning_config=captioning_config)
    return PlannedSource(found, film)


class DrawnSource:
    """A world of moving shapes."""

    name = "shapes"
    size: int | None = None
    left_out: Mapping[str, int] = {}

    def __init__(self, stories: StoriesConfig, film: FilmConfig) -> None:
        """Raises UserError for clips of a size that can't be drawn."""
        size = {"height_px": film.height, "width_px": film.width, "frames": film.frames, "fps": film.fps}
        told = dump_config(stories.shapes) if stories.shapes else {}
        self.config = load_config(ShapesConfig, told | size, where="shapes of the film decoder's size")
        self.identity = digest("shapes", ALGORITHM_VERSION, dump_config(self.config))

    def texts(self) -> Iterable[str]:
        return [" ".join(WORDS)]

    def statistics(self) -> Mapping[str, tuple[float, float]]:
        return {}

    def open(self, config: OwlStageConfig, folder: Path) -> "DrawnStories":
        return DrawnStories(self.config)


class DrawnStories:
    """Drawn when they are asked for, by number."""

    def __init__(self, config: ShapesConfig) -> None:
        self._config = config

    def __enter__(self) -> "DrawnStories":
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""

    def train(self, numbers: Sequence[int]) -> Sequence[Story]:
        return [draw_story(number, self._config).story for number in numbers]

    def held_out(self, count: int) -> Sequence[Story]:
        return self.train(range(HELD_OUT, HELD_OUT + count))


class PlannedSource:
    """Films, and what is told of them."""

    def __init__(self, planned: Planned, film: FilmConfig) -> None:
        self.planned, self.name, self.left_out = planned, planned.name, planned.left_out
        self.size: int | None = len(planned.train)
        self._how: dict[str, Any] = {
            "frames": film.frames,
            "fps": film.fps,
            "size_px": (film.height, film.width),
        }
        plans = [[asdict(plan) for plan in side] for side in (planned.train, planned.held_out)]
        self.identity = digest(planned.name, plans, self._how)

    def texts(self) -> Iterable[str]:
        for plan in self.planned.train:
            yield plan.prompt
            yield from (clip.text for clip in plan.clips)

    def statistics(self) -> Mapping[str, tuple[float, float]]:
        spread = Spread()
        for plan in self.planned.train:
            for clip in plan.clips:
                spread.add(clip.conditions)
        return spread.statistics()

    def open(self, config: OwlStageConfig, folder: Path) -> "ReadStories":
        return ReadStories(self.planned, self._how, config, folder)


class ReadStories:
    """Read from films along their plans, over and over, each time in another order; one that can't be read gives way to the next."""

    def __init__(self, planned: Planned, how: Mapping[str, Any], config: OwlStageConfig, folder: Path) -> None:
        self._planned, self._how, self._seed = planned, how, config.training.seed
        self._shelf = VideoShelf(planned.footage, folder / "footage", config.work.cache_bytes)
        readers = config.work.readers or cores()
        self._open = ExitStack()
        self._guards = self._open.enter_context(GuardPool(readers, config.work.limits))
        self._readers = ThreadPoolExecutor(readers, "stories")
        self._open.callback(self._readers.shutdown, cancel_futures=True)
        self._order = lru_cache(maxsize=4)(self._draw_order)
        self.unread: dict[str, str] = {}
        """Why each story that can't be read can't, by its name."""

    def __enter__(self) -> "ReadStories":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def train(self, numbers: Sequence[int]) -> Sequence[Story]:
        return list(self._map(self._planned.train, numbers))

    def held_out(self, count: int) -> Sequence[Story]:
        plans = sorted(self._planned.held_out, key=lambda plan: digest(plan.story_id))
        found = [self._try(plan) for plan in plans[:count]]
        return [story for story in found if story is not None]

    def _map(self, plans: Sequence[StoryPlan], numbers: Sequence[int]) -> Iterator[Story]:
        with shield():
            futures = [self._readers.submit(self._read, plans, number) for number in numbers]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def _read(self, plans: Sequence[StoryPlan], number: int) -> Story:
        """The story of this number in the stream. Raises UserError where one after the other can't be read."""
        round_, place = divmod(number, len(plans))
        for further in range(UNREADABLE):
            plan = plans[self._order(round_)[(place + further) % len(plans)]]
            if (story := self._try(plan)) is not None:
                return story
        name, reason = next(reversed(self.unread.items()))
        raise UserError(
            f"{UNREADABLE} stories of {self._planned.name} in a row can't be read, the last one {name}: {reason}; "
            "look whether the videos lie where they are said to, whole and of the length that the annotations say"
        )

    def _try(self, plan: StoryPlan) -> Story | None:
        if plan.story_id in self.unread:
            return None
        try:
            with self._shelf.copy(plan.video) as path, self._guards.guard() as guard:
                return read_story(plan, path, guard, **self._how)
        except (VideoFault, Unfit, ObjectChanged) as error:
            reason = f"gone: {error}" if isinstance(error, ObjectChanged) else str(error)
            log.warning("a story can't be read", extra={"story": plan.story_id, "reason": reason})
            self.unread[plan.story_id] = reason
            return None

    def _draw_order(self, round_: int) -> Sequence[int]:
        """Of the train side in this round: a function of the seed."""
        return np.random.default_rng([self._seed, round_]).permutation(len(self._planned.train)).tolist()


@contextmanager
def read_ahead(batches: Iterator[StoryBatch], count: int) -> Iterator[Iterator[StoryBatch]]:
    """The same batches, of which a thread has so many ready; each says how long it was waited for."""
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting = deque[Future[StoryBatch]]()

        def taken() -> Generator[StoryBatch, None, None]:
            while True:
                while len(waiting) < count:
                    waiting.append(thread.submit(next, batches))
                began_s = monotonic()
                batch = waiting.popleft().result()
                yield replace(batch, waited_s=monotonic() - began_s)

        try:
            yield taken()
        finally:
            for future in waiting:
                future.cancel()

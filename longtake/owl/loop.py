"""The closed loop of state, film and dynamics (A.4): from a picture and a text to a film, segment by segment.

Legend: Q state queries, D their width, N frames of a segment, K key frames of one, H W pixels of 3 channels: blue, green, red.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.owl.context import Context
from longtake.owl.film import Film
from longtake.owl.owl import Owl
from longtake.owl.story import Frame, Frames, key_frames

FILM, WORDS = 0, 1
"""What a segment draws, each from a seed of its own."""

Verdict = Literal["go_on", "anchor", "stop"]
"""anchor: the next segment begins from the first picture again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Script:
    """What a film is to be."""

    image_HW3: Frame
    """I: what it begins with, of the film decoder's size."""
    prompt: str
    """t."""
    segments: int
    cuts: frozenset[int] = frozenset()
    """Segments that begin a new scene: nothing is given of the frame before (A.6)."""
    dynamics: Mapping[int, str] = field(default_factory=dict)
    """Texts instead of d_k, which is written behind segment k and steers the one after it (C.4)."""
    seed: int = 0
    conditions: Mapping[str, float] = field(default_factory=dict)
    """Metrics that it is to have, of those that the film decoder knows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """One turn of the loop."""

    index: int
    state_QD: Tensor
    """s_k."""
    frames_NHW3: Frames
    """o_k; the first repeats the last one before, but at a cut."""
    dynamics: str
    """d_k."""
    words: Sequence[int]
    """d_k as the language model has it."""
    given: bool
    """d_k is the script's."""
    new_scene: bool
    anchored: bool
    """It began from the first picture."""
    state_s: float
    film_s: float
    dynamics_s: float

    @property
    def new_frames_NHW3(self) -> Frames:
        """Without the one that repeats; the film begins with the picture."""
        return self.frames_NHW3 if self.new_scene or self.index == 0 else self.frames_NHW3[1:]


@dataclass(frozen=True, kw_only=True, eq=False)
class Filmed:
    """What is to be known of a segment to go on behind it."""

    keys_KHW3: Frames
    """Its key frames; the last of them is its last frame."""
    words: Sequence[int]
    verdict: Verdict = "go_on"
    """On it."""


def rollout(
    owl: Owl,
    film: Film,
    script: Script,
    sampling: SamplingConfig | None = None,
    *,
    filmed: Sequence[Filmed] = (),
    judge: Callable[[Segment], Verdict] = lambda _: "go_on",
) -> Iterator[Segment]:
    """The segments of one film, each as soon as it is there. `filmed`: those that are there already; the rest is what it would have been.

    Raises UserError for a script that can't be filmed.
    """
    for segments in roll_out(owl, film, [script], sampling, filmed=[filmed], judge=lambda _, made: judge(made)):
        yield from segments.values()


def roll_out(
    owl: Owl,
    film: Film,
    scripts: Sequence[Script],
    sampling: SamplingConfig | None = None,
    *,
    filmed: Sequence[Sequence[Filmed]] = (),
    judge: Callable[[int, Segment], Verdict] = lambda *_: "go_on",
    cached: bool = True,
) -> Iterator[dict[int, Segment]]:
    """Several films in step, which the language model reads together: the next segment of each that is not stopped, by its number."""
    filmed = filmed or [()] * len(scripts)
    begin, end = len(filmed[0]), scripts[0].segments
    if {script.segments for script in scripts} != {end} or {len(each) for each in filmed} != {begin}:
        raise UserError(
            "films that are made together have the same number of segments, and of those that are there; make them one by one"
        )
    takes = [_Take(film, script, before, sampling) for script, before in zip(scripts, filmed, strict=True)]
    context = Context(owl, _stack([script.image_HW3 for script in scripts]), [s.prompt for s in scripts], cached=cached)
    if begin:
        keys = _stack([np.stack([each.keys_KHW3 for each in before]) for before in filmed])
        given = [[index in script.dynamics for index in range(begin)] for script in scripts]
        context.recall(keys, [[each.words for each in before] for before in filmed], given)
    for index in range(begin, end):
        if all(take.verdict == "stop" for take in takes):
            return
        segments = _turn(owl, context, takes, index)
        yield segments
        for number, segment in segments.items():
            takes[number].verdict = judge(number, segment)


def _turn(owl: Owl, context: Context, takes: Sequence["_Take"], index: int) -> dict[int, Segment]:
    """State, film, dynamics (A.4)."""
    clock = _Clock(len(takes))
    states_BQD = context.state()
    state_s = clock.lap()
    shot: dict[int, tuple[_Shot, float]] = {}
    for number, take in enumerate(takes):
        if take.verdict != "stop":
            shot[number] = take.shoot(index, states_BQD[number]), clock.lap() * len(takes)
    context.observe(_stack([key_frames(take.seen_NHW3, owl.config.key_frames) for take in takes]))
    words = owl.lmm.words
    given = [take.script.dynamics.get(index) for take in takes]
    said = context.write(
        [None if text is None else words.encode(text)[: owl.config.dynamics.tokens] for text in given],
        [torch.Generator().manual_seed(draw_seed(take.script.seed, index, WORDS)) for take in takes],
    )
    dynamics_s = clock.lap()
    return {
        number: Segment(
            index=index, state_QD=states_BQD[number].float().cpu(), frames_NHW3=one.frames_NHW3,
            dynamics=words.decode(said[number]) if given[number] is None else str(given[number]), words=said[number],
            given=given[number] is not None, new_scene=one.new_scene, anchored=one.anchored,
            state_s=state_s, film_s=film_s, dynamics_s=dynamics_s,
        )
        for number, (one, film_s) in shot.items()
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Shot:
    frames_NHW3: Frames
    new_scene: bool
    anchored: bool


class _Take:
    """One of the films: what it has come to."""

    def __init__(
        self, film: Film, script: Script, filmed: Sequence[Filmed], sampling: SamplingConfig | None
    ) -> None:  # fmt: skip
        check_script(script, film)
        self._film, self.script, self._sampling = film, script, sampling or SamplingConfig()
        self.seen_NHW3 = filmed[-1].keys_KHW3 if filmed else script.image_HW3[None]
        """What was filmed last."""
        self.verdict: Verdict = filmed[-1].verdict if filmed else "go_on"

    def shoot(self, index: int, state_QD: Tensor) -> _Shot:
        script, anchored = self.script, self.verdict == "anchor"
        cut = index in script.cuts and not anchored
        first_HW3 = None if cut else script.image_HW3 if anchored else self.seen_NHW3[-1]
        frames_NHW3 = self._film.sample(
            state_QD, first_HW3=None if first_HW3 is None else torch.from_numpy(np.ascontiguousarray(first_HW3)),
            seed=draw_seed(script.seed, index, FILM), config=self._sampling, conditions=script.conditions,
        )  # fmt: skip
        self.seen_NHW3 = frames_NHW3.cpu().numpy()
        return _Shot(self.seen_NHW3, cut or anchored, anchored)


class _Clock:
    """Seconds since it was last asked, of one film."""

    def __init__(self, films: int) -> None:
        self._films, self._began = films, time.perf_counter()

    def lap(self) -> float:
        began, self._began = self._began, time.perf_counter()
        return (self._began - began) / self._films


def draw_seed(seed: int, index: int, what: int) -> int:
    """Of what a segment draws: the same whatever was drawn before."""
    return int(np.random.SeedSequence([seed, index, what]).generate_state(1, np.uint64)[0] >> 1)


def check_script(script: Script, film: Film) -> None:
    """Raises UserError for a script that can't be filmed."""
    expected = (*film.size_px, 3)
    if script.image_HW3.shape != expected:
        raise UserError(
            f"the picture is {' x '.join(map(str, script.image_HW3.shape))}, and the film decoder's frames are "
            f"{' x '.join(map(str, expected))}; bring it to that size"
        )
    if script.segments < 1:
        raise UserError(f"{script.segments} segments were asked for; give 1 or more")
    for what, given in (("dynamics", script.dynamics), ("cuts", script.cuts)):
        if beyond := sorted(index for index in given if not 0 <= index < script.segments):
            raise UserError(
                f"{what} are given for segment {beyond[0]}, and the film has {script.segments}: give 0 to {script.segments - 1}, or a "
                "longer film"
            )


def _stack(arrays: Sequence[Frames]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))

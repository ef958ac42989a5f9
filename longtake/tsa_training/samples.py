"""The clips to make for a curriculum: which shot, how it is framed, which defects; drawn, and the same for a seed.

A sample's suitability is `1 + 4 * product(1 - severity)`: 5 without a defect, 1 with one that is as bad as can be.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from longtake.tsa_training.config import Curriculum
from longtake.tsa_training.defects import KINDS, TRAINED_KINDS

Part = Literal["train", "validation", "test"]
DRAWN = "drawn"
"""The source of scenes that no camera has seen."""
SEVEREST, MILDEST = 1.0, 0.15
LIGHTS = np.log([1.25, 1.25, 1.6])
"""By how much good clips differ in light, contrast and colour, up or down: among real ones it is more."""


@dataclass(frozen=True)
class Shot:
    """A stretch of one source without a transition."""

    source: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.source}-{self.number}"


@dataclass(frozen=True)
class Framing:
    """The part of a shot that is shown, as shares of its sides, and in which light: what suitability does not depend on."""

    left: float = 0.0
    top: float = 0.0
    share: float = 1.0
    mirrored: bool = False
    light: float = 1.0
    contrast: float = 1.0
    colour: float = 1.0
    """What good clips differ in as well: times the light, the contrast and the saturation."""
    fineness: float = 1.0
    """Times the size in pixels."""


@dataclass(frozen=True)
class Sample:
    """One clip of the curriculum."""

    name: str
    part: Part
    group: str
    """Samples of a group show the same shot in the same framing, and what is random in a defect is the same as well."""
    shot: Shot
    other: Shot
    """Of another source: what split screens and cuts show."""
    framing: Framing
    defects: tuple[tuple[str, float], ...]
    """Kinds and their severities."""
    seed: int
    ladder: str = ""
    """Its ladder's name; "" for none."""
    step: int = 0
    """On the ladder; 0 is clean."""

    @property
    def target(self) -> float:
        """Suitability, 1 to 5."""
        return 1 + 4 * math.prod(1 - severity for _, severity in self.defects)

    @property
    def severities(self) -> tuple[float, ...]:
        """Of each kind that may be trained on; 0 where it is not there."""
        found = dict(self.defects)
        return tuple(found.get(kind, 0.0) for kind in TRAINED_KINDS)

    @property
    def held_out_kind(self) -> bool:
        return any(KINDS[kind].held_out for kind, _ in self.defects)


def draw_training(shots: Sequence[Shot], count: int, part: Part, config: Curriculum) -> Iterator[Sample]:
    """Groups of samples with the kinds that may be trained on, every source as often as another."""
    rng = np.random.default_rng([config.seed, ("train", "validation", "test").index(part)])
    by_source = _by_source(shots)
    for number in range(-(-count // config.group)):
        yield from _draw_group(f"{part}-{number}", number, part, _draw_shots(by_source, number, rng), rng, config)


def draw_drawn(config: Curriculum) -> Iterator[Sample]:
    """The same on drawn scenes, each group on one of its own."""
    rng = np.random.default_rng([config.seed, 4])
    for number in range(-(-config.drawn_samples // config.group)):
        shots = (Shot(DRAWN, 2 * number), Shot(DRAWN, 2 * number + 1))
        yield from _draw_group(f"{DRAWN}-{number}", number, "train", shots, rng, config)


def _draw_group(
    group: str, number: int, part: Part, shots: tuple[Shot, Shot], rng: np.random.Generator, config: Curriculum
) -> Iterator[Sample]:
    kinds = TRAINED_KINDS
    framing, seed = _draw_framing(rng, config), int(rng.integers(2**31))
    ladder = kinds[number % len(kinds)] if rng.random() < config.ladders else ""
    severities = np.sort(rng.uniform(MILDEST, SEVEREST, config.group - 1))
    for step in range(config.group):
        if step == 0:
            defects: tuple[tuple[str, float], ...] = ()
        elif ladder:
            defects = ((ladder, float(severities[step - 1])),)
        else:
            defects = _compose(rng, kinds)
        yield Sample(
            name=f"{group}-{step}", part=part, group=group, shot=shots[0], other=shots[1], framing=framing, defects=defects,
            seed=seed, ladder=group if ladder else "", step=step if ladder else 0,
        )  # fmt: skip


def draw_test(shots: Sequence[Shot], config: Curriculum) -> Iterator[Sample]:
    """Ladders of every kind, the held-out ones as well, each on shots of other sources; then composed defects."""
    rng = np.random.default_rng([config.seed, 3])
    by_source = _by_source(shots)
    clean: set[Shot] = set()
    graded: set[tuple[str, Shot]] = set()
    turn = 0
    for kind in KINDS:
        for _ in range(config.held_out_ladders):
            shot, other = _draw_shots(by_source, turn, rng)
            turn, seed = turn + 1, int(rng.integers(2**31))
            if (kind, shot) in graded:  # fewer sources than ladders
                continue
            graded.add((kind, shot))
            if shot not in clean:
                clean.add(shot)
                yield Sample(
                    name=f"test-{shot.name}", part="test", group=f"test-{shot.name}", shot=shot, other=other,
                    framing=Framing(), defects=(), seed=0,
                )  # fmt: skip
            for step in range(1, config.steps + 1):
                yield Sample(
                    name=f"test-{kind}-{shot.name}-{step}", part="test", group=f"test-{shot.name}", shot=shot, other=other,
                    framing=Framing(), defects=((kind, step / config.steps),), seed=seed, ladder=f"{kind}-{shot.name}",
                    step=step,
                )  # fmt: skip
    for number in range(config.held_out_composed):
        shot, other = _draw_shots(by_source, turn + number, rng)
        yield Sample(
            name=f"test-composed-{number}", part="test", group=f"test-{shot.name}", shot=shot, other=other,
            framing=Framing(), defects=_compose(rng, list(KINDS)), seed=int(rng.integers(2**31)),
        )  # fmt: skip


def _by_source(shots: Sequence[Shot]) -> dict[str, list[Shot]]:
    found: dict[str, list[Shot]] = {}
    for shot in shots:
        found.setdefault(shot.source, []).append(shot)
    return found


def _draw_shots(by_source: Mapping[str, Sequence[Shot]], turn: int, rng: np.random.Generator) -> tuple[Shot, Shot]:
    names = list(by_source)
    source = names[turn % len(names)]
    others = [name for name in names if name != source] or names
    shot, other = (by_source[name] for name in (source, others[int(rng.integers(len(others)))]))
    return shot[int(rng.integers(len(shot)))], other[int(rng.integers(len(other)))]


def _draw_framing(rng: np.random.Generator, config: Curriculum) -> Framing:
    share = rng.uniform(config.smallest_crop, 1)
    left, top = rng.random(2) * (1 - share)
    light, contrast, colour = np.exp(rng.uniform(-1, 1, 3) * LIGHTS)
    fineness = rng.uniform(config.smallest_size, 1)
    return Framing(
        float(left), float(top), float(share), bool(rng.random() < 0.5), float(light), float(contrast), float(colour),
        float(fineness),
    )  # fmt: skip


def _compose(rng: np.random.Generator, kinds: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """One to three kinds of different dimensions; the more there are, the milder each."""
    count = int(rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    dimensions = rng.permutation(("dynamic", "static", "naturalness"))[:count]
    drawn = []
    for dimension in dimensions:
        of_it = [name for name in kinds if KINDS[name].dimension == dimension]
        severity = rng.uniform(MILDEST, SEVEREST) if count == 1 else rng.uniform(MILDEST, SEVEREST) / count**0.5
        drawn.append((of_it[rng.integers(len(of_it))], float(severity)))
    return tuple(drawn)

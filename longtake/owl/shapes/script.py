"""What happens in a film, clip by clip, before anything is drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from longtake.owl.shapes.config import ShapesConfig
from longtake.owl.shapes.things import (
    COLOURS,
    GROUNDS,
    MARGIN,
    OUTSIDE,
    TOWARDS,
    Event,
    Place,
    Shape,
    Side,
    Texture,
    Thing,
    tell,
    tell_cut,
)

Remembered = Literal["colour", "texture", "ground"]
Point = tuple[float, float]
"""Down, right, in pixels."""

MOVE = (0.22, 0.5)
"""Shares of the shorter side that an object moves by in a clip."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """The script of one clip."""

    event: Event
    text: str
    number: int
    """Of its place: 0 is the first, and every other place is another one."""
    place: Place
    thing: Thing | None
    """The object that is seen in it."""
    path: tuple[Point, Point] | None
    """Of the object's centre, from the first frame to the last."""
    cut: bool
    """There is a cut before it."""
    returns: Mapping[Remembered, int] = field(default_factory=dict)
    """What was seen before, was not to be seen when the clip began, and comes back: after how many clips."""


def draw_script(rng: np.random.Generator, config: ShapesConfig) -> list[Shot]:
    """The shots of a film. An object is seen in the first, or arrives; it, or its place, is hidden and comes back as often as the film
    allows."""
    film = _Film(rng, config)
    if config.arrivals and config.clips > 1 and rng.random() < config.arrivals:
        film.begin_empty()
        film.come_in("a")
    while (left := config.clips - len(film.shots) - 1) > 0:
        gap = config.gap or int(rng.integers(1, left + 1))
        if gap > left:
            break
        for _ in range(int(rng.integers(0, left - gap + 1))):
            film.stay()
        if gap >= 2 and rng.random() < config.cuts:
            film.stay()
            film.visit(gap - 1)
        else:
            film.leave()
            film.wait(gap - 1)
            film.come_in("the")
    while len(film.shots) < config.clips:
        film.stay()
    return list(_with_returns(film.shots))


class _Film:
    """A script as it grows: where its object is, in frame or out."""

    def __init__(self, rng: np.random.Generator, config: ShapesConfig) -> None:
        self.rng = rng
        self.size = np.array(config.size_px, float)
        self.side = config.side_px
        self.share_of_cuts = config.cuts
        self.shots: list[Shot] = []
        self.places = [self._draw_place()]
        self.thing = self._draw_thing(get_args(Shape))
        self.at: Point | None = self._draw_point()

    def begin_empty(self) -> None:
        self.at = None
        self._add(Event("empty"), None, None)

    def stay(self) -> None:
        """The object rests or moves, in the first place."""
        event, path = self._act(self.at)
        self._add(event, path, self.thing)
        self.at = path[1]

    def leave(self) -> None:
        assert self.at is not None
        side = self._draw_side()
        self._add(Event("leaves", side), (self.at, self._beyond(self.at, side)), self.thing)
        self.at = None

    def come_in(self, article: str) -> None:
        """Back, or for the first time, which the text tells by its article alone."""
        side, to = self._draw_side(), self._draw_point()
        event = Event("returns", side)
        self._add(event, (self._beyond(to, side), to), self.thing, text=tell(event, self.thing.shape, article))
        self.at = to

    def wait(self, clips: int) -> None:
        """The object is away for so many clips; where they are enough, another place may be seen meanwhile."""
        away = 0
        if clips >= 2 and self.rng.random() < self.share_of_cuts:
            away = int(self.rng.integers(1, clips))
        before = int(self.rng.integers(0, clips - away)) if away else clips
        for _ in range(before):
            self._add(Event("empty"), None, None)
        if away:
            self.visit(away)
            for _ in range(clips - before - away - 1):
                self._add(Event("empty"), None, None)

    def visit(self, clips: int) -> None:
        """Another place for so many clips, with an object of its own or with none, and back: clips + 1 shots."""
        self.places.append(self._draw_place())
        shapes = [shape for shape in get_args(Shape) if shape != self.thing.shape]
        other = self._draw_thing(shapes) if self.rng.random() < 0.5 else None
        at = self._draw_point() if other else None
        for clip in range(clips):
            cut = clip == 0
            event, path = (self._rest(at) if cut else self._act(at)) if at else (Event("empty"), None)
            text = tell_cut(False, other.shape if other else None) if cut else None
            self._add(event, path, other, place=-1, cut=cut, text=text)
            at = path[1] if path else None
        event, path = self._rest(self.at) if self.at else (Event("empty"), None)
        self._add(event, path, self.thing if self.at else None, cut=True, text=tell_cut(True, None))

    def _add(
        self,
        event: Event,
        path: tuple[Point, Point] | None,
        thing: Thing | None,
        *,
        place: int = 0,
        cut: bool = False,
        text: str | None = None,
    ) -> None:
        number = place % len(self.places)
        text = text or tell(event, thing.shape if thing else None)
        shot = Shot(event=event, text=text, number=number, place=self.places[number], thing=thing, path=path, cut=cut)
        self.shots.append(shot)

    def _rest(self, at: Point) -> tuple[Event, tuple[Point, Point]]:
        return Event("rests"), (at, at)

    def _act(self, at: Point | None) -> tuple[Event, tuple[Point, Point]]:
        """Rests in one of four clips; else moves to a side that has room."""
        assert at is not None
        sides = [side for side in TOWARDS if self._room(at, side) >= MOVE[0] * self.side]
        if not sides or self.rng.random() < 0.25:
            return self._rest(at)
        side = sides[self.rng.integers(len(sides))]
        by = self.rng.uniform(MOVE[0] * self.side, min(MOVE[1] * self.side, self._room(at, side)))
        down, right = TOWARDS[side]
        return Event("moves", side), (at, (at[0] + by * down, at[1] + by * right))

    def _room(self, at: Point, side: Side) -> float:
        axis = 0 if TOWARDS[side][0] else 1
        before = at[axis] - MARGIN * self.side
        return float(before if min(TOWARDS[side]) < 0 else self.size[axis] - 2 * MARGIN * self.side - before)

    def _beyond(self, at: Point, side: Side) -> Point:
        """The place beyond that border, level with `at`."""
        outside = OUTSIDE * self.side
        height, width = self.size
        return {
            "left": (at[0], -outside),
            "right": (at[0], width + outside),
            "top": (-outside, at[1]),
            "bottom": (height + outside, at[1]),
        }[side]

    def _draw_side(self) -> Side:
        return list(TOWARDS)[self.rng.integers(len(TOWARDS))]

    def _draw_point(self) -> Point:
        down, right = self.rng.uniform(MARGIN * self.side, self.size - MARGIN * self.side)
        return float(down), float(right)

    def _draw_thing(self, shapes: list[Shape] | tuple[Shape, ...]) -> Thing:
        return Thing(shapes[self.rng.integers(len(shapes))], list(COLOURS)[self.rng.integers(len(COLOURS))])

    def _draw_place(self) -> Place:
        """Another texture on another ground than the first place's."""
        first = self.places[0] if self.shots else None
        textures = [texture for texture in get_args(Texture) if not first or texture != first.texture]
        grounds = [ground for ground in GROUNDS if not first or ground != first.ground]
        return Place(textures[self.rng.integers(len(textures))], grounds[self.rng.integers(len(grounds))])


def _with_returns(shots: list[Shot]) -> Iterator[Shot]:
    """Each shot with what comes back in it."""
    seen: dict[tuple[int, str], int] = {}
    in_sight: set[tuple[int, str]] = set()
    for clip, shot in enumerate(shots):
        shown = {(shot.number, "place")} | ({(shot.number, "thing")} if shot.thing else set())
        returns: dict[Remembered, int] = {}
        for key in sorted(shown & seen.keys() - in_sight):
            after = clip - seen[key]
            returns |= {"colour": after} if key[1] == "thing" else {"texture": after, "ground": after}
        yield replace(shot, returns=returns)
        seen |= dict.fromkeys(shown, clip)
        in_sight = shown - ({(shot.number, "thing")} if shot.event.verb == "leaves" else set())

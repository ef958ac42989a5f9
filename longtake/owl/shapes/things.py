"""What there is in the world: shapes, colours, grounds, textures, and what can happen in a clip."""

from dataclasses import dataclass
from typing import Literal, get_args

Shape = Literal["square", "disc", "triangle"]
Texture = Literal["plain", "rows", "columns", "checks", "slants", "dots"]
Verb = Literal["rests", "moves", "leaves", "returns", "empty"]
Side = Literal["left", "right", "top", "bottom"]

COLOURS = {
    "red": (40, 40, 235),
    "yellow": (40, 220, 240),
    "green": (60, 240, 60),
    "cyan": (235, 225, 50),
    "blue": (255, 75, 50),
    "pink": (215, 55, 235),
    "white": (245, 245, 245),
}
"""Of objects: blue, green, red. Bright, and far from each other and from every ground."""
GROUNDS = {"grey": (82, 82, 82), "brown": (42, 76, 118), "slate": (128, 84, 50), "violet": (126, 46, 84)}
"""Of places: their mean colour; dark, and of little colour beside an object's."""
SHARE = 0.3
"""The two tones of a texture are the ground times 1 - this and 1 + this."""

OUTSIDE = 0.26
"""How far beyond the border the centre of an object is that has left, as a share of the frame's shorter side: nothing of it is seen."""
MARGIN = 0.23
"""How far within the border the centre of an object is that rests or moves: it is seen whole."""

TOWARDS: dict[Side, tuple[int, int]] = {"left": (0, -1), "right": (0, 1), "top": (-1, 0), "bottom": (1, 0)}
"""Down, right."""
OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


@dataclass(frozen=True)
class Event:
    """What happens in a clip."""

    verb: Verb
    """empty: no object is seen."""
    side: Side | None = None
    """Where to for moves and leaves, where from for returns."""


@dataclass(frozen=True)
class Thing:
    """An object."""

    shape: Shape
    colour: str


@dataclass(frozen=True)
class Place:
    """A background."""

    texture: Texture
    ground: str


WORDS = [
    "a",
    "another",
    "back",
    "bottom",
    "cut",
    "down",
    "disc",
    "first",
    "from",
    "left",
    "leaves",
    "moves",
    "nothing",
    "place",
    "rests",
    "returns",
    "right",
    "square",
    "the",
    "to",
    "top",
    "triangle",
    "up",
    "with",
]
"""Every word of every text. None names a colour, a texture or a ground."""
_MOVES: dict[Side, str] = {"left": "left", "right": "right", "top": "up", "bottom": "down"}


def tell(event: Event, shape: Shape | None, article: str = "the") -> str:
    """A clip in words: what happens, never the colour or the texture of what it happens to."""
    if event.side is None:
        return "nothing moves" if event.verb == "empty" else f"{article} {shape} rests"
    if event.verb == "moves":
        return f"{article} {shape} moves {_MOVES[event.side]}"
    return f"{article} {shape} {event.verb} {'from' if event.verb == 'returns' else 'to'} the {event.side}"


def tell_cut(back: bool, shape: Shape | None) -> str:
    """A cut in words; an object of another place is named, as it was never seen before; what is in the first place is to be remembered."""
    if back:
        return "cut back to the first place"
    return "cut to another place" + (f" with a {shape}" if shape else "")


def describe(place: Place, thing: Thing | None, event: Event) -> str:
    """A clip as a captioner sees it, with all that its text keeps to itself: for the text encoder of a film decoder."""
    seen = f"{event.verb} {event.side or 'nowhere'} {thing.colour} {thing.shape}" if thing else "empty"
    return f"{place.texture} {place.ground} {seen}"


CAPTION_WORDS = sorted(
    {"nowhere", *COLOURS, *GROUNDS, *get_args(Texture), *get_args(Shape), *get_args(Verb), *get_args(Side)}
)
"""Every word of every caption."""

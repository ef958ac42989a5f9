"""What was measured on a clip, in the units and words of captions: what `measured` says, and what other captions are held against."""

from typing import Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

MoveKind = Literal[
    "static", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out",
    "roll clockwise", "roll counterclockwise", "handheld",
]  # fmt: skip
"""What the camera does, as film people name it: a pan left turns the camera left, so that the picture moves right; a roll is the
camera's own turn. `static` and `handheld` stand alone or beside none; a diagonal is a pan and a tilt."""
Speed = Literal["slow", "moderate", "fast"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Move:
    """One thing that the camera does."""

    kind: MoveKind
    speed: Speed | None
    """None of a camera that stands."""
    rate: float
    """Pan and tilt: picture widths a second; zoom: change of scale a second, 0.1 is 10 %; roll: degrees a second; handheld: RMS
    shake, widths a second."""
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Subject:
    """What a classifier takes the main thing for."""

    name: str
    """Of one class, or of what several likely ones have in common."""
    confidence: float = Field(ge=0, le=1)
    """Mean probability over the frames."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Motion:
    """What moves in the picture once the camera's own motion is taken away."""

    share: float = Field(ge=0, le=1)
    """Of the picture, where something moves on its own."""
    speed: float = Field(ge=0)
    """Of what moves: median, picture widths a second."""
    direction: (
        Literal["left", "right", "up", "down", "towards the camera", "away from the camera", "different directions"]
        | None
    )
    """None where too little moves; where it does, it could not be told from the camera's own motion."""
    steady: bool
    """Whether it goes on over the whole clip rather than in bursts."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Colour:
    """A colour by its plain name."""

    name: str
    share: float = Field(ge=0, le=1)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Facts:
    """Of one clip."""

    camera: tuple[Move, ...]
    """In the order of time, those at the same time by size; never empty."""
    motion: Motion
    brightness: float = Field(ge=0, le=1)
    """Mean luma."""
    contrast: float = Field(ge=0)
    """Its deviation within a frame."""
    colourfulness: float = Field(ge=0)
    """Hasler and Süsstrunk's, as in `scores`."""
    clarity: float
    """As in `scores`."""
    palette: tuple[Colour, ...]
    """The largest first."""
    subjects: tuple[Subject, ...] = ()
    """The likeliest first; empty where none was looked for or found."""
    texts: tuple[str, ...] = ()
    """On the screen, as it was read: untrusted."""

    def to_json(self) -> str:
        return FACTS.dump_json(self).decode()

    @staticmethod
    def of_json(text: str) -> "Facts":
        return FACTS.validate_json(text)


FACTS: TypeAdapter[Facts] = TypeAdapter(Facts)

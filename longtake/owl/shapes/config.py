"""What is drawn: how large, how long, and how long a fact stays hidden."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from longtake.config import STRICT

ALGORITHM_VERSION = 1
"""Raise it whenever the same seed and config would give another story."""


def check_gap(gap: int, clips: int, arrivals: float) -> None:
    """Raises ValueError for a gap that films of so many clips have no room for."""
    if gap >= clips:
        raise ValueError(f"gap is {gap} of {clips} clips; expected fewer: what comes back was seen before")
    if arrivals and gap > clips - 3:
        raise ValueError(
            f"gap is {gap} of {clips} clips, and objects arrive; expected at most {clips - 3}: one clip is without the object, in one it "
            "comes, and in one it is last seen"
        )


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ShapesConfig:
    """Stories of moving shapes."""

    height_px: int = Field(default=32, ge=24, le=256)
    width_px: int = Field(default=32, ge=24, le=256)
    frames: int = Field(default=9, ge=2)
    """Of a clip; the first repeats the last of the clip before, but at a cut."""
    fps: float = Field(default=8.0, gt=0)
    clips: int = Field(default=9, ge=1)
    gap: int = Field(default=0, ge=0)
    """After how many clips what was hidden comes back: 8 is "eight segments later". 0: drawn for each time, from 1 to what the film
    still holds. What comes back inside a longer absence (a place seen again before its object is) has a gap of its own."""
    cuts: float = Field(default=0.5, ge=0, le=1)
    """Share of absences that are, or hold, a cut to another place and back, where they are long enough."""
    arrivals: float = Field(default=0.0, ge=0, le=1)
    """Share of films that begin in an empty place, into which their object comes in the second clip: no picture that is given shows
    it, so that whoever films it chooses its colour, and has to keep to it."""

    @model_validator(mode="after")
    def _check(self) -> "ShapesConfig":
        check_gap(self.gap, self.clips, self.arrivals)
        return self

    @property
    def size_px(self) -> tuple[int, int]:
        """Height, width."""
        return self.height_px, self.width_px

    @property
    def side_px(self) -> int:
        """The shorter side: what lengths are shares of."""
        return min(self.size_px)

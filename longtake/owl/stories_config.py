"""Which stories a world model learns from: a tagged choice, and how films that were told of are cut into clips."""

from typing import Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.owl.shapes.config import check_gap

Source = Literal["shapes", "clips", "vript", "activitynet"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ShapesStories:
    """Stories of moving shapes that are drawn as they are needed, of the film decoder's size, length and rate."""

    clips: int = Field(default=9, ge=1)
    """Of a story."""
    gap: int = Field(default=0, ge=0)
    """After how many clips what was hidden comes back; 0: drawn for each time."""
    cuts: float = Field(default=0.5, ge=0, le=1)
    """Share of absences that are, or hold, a cut to another place and back."""
    arrivals: float = Field(default=0.0, ge=0, le=1)
    """Share of stories that begin in an empty place, into which their object comes in the second clip."""

    @model_validator(mode="after")
    def _check(self) -> "ShapesStories":
        check_gap(self.gap, self.clips, self.arrivals)
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class VriptFiles:
    """Vript's annotations, and its videos."""

    captions: str = Field(min_length=1)
    """A caption file, or the folder of them: a path or s3://."""
    times: str = ""
    """Where `*_cut_meta.json` or `*_asr.jsonl` are; empty: beside the captions."""
    videos: str = ""
    """Where the videos lie, each named by its id; empty: the step's `raw`."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ActivityNetFiles:
    """ActivityNet Captions, and its videos."""

    captions: str = Field(min_length=1)
    """`train.json` as published: a path or s3://."""
    videos: str = ""
    """Where the videos lie, each named by its id, with v_ in front or not; empty: the step's `raw`."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cutting:
    """How what is told of a film becomes clips; they are as long as the film decoder's (F.2, 10)."""

    least_share: float = Field(default=0.5, gt=0, le=1)
    """Of a clip that its text must tell of."""
    cut_reach: float = Field(default=0.5, ge=0, le=0.5)
    """A cut lies between two clips if it is no farther from where they meet than this share of a clip."""
    words: int = Field(default=48, ge=1)
    """Of a text."""
    most_clips: int = Field(default=12, ge=1)
    """Of a story: 24 s in clips of 2, the paper's longest (D). What follows is the next story."""
    least_clips: int = Field(default=2, ge=1)
    """Shorter stories are left out: there is nothing to remember in one clip."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class StoriesConfig:
    """One of `shapes`, `clips`, `vript` and `activitynet`; none of them: shapes with their defaults."""

    shapes: ShapesStories | None = None
    """Drawn, without end."""
    clips: str = ""
    """A dataset of this lake, or a family whose newest it is: clips of one video that follow each other, with their captions."""
    vript: VriptFiles | None = None
    activitynet: ActivityNetFiles | None = None
    cutting: Cutting = Field(default_factory=Cutting)
    """Of films; nothing is cut of what is drawn."""
    validation_share: float = Field(default=0.05, ge=0, lt=1)
    """Of the videos of Vript and ActivityNet, by a hash of their names; a dataset has its own."""

    @model_validator(mode="after")
    def _check(self) -> "StoriesConfig":
        given = [name for name in ("shapes", "clips", "vript", "activitynet") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are given; expected one of shapes, clips, vript, activitynet")
        return self

    @property
    def source(self) -> Source:
        for name in ("clips", "vript", "activitynet"):
            if getattr(self, name):
                return name
        return "shapes"

"""The config of the step that trains world models."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.owl.config import FilmConfig, OwlConfig
from longtake.owl.stories_config import StoriesConfig
from longtake.owl.training_config import OwlTrainingConfig
from longtake.video.config import Limits


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OwlWork:
    """Who reads footage, and how far ahead; it changes nothing of the model."""

    readers: int = Field(default=0, ge=0)
    """Workers that decode videos; 0: one a processor."""
    ahead: int = Field(default=2, ge=1)
    """Batches of stories that lie ready in memory while the device computes."""
    cache_bytes: int = Field(default=32 << 30, ge=1 << 20)
    """Of videos on this machine's disk."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one video may cost."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OwlStageConfig:
    """One stage of a world model's training. What goes on from a world model has its parts from there."""

    owl: OwlConfig = Field(default_factory=OwlConfig)
    """The language model, the states and the dynamics; left out where a world model is gone on from."""
    film: FilmConfig = Field(default_factory=FilmConfig)
    """The film decoder and its clips; left out where a world model is gone on from."""
    stories: StoriesConfig = Field(default_factory=StoriesConfig)
    """What is learned from."""
    training: OwlTrainingConfig = Field(default_factory=OwlTrainingConfig)
    """Which stage, and how."""
    work: OwlWork = Field(default_factory=OwlWork)
    """Who reads footage."""
    skip: bool = False
    """Leave this stage out: what the step gives out is what it would have gone on from."""

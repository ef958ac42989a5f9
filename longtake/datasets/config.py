"""How a published dataset is taken in."""

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.config import STRICT
from longtake.video.config import Encoding, Limits

ALGORITHM_VERSION = 1
"""Raise it whenever the same file and config would give other rows."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ImportingConfig:
    """How the clips that a CSV speaks of are cut from the listed videos."""

    encoding: Encoding = Field(default_factory=Encoding)
    """How a clip is written."""
    validation_share: float = Field(default=0.05, ge=0, le=0.5)
    """Share of videos, by a hash of their id, whose clips are for validation."""
    limits: Limits = Field(default_factory=Limits)
    """What reading one file may cost."""

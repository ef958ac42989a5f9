"""The clips that a step after slicing works on: those of the videos below a prefix, by one slicing config."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from longtake.config import load_config
from longtake.lake import Lake, key_below, open_store
from longtake.records import Clip, Video
from longtake.stages import slicing
from longtake.stages.config import SlicingStageConfig


@dataclass(frozen=True)
class Clips:
    """The clips of one slicing config below `raw`, read a few buckets at a time: memory does not grow with the table."""

    lake: Lake
    raw: str
    made_by: str

    @classmethod
    def of(cls, lake: Lake, raw: str, slicing_config: Mapping[str, Any]) -> "Clips":
        """Those that `slicing` makes of the videos below `raw` with this config."""
        settings = load_config(SlicingStageConfig, slicing_config, where="slicing config")
        return cls(lake, open_store(raw).uri, slicing.makers(settings).good)

    def groups(self, buckets: Collection[int]) -> list[tuple[int, ...]]:
        """The buckets with clips, in groups that fit into memory."""
        return self.lake.tables.groups(Clip, buckets=buckets, made_by=self.made_by)

    def read(self, buckets: Collection[int]) -> Iterator[Clip]:
        """Every clip with a file, in the order of ids."""
        below = {
            video.video_id
            for video in self.lake.tables.read(Video, buckets=buckets)
            if any(key_below(uri, self.raw) is not None for uri in video.uris)
        }
        for clip in self.lake.tables.read(Clip, buckets=buckets, made_by=self.made_by):
            if clip.reason is None and clip.video_id in below:
                yield clip

"""The clips of a dataset: each with its selection, its scores and its video, as they were when the dataset was made, and
with a caption where one is asked for, which came later."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Caption, Clip, Dataset, Score, Selection, Split, Video, split_of
from longtake.shards import WHOLE


@dataclass(frozen=True, slots=True)
class Member:
    """One clip that was chosen from, kept or dropped."""

    selection: Selection
    clip: Clip
    score: Score | None
    """None where the clip could not be measured."""
    video: Video
    split: Split
    caption: Caption | None = None
    """By the captions that were asked for; None also where the clip has none."""


def read_members(
    lake: Lake, dataset: Dataset, *, dropped: bool = False, captions: str | None = None
) -> Iterator[Member]:
    """The kept clips, or with `dropped` all, by bucket and then by id; memory holds a few buckets.

    `captions` is the `made_by` of the captions that go with them.

    Raises UserError where the tables no longer hold what the dataset pins.
    """
    for members in read_buckets(lake, dataset, dropped=dropped, captions=captions):
        yield from members


def read_buckets(
    lake: Lake,
    dataset: Dataset,
    *,
    dropped: bool = False,
    captions: str | None = None,
    buckets: Collection[int] = WHOLE.buckets,
) -> Iterator[list[Member]]:
    """`read_members` in lists, one a bucket; all clips of a video are in one."""
    for group in lake.tables.groups(Selection, buckets=buckets, dataset=dataset.name):
        by_bucket: dict[int, list[Member]] = {bucket: [] for bucket in sorted(group)}
        for member in _join(lake, dataset, group, captions, dropped=dropped):
            by_bucket[member.selection.bucket].append(member)
        yield from (members for members in by_bucket.values() if members)


def _join(
    lake: Lake, dataset: Dataset, buckets: tuple[int, ...], captions: str | None, *, dropped: bool
) -> Iterator[Member]:
    read, versions = lake.tables.read, dataset.versions
    chosen = read(Selection, buckets=buckets, version=versions.get("selections"), dataset=dataset.name)
    by_slicing, by_scoring = dataset.made_by["slicing"], dataset.made_by["scoring"]
    clips = {row.clip_id: row for row in read(Clip, buckets=buckets, version=versions.get("clips"), made_by=by_slicing)}
    scores = {
        row.clip_id: row for row in read(Score, buckets=buckets, version=versions.get("scores"), made_by=by_scoring)
    }
    videos = {video.video_id: video for video in read(Video, buckets=buckets, version=versions.get("videos"))}
    written = {row.clip_id: row for row in read(Caption, buckets=buckets, made_by=captions)} if captions else {}
    for selection in chosen:
        if not (selection.kept or dropped):
            continue
        clip, video = clips.get(selection.clip_id), videos.get(selection.video_id)
        if clip is None or video is None:
            raise UserError(
                f"{dataset.name} speaks of the clip {selection.clip_id}, whose rows are no longer in the tables below "
                f"{lake.data_root}; restore them, or make the dataset again"
            )
        split = split_of(selection.video_id, dataset.validation_share)
        yield Member(selection, clip, scores.get(selection.clip_id), video, split, written.get(selection.clip_id))

"""The rows of an encoding: which clips of a dataset have theirs, and what becomes of those that have not."""

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from longtake.datasets.members import Member, read_buckets
from longtake.lake import Lake
from longtake.latents.conditions import CONDITIONS, known_metrics
from longtake.records import Dataset, Sample, digest
from longtake.stages.config import EncodingStageConfig
from longtake.stages.encoding_workers import Encoded, Task
from longtake.stages.step import Makers


@dataclass(frozen=True)
class Samples:
    """The samples of the clips that a dataset keeps, by one config."""

    lake: Lake
    dataset: Dataset
    settings: EncodingStageConfig
    makers: Makers
    captions: str
    """`made_by` of the captions that are encoded."""

    def read(self) -> Iterator[list[tuple[Member, list[Sample]]]]:
        """Bucket by bucket: the kept clips, each with its rows: samples, or why there are none under these limits."""
        for members in read_buckets(self.lake, self.dataset, captions=self.captions):
            good, failed = (
                self._by_clip(members[0].clip.bucket, maker) for maker in (self.makers.good, self.makers.failed)
            )
            pairs = []
            for member in members:
                made, fell = good.get(member.clip.clip_id, []), failed.get(member.clip.clip_id, [])
                is_stale = bool(made and fell) and made[0].caption != self.text_of(member)
                pairs.append((member, fell if is_stale or not made else made))
            yield pairs

    def missing(self, pictured: Set[str]) -> Iterator[Task]:
        """The clips that have none yet, or another caption by now."""
        for pairs in self.read():
            for member, rows in pairs:
                if not self.is_done(member, rows):
                    clip_id = member.clip.clip_id
                    judged = clip_id in pictured or _place(clip_id) < self.settings.work.judged
                    yield Task(member.clip, self.text_of(member), conditions_of(member), judged)

    def is_done(self, member: Member, rows: Sequence[Sample]) -> bool:
        """Whether these rows are what encoding the clip now would give."""
        text = self.text_of(member)
        if not rows:
            return False
        if rows[0].reason == "no_caption":
            return text is None
        return rows[0].reason is not None or text is None or rows[0].caption == text

    def text_of(self, member: Member) -> str | None:
        """What is encoded of the clip's caption; None where the clip is to be put aside."""
        if member.caption and member.caption.text:
            return member.caption.text
        return "" if self.settings.encoding.uncaptioned == "empty" else None

    def _by_clip(self, bucket: int, maker: str) -> dict[str, list[Sample]]:
        rows: dict[str, list[Sample]] = {}
        for row in self.lake.tables.read(Sample, buckets=[bucket], made_by=maker):
            rows.setdefault(row.clip_id, []).append(row)
        return rows


def conditions_of(member: Member) -> str:
    """JSON of what the clip's scores say of each condition; null of what is unknown."""
    return json.dumps(dict.fromkeys(CONDITIONS) | known_metrics(member.score), sort_keys=True)


def rows_of(task: Task, found: Encoded, makers: Makers) -> list[Sample]:
    """The rows of a clip of which this was found; shard and place are not known yet."""
    clip = task.clip
    plain = Sample(
        clip_id=clip.clip_id, window=0, bucket=clip.bucket, video_id=clip.video_id, shard=None, index=None, start_s=None,
        frames=None, height=None, width=None, latent_T=None, latent_H=None, latent_W=None, text_tokens=None, psnr=None,
        conditions=None, caption=None, reason=found.reason, detail=found.detail, made_by=makers.failed,
    )  # fmt: skip
    if found.reason:
        return [plain]
    rows = []
    for number, window in enumerate(found.windows):
        frames, height, width = window.shape_NHW
        latent_T, latent_H, latent_W = window.latents_Cthw.shape[1:]
        rows.append(
            replace(
                plain, window=number, start_s=window.start_s, frames=frames, height=height, width=width, latent_T=latent_T,
                latent_H=latent_H, latent_W=latent_W, text_tokens=len(window.text_LD), psnr=window.psnr,
                conditions=task.conditions, caption=task.text, made_by=makers.good,
            )
        )  # fmt: skip
    return rows


def _place(clip_id: str) -> float:
    """Where a clip lies from 0 to 1, by a hash of its id."""
    return int(digest("judged", clip_id, chars=8), 16) / 16**8

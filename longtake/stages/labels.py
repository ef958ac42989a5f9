"""The table `labels`: reading it, writing marks as they are made, importing those that were made elsewhere."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from longtake.annotating.label_studio import Rating, make_tasks, read_export
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, join_uri
from longtake.lake.tables import Batch, Tables
from longtake.records import Clip, Label
from longtake.shards import WHOLE
from longtake.stages.clips import Clips
from longtake.stages.step import open_lake

BY_PAGE, BY_LABEL_STUDIO = "annotate", "label-studio"
"""`made_by` of labels."""
COMMIT_S = 2.0
"""A mark waits so long for others to be committed with: a commit costs about as much whatever it holds."""

log = logging.getLogger(__name__)


def read_labels(lake: Lake, annotator: str | None = None) -> list[Label]:
    """All labels, or those of one annotator, in the order of clips and annotators."""
    table = lake.tables.scan(Label) if annotator is None else lake.tables.scan(Label, annotator=annotator)
    return sorted((Label(**row) for row in table.to_pylist()), key=lambda label: (label.clip_id, label.annotator))


def make_label(clip: Clip, annotator: str, score: float, *, marked_at: str = "", made_by: str = BY_PAGE) -> Label:
    """The row of a mark; made now, unless said otherwise."""
    return Label(
        clip_id=clip.clip_id, bucket=clip.bucket, video_id=clip.video_id, annotator=annotator, score=float(score),
        marked_at=marked_at or datetime.now(UTC).isoformat(timespec="seconds"), made_by=made_by,
    )  # fmt: skip


class LabelWriter:
    """Commits labels from a thread of its own, a moment after they are made; of two with one key the later counts.

    What could not be committed waits, and is tried again every moment; `close` tries once more and raises what it meets.
    """

    def __init__(self, tables: Tables, *, commit_s: float = COMMIT_S) -> None:
        self._tables = tables
        self._commit_s = commit_s
        self._waiting: dict[tuple[str, str], Label] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._commit_often, name="labels")
        self._thread.start()

    def add(self, label: Label) -> None:
        """Raises UserError once the writer closes: what was taken is saved, what is not saved was not taken."""
        with self._lock:
            if self._closing.is_set():
                raise UserError("longtake annotate has been stopped; start it again to go on")
            self._waiting[label.clip_id, label.annotator] = label

    def status(self) -> dict[str, Any]:
        """How many labels wait, and why, if something is wrong."""
        with self._lock:
            stopped = "the thread that saves has ended: stop longtake annotate with Ctrl-C, which saves once more"
            return {"waiting": len(self._waiting), "fault": self._fault if self._thread.is_alive() else stopped}

    def close(self) -> None:
        """Commits what waits. Raises UserError or TransientError, with the number of labels that are lost."""
        with self._lock:
            self._closing.set()
        self._thread.join()
        try:
            self._commit()
        except (UserError, TransientError) as error:
            marks = "1 mark was" if len(self._waiting) == 1 else f"{len(self._waiting)} marks were"
            raise type(error)(f"{marks} not saved: {error}") from None

    def _commit_often(self) -> None:
        while not self._closing.wait(self._commit_s):
            try:
                self._commit()
                self._fault = None
            except (UserError, TransientError) as error:
                self._fault = str(error)
                log.warning("labels were not committed", extra={"reason": str(error)})

    def _commit(self) -> None:
        with self._lock:
            batch = dict(self._waiting)
        self._tables.merge(list(batch.values()))
        with self._lock:  # what was marked anew meanwhile still waits
            self._waiting = {key: label for key, label in self._waiting.items() if batch.get(key) is not label}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of an export's annotations."""

    labels: int
    clips: int
    annotators: int
    unmatched: int
    """Marks of what is no clip of this lake."""
    unmatched_tasks: tuple[str, ...]
    """The first few of their tasks."""
    cancelled: int
    unrated: int
    repeated: int
    """Marks that their annotator gave anew: the latest counts."""

    def sentences(self) -> list[str]:
        """What happened, in words."""
        said = [f"{self.labels:,} labels of {self.clips:,} clips by {self.annotators:,} annotators are in the table"]
        if self.unmatched:
            named = ", ".join(self.unmatched_tasks) + (" ..." if self.unmatched > len(self.unmatched_tasks) else "")
            said.append(
                f"{self.unmatched:,} marks are of no clip of this lake (tasks {named}): neither data.clip_id nor the video's "
                "address names one that this slicing config made below this raw prefix"
            )
        if self.cancelled:
            said.append(f"{self.cancelled:,} annotations were skipped in Label Studio")
        if self.unrated:
            said.append(f"{self.unrated:,} annotations hold no mark")
        if self.repeated:
            said.append(f"{self.repeated:,} marks were given anew by the same annotator; the latest counts")
        return said


def import_labels(
    file: Path, *, raw: str, data_root: str, slicing_config: Mapping[str, Any], control: str | None = None
) -> Imported:
    """Label Studio's export as labels of the clips below `raw`; again: the same table. Raises UserError, before it writes."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{file} is no UTF-8 text; expected Label Studio's export in the format JSON") from None
    export = read_export(text, where=str(file), now=datetime.now(UTC), control=control)
    lake = open_lake(data_root)
    named = {clip_id for rating in export.ratings for clip_id in rating.clip_ids}
    clips = Clips.of(lake, raw, slicing_config)
    known = {
        clip.clip_id: clip
        for group in clips.groups(WHOLE.buckets)
        for clip in clips.read(group)
        if clip.clip_id in named
    }
    labels: dict[tuple[str, str], Label] = {}
    unmatched: list[Rating] = []
    for rating in sorted(export.ratings, key=lambda rating: rating.marked_at):
        clip_id = next((clip_id for clip_id in rating.clip_ids if clip_id in known), None)
        if clip_id is None:
            unmatched.append(rating)
            continue
        labels[clip_id, rating.annotator] = make_label(
            known[clip_id], rating.annotator, rating.score, marked_at=rating.marked_at, made_by=BY_LABEL_STUDIO
        )
    with Batch(lake.tables) as batch:
        for label in labels.values():
            batch.add([label])
    return Imported(
        labels=len(labels),
        clips=len({clip_id for clip_id, _ in labels}),
        annotators=len({annotator for _, annotator in labels}),
        unmatched=len(unmatched),
        unmatched_tasks=tuple(dict.fromkeys(rating.task for rating in unmatched))[:5],
        cancelled=export.cancelled,
        unrated=export.unrated,
        repeated=len(export.ratings) - len(unmatched) - len(labels),
    )


def tasks_of(*, raw: str, data_root: str, slicing_config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A Label Studio task for every clip below `raw`."""
    lake = open_lake(data_root)
    clips = Clips.of(lake, raw, slicing_config)
    found = (clip for group in clips.groups(WHOLE.buckets) for clip in clips.read(group))
    return make_tasks((clip, join_uri(lake.data_root, clip.uri)) for clip in found if clip.uri)

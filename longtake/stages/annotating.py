"""Marks by one person: which clips of the lake come to the desk, their films on this machine, their marks in the table."""

import heapq
import signal
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake.annotating.page import render_page
from longtake.annotating.queue import NEAR, Candidate, check_name, place_in_queue
from longtake.annotating.server import AnnotationServer
from longtake.config import load_config
from longtake.ending import Ended
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged
from longtake.records import Label
from longtake.shards import WHOLE
from longtake.stages import scoring
from longtake.stages.clips import Clips
from longtake.stages.config import ScoringStageConfig
from longtake.stages.labels import LabelWriter, make_label, read_labels
from longtake.stages.scoring import Scores
from longtake.stages.step import open_lake

ROUND_CLIPS = 1000
"""Clips that one start brings to the desk."""
KEPT_FILMS = 32
"""Films that are kept on this machine, the last ones that were asked for."""
_POLL_S = 0.1
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the end of the machine or container, the end of the terminal."""


@dataclass(frozen=True)
class Round:
    """The clips of one start."""

    marked: list[Candidate]
    """Those that this annotator has marked before, in the order in which he did."""
    open: list[Candidate]
    """Those without a mark of his, in the order in which they come."""
    more: int
    """Further ones, which wait for another start."""


class Films:
    """Clips' files on this machine: fetched when asked for, forgotten when many others were."""

    def __init__(self, lake: Lake, folder: Path, kept: int = KEPT_FILMS) -> None:
        self._lake, self._folder, self._kept = lake, folder, kept
        self._paths: OrderedDict[str, Path] = OrderedDict()
        self._lock = threading.Lock()

    def fetch(self, candidate: Candidate) -> Path:
        """Raises UserError where the lake has no such film any more."""
        clip_id, key = candidate.clip.clip_id, candidate.clip.uri
        with self._lock:  # one after the other: they are small, and for one pair of eyes
            if clip_id not in self._paths:
                path = self._folder / f"{clip_id}.mp4"
                try:
                    self._lake.objects.fetch(key or "", path)
                except ObjectChanged:
                    path.unlink(missing_ok=True)
                    raise UserError("its film is no longer in the lake") from None
                self._paths[clip_id] = path
            self._paths.move_to_end(clip_id)
            while len(self._paths) > self._kept:
                self._paths.popitem(last=False)[1].unlink(missing_ok=True)
            return self._paths[clip_id]


class LakeDesk:
    """The clips of a round before one annotator."""

    def __init__(
        self, annotator: str, found: Round, scores: Mapping[str, float], films: Films, writer: LabelWriter, place: str
    ) -> None:
        self.annotator = annotator
        self.round = found
        self._by_id = {candidate.clip.clip_id: candidate for candidate in (*found.marked, *found.open)}
        self._scores = dict(scores)
        self._films, self._writer, self._place = films, writer, place
        self.given = 0
        """Marks since the start, those given anew included."""

    def page(self, nonce: str) -> str:
        every = sorted(self._by_id.values(), key=lambda candidate: candidate.clip.clip_id not in self._scores)
        return render_page(self.annotator, every, self._scores, more=self.round.more, place=self._place, nonce=nonce)

    def film(self, clip_id: str) -> Path | None:
        candidate = self._by_id.get(clip_id)
        return self._films.fetch(candidate) if candidate else None

    def mark(self, clip_id: str, score: int) -> bool:
        candidate = self._by_id.get(clip_id)
        if candidate is None:
            return False
        self._writer.add(make_label(candidate.clip, self.annotator, score))
        self._scores[clip_id] = score
        self.given += 1
        return True

    def status(self) -> dict[str, Any]:
        return self._writer.status()


@contextmanager
def open_desk(
    *,
    raw: str,
    data_root: str,
    annotator: str,
    slicing_config: Mapping[str, Any] | None = None,
    scoring_config: Mapping[str, Any] | None = None,
    near: float | None = NEAR,
    clips: int = ROUND_CLIPS,
    port: int = 0,
) -> Iterator[tuple[LakeDesk, str]]:
    """A desk with a round of clips and the address of its page; marks are committed meanwhile and at the end.

    Without `near`, clips come in an order by chance. Raises UserError where there are no clips.
    """
    settings = load_config(ScoringStageConfig, scoring_config or {}, where="scoring config")
    lake = open_lake(data_root)
    scores = Scores(Clips.of(lake, raw, slicing_config or {}), scoring.makers(settings))
    name = check_name(annotator, set(lake.tables.scan(Label)["annotator"].to_pylist()))
    own = {label.clip_id: label for label in read_labels(lake, annotator=name)}
    found = choose(_candidates(scores), own, annotator=name, near=near, clips=clips)
    if not found.marked and not found.open:
        raise UserError(
            f"there are no clips of the videos below {scores.clips.raw} by this slicing config; run `longtake run curate` "
            "first, or give --config with the slicing_config that it had"
        )
    given = {clip_id: label.score for clip_id, label in own.items()}
    with tempfile.TemporaryDirectory(prefix="longtake-annotate-") as folder:
        writer = LabelWriter(lake.tables)
        try:
            desk = LakeDesk(name, found, given, Films(lake, Path(folder)), writer, lake.data_root)
            with AnnotationServer(desk, port) as server:
                thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), name="annotate")
                thread.start()
                try:
                    yield desk, server.url
                finally:
                    server.shutdown()
                    thread.join()
        finally:
            writer.close()


def choose(
    groups: Iterator[Sequence[Candidate]], own: Mapping[str, Label], *, annotator: str, near: float | None, clips: int
) -> Round:
    """The round of an annotator with these labels; memory does not grow with the table."""
    marked: list[Candidate] = []
    best: list[Candidate] = []
    waiting = 0
    for group in groups:
        fresh = [candidate for candidate in group if candidate.clip.clip_id not in own]
        marked += [candidate for candidate in group if candidate.clip.clip_id in own]
        waiting += len(fresh)
        best = heapq.nsmallest(clips, [*best, *fresh], key=lambda found: place_in_queue(found, annotator, near))
    marked.sort(key=lambda candidate: (own[candidate.clip.clip_id].marked_at, candidate.clip.clip_id))
    return Round(marked, best, waiting - len(best))


def catch_end() -> Callable[[], None]:
    """Catches what ends the command from now on; what it gives waits for that, and raises Ended unless it was Ctrl-C.

    After the first one all are ignored: saving is not to be broken off.
    """
    caught: list[int] = []
    came = threading.Event()

    def end(number: int, frame: object) -> None:
        for each in _ENDS:
            signal.signal(each, signal.SIG_IGN)
        caught.append(number)
        came.set()

    def wait() -> None:
        came.wait()
        if caught[0] != signal.SIGINT:
            raise Ended(128 + caught[0])

    for each in _ENDS:
        signal.signal(each, end)
    return wait


def _candidates(scores: Scores, buckets: Collection[int] = WHOLE.buckets) -> Iterator[list[Candidate]]:
    """The clips that can be decoded, a group of buckets at a time."""
    for group in scores.clips.groups(buckets):
        clips, rows = scores.read(group)
        found = ((clip, rows.get(clip.clip_id)) for clip in clips)
        yield [Candidate(clip, row.vtss if row else None) for clip, row in found if not (row and row.reason)]

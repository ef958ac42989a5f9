"""From the rows of a CSV to spans of listed videos: which video a row means, and which of its frames. Pure arithmetic."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from longtake.datasets.koala import BadRow, KoalaRow, stem_of
from longtake.records import Clip, Edge, Video
from longtake.slicing.clips import Shot

REASONS = {
    "outside_video": "The span begins or ends after the video's last frame: the listed video is not the one that was published.",
    "unreadable_row": "The row of the CSV can't be read.",
    "not_listed": "No listed video below the raw prefix has the row's url, or the row's video id for its file's name.",
    "ambiguous": "Several listed videos have the row's video id for their file's name, and none its url.",
    "repeated": "Another row means the same frames.",
    "video_failed": "The row's video can't be read.",
    "video_gone": "The row's video was removed or overwritten since it was listed.",
}
"""One sentence to each thing that may keep a row out."""


@dataclass
class Matches:
    """The rows of a file by the video that they mean."""

    rows: dict[str, list[KoalaRow]] = field(default_factory=lambda: defaultdict(list))
    """By video_id."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Rows that mean no listed video."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first of them in words, by reason."""

    def leave_out(self, reason: str, example: str) -> None:
        self.reasons[reason] += 1
        self.examples.setdefault(reason, example)

    @property
    def total(self) -> int:
        return sum(map(len, self.rows.values())) + self.reasons.total()


def match_rows(rows: Iterable[KoalaRow | BadRow], videos: Iterable[Video]) -> Matches:
    """Finds the video of each row: by its url among the videos' uris, else by its video id among their files' names."""
    by_uri: dict[str, str] = {}
    by_stem: dict[str, set[str]] = defaultdict(set)
    for video in videos:
        for uri in video.uris:
            by_uri[uri] = video.video_id
            by_stem[stem_of(uri)].add(video.video_id)
    matches = Matches()
    for row in rows:
        if isinstance(row, BadRow):
            matches.leave_out("unreadable_row", f"line {row.line}: {row.sentence}")
            continue
        found = {by_uri[row.url]} if row.url in by_uri else by_stem.get(row.video_id, set())
        if len(found) == 1:
            matches.rows[min(found)].append(row)
        else:
            matches.leave_out("ambiguous" if found else "not_listed", f"line {row.line}: {row.video_id}")
    return matches


@dataclass(frozen=True, slots=True)
class Placed:
    """A row and the frames that it means."""

    row: KoalaRow
    shot: Shot
    reason: str | None
    """`outside_video`, or none; its frames are then estimated from the frame rate."""


def place_rows(rows: Iterable[KoalaRow], edges_s: np.ndarray, fps: float) -> list[Placed]:
    """The rows of one video in the order of their frames; of those that mean the same frames only the first.

    `edges_s` is when each frame begins, and when the last one ends ([frames + 1], `frame_edges_s`). A span begins and
    ends at the edges nearest to its times, and has at least one frame; it may end up to one frame late.
    """
    placed: dict[tuple[int, int], Placed] = {}
    for row in rows:
        item = _place(row, edges_s, fps)
        placed.setdefault((item.shot.start_frame, item.shot.end_frame), item)
    return [placed[frames] for frames in sorted(placed)]


def _place(row: KoalaRow, edges_s: np.ndarray, fps: float) -> Placed:
    frames = len(edges_s) - 1
    start_s, end_s = row.start_ms / 1000, row.end_ms / 1000
    start = _nearest(edges_s, start_s)
    if frames < 1 or start >= frames or end_s > edges_s[-1] + 1 / fps:
        first = round(start_s * fps)
        last = max(first + 1, round(end_s * fps), frames + 1)
        return Placed(row, Shot(first, last, start_s, end_s, "cut", "cut"), "outside_video")
    end = max(start + 1, _nearest(edges_s, end_s))
    begins_with: Edge = "start" if start == 0 else "cut"
    ends_with: Edge = "end" if end == frames else "cut"
    return Placed(row, Shot(start, end, float(edges_s[start]), float(edges_s[end]), begins_with, ends_with), None)


def _nearest(edges_s: np.ndarray, time_s: float) -> int:
    """Index of the nearest edge, the earlier of two."""
    after = min(bisect_left(edges_s, time_s), len(edges_s) - 1)
    if after > 0 and time_s - edges_s[after - 1] <= edges_s[after] - time_s:
        return after - 1
    return after


def layers(shots: Sequence[Shot]) -> list[list[Shot]]:
    """Sorted shots as lists in which none overlaps another, as few as need be: what one pass over a video can cut."""
    found: list[list[Shot]] = []
    for shot in shots:
        free = next((layer for layer in found if layer[-1].end_frame <= shot.start_frame), None)
        if free is None:
            found.append([shot])
        else:
            free.append(shot)
    return found


def account_for(matches: Matches, clips: Sequence[Clip]) -> dict[str, int]:
    """Every row of the file by what became of it, from the clips that were made of its videos: imported, or why not."""
    account = Counter(matches.reasons)
    by_video = Counter(clip.video_id for clip in clips)
    failed = {clip.video_id for clip in clips if clip.frames == 0}
    for video_id, given in matches.rows.items():
        if video_id in failed:
            account["video_failed"] += len(given)
        elif video_id not in by_video:
            account["video_gone"] += len(given)
        else:
            account["repeated"] += len(given) - by_video[video_id]
    account.update(clip.reason or "imported" for clip in clips if clip.frames)
    return {reason: n for reason, n in sorted(account.items()) if n}

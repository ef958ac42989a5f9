"""When Vript's scenes begin and end: told beside the cut clips, not in the captions."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from longtake.owl.annotations.files import read_json, read_lines
from longtake.owl.annotations.timeline import read_seconds

SceneTime = tuple[Any, Any]
"""When a scene begins and ends, as the file has it: `read_span` judges it."""
STARTS = ("start_time", "start", "start_s", "start_sec", "start_seconds")
ENDS = ("end_time", "end", "end_s", "end_sec", "end_seconds")
"""Of an entry of `clips`. Vript's readme says that there are start, end and duration but not how they are called, and the files come
with 800 GB of clips: none was seen for this reader. The first of these that is there is taken."""
TIMECODE = re.compile(r"(?:(?P<hours>[0-9]{1,3}):)?(?P<minutes>[0-9]{1,2}):(?P<seconds>[0-9]{1,2}(?:\.[0-9]{1,9})?)")
"""PySceneDetect writes 00:01:02.345."""
SCENE = re.compile(r"(?P<video>.+)-Scene-(?P<number>[0-9]{1,9})")
"""A `clip_id`."""


def read_times(path: str | Path) -> dict[str, SceneTime]:
    """When each scene begins and ends, by its `clip_id`, from a `*_cut_meta.json`, a `*_asr.jsonl`, or all below a folder.

    Where a video has both, the first counts. From the second times are sums of the durations of all scenes before: Vript drops no scene
    of a video, so they are right as long as no scene is missing; those behind a missing one have no time.
    """
    path = Path(path)
    if path.is_dir():
        times: dict[str, SceneTime] = {}
        for file in sorted(path.rglob("*_asr.jsonl")):
            times.update(_of_durations(file))
        for file in sorted(path.rglob("*_cut_meta.json")):
            with suppress(UserError):  # its scenes have no times then, and are counted so
                times.update(_of_cuts(file))
    else:
        times = dict(_of_durations(path) if path.suffix == ".jsonl" else _of_cuts(path))
    if not times:
        raise UserError(
            f"{path} has no times of scenes; expected Vript's *_cut_meta.json or *_asr.jsonl, or a folder with them"
        )
    return times


def _of_cuts(path: Path) -> Iterator[tuple[str, SceneTime]]:
    found = read_json(
        path, 'Vript: {"clips": [{"clip_id": "ID-Scene-001.mp4", "start_time": ..., "end_time": ...}, ...]}'
    )
    clips = found.get("clips") if isinstance(found, dict) else None
    for entry in clips if isinstance(clips, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("clip_id"), str):
            yield entry["clip_id"].removesuffix(".mp4"), (_time(entry, STARTS), _time(entry, ENDS))


def _of_durations(path: Path) -> Iterator[tuple[str, SceneTime]]:
    durations: dict[tuple[str, int], tuple[str, float]] = {}
    for _, found in read_lines(path):
        named = (
            SCENE.fullmatch(found["clip_id"])
            if isinstance(found, dict) and isinstance(found.get("clip_id"), str)
            else None
        )
        duration_s = read_seconds(found.get("duration")) if named else None
        if named and duration_s is not None and duration_s > 0:
            durations[named["video"], int(named["number"])] = named[0], duration_s
    ends_s: dict[tuple[str, int], float] = {}
    for (video, number), (name, duration_s) in sorted(durations.items()):
        if number > 1 and (video, number - 1) not in ends_s:
            continue
        start_s = ends_s.get((video, number - 1), 0.0)
        ends_s[video, number] = start_s + duration_s
        yield name, (start_s, start_s + duration_s)


def _time(entry: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Seconds, from a number or a time code; what is neither as it is."""
    value = next((entry[name] for name in names if name in entry), None)
    code = TIMECODE.fullmatch(value) if isinstance(value, str) else None
    if code is None:
        return value
    return int(code["hours"] or 0) * 3600 + int(code["minutes"]) * 60 + float(code["seconds"])

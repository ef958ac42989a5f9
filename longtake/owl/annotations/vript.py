"""Vript: scenes of a video, numbered, each with a caption of four fields and what is said over it.

A caption file is `ID_caption.json` as published:
{"meta": {"video_id", "video_title", "num_clips", "integrity"}, "data": {"ID-Scene-001": {"video_id", "clip_id", "video_title",
"caption": {"shot_type", "camera_movement", "content", "scene_title"}, "voiceover": [text, ...]}, ...}};
`vript_long_videos_captions.jsonl` has such scenes, one a line. It has no times. They lie beside the cut clips: `ID_cut_meta.json`
({"clips": [{"clip_id": "ID-Scene-001.mp4", ...}]}, see `vript_times.py`) and `ID_asr.jsonl`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from longtake.owl.annotations.files import read_json, read_lines
from longtake.owl.annotations.plans import Conversion, LeftOut, StoryPlan, StoryPlans, name_stories
from longtake.owl.annotations.timeline import Chain, Span, cut_spans, read_span, read_text
from longtake.owl.annotations.vript_times import SCENE, SceneTime, read_times

CAPTION_KEYS = ("shot_type", "camera_movement", "content", "scene_title")
ADJACENT_S = 0.1
"""Two scenes follow each other where their times meet so closely, and overlap no more: sums of durations are rounded."""
WHAT = 'Vript: {"meta": {...}, "data": {"ID-Scene-001": {"caption": {"content": ...}, ...}, ...}}, or such scenes, one a line'


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scene as it is told of; a text is "" where the file has none."""

    scene_id: str
    video: str
    number: int
    """Of the scene in its video, from 1."""
    video_title: str
    shot_type: str
    camera_movement: str
    content: str
    scene_title: str
    voiceover: str
    """What is said; no part of the clip's text, since nothing of it can be seen."""

    @property
    def text(self) -> str:
        """What happens: the camera's movement in front of the content (C.3)."""
        return " ".join(part for part in (self.camera_movement, self.content) if part)


def plan_vript(
    captions: str | Path, times: str | Path | Mapping[str, SceneTime], conversion: Conversion | None = None
) -> StoryPlans:
    """The plans of all videos; one has several where a scene between others is missing. Every scene begins with a cut.

    `captions` is a file, or a folder of `*_caption.json`; `times` a file or folder with `*_cut_meta.json` or `*_asr.jsonl`, or what
    `read_times` found there. Raises UserError for a file of another kind.
    """
    conversion = conversion or Conversion()
    known = times if isinstance(times, Mapping) else read_times(times)
    videos: dict[str, list[Scene]] = {}
    left_out: list[LeftOut] = []
    for scene in read_scenes(captions):
        if isinstance(scene, LeftOut):
            left_out.append(scene)
        else:
            videos.setdefault(scene.video, []).append(scene)
    plans: list[StoryPlan] = []
    for video, scenes in videos.items():
        stories, missing = plan_scenes(video, scenes, known, conversion)
        plans += stories
        left_out += missing
    return StoryPlans(plans=tuple(plans), left_out=tuple(left_out))


def plan_scenes(
    video: str, scenes: Iterable[Scene], times: Mapping[str, SceneTime], conversion: Conversion
) -> tuple[list[StoryPlan], list[LeftOut]]:
    """The plans of one video from its scenes in any order, and what of it was left out."""
    left_out: list[LeftOut] = []
    runs: list[list[Span]] = []
    title, last, end_s = "", 0, 0.0
    for scene in sorted(scenes, key=lambda scene: scene.number):
        title = title or scene.video_title
        span = _span_of(scene, times, repeated=scene.number == last, end_s=end_s)
        if isinstance(span, LeftOut):
            left_out.append(span)
            continue
        if not runs or span.start_s > end_s + ADJACENT_S:
            runs.append([])
        last, end_s = scene.number, span.end_s
        runs[-1].append(span)
    chains: list[Chain] = [chain for run in runs for chain in cut_spans(run, conversion)]
    if runs and not chains:
        left_out.append(LeftOut(place=video, reason="too_short"))
    return name_stories(video, title or None, chains, conversion), left_out


def _span_of(scene: Scene, times: Mapping[str, SceneTime], *, repeated: bool, end_s: float) -> Span | LeftOut:
    place = scene.scene_id
    if repeated:
        return LeftOut(place=place, reason="repeated")
    if place not in times:
        return LeftOut(place=place, reason="no_times")
    start, end = times[place]
    span = read_span(place, start, end, scene.text, after_cut=True)
    if isinstance(span, Span) and span.start_s < end_s - ADJACENT_S:
        return LeftOut(place=place, reason="overlaps", detail=f"begins at {span.start_s:g} s, before {end_s:g} s")
    return span


def read_scenes(path: str | Path) -> Iterator[Scene | LeftOut]:
    """The scenes of a caption file, of a file of lines, or of all `*_caption.json` below a folder, in the order of their names.

    Raises UserError for a file that has no scene, or a folder without such files; one bad file in a folder is left out.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.rglob("*_caption.json"))
        if not files:
            raise UserError(f"{path} has no *_caption.json; give the folder of Vript's unzipped captions")
        for file in files:
            try:
                yield from read_scenes(file)
            except UserError as error:
                yield LeftOut(place=file.name, reason="unreadable_file", detail=str(error)[:200])
        return
    scenes = False
    for place, entry in _lines(path) if path.suffix == ".jsonl" else _objects(path):
        scene = read_scene(place, entry)
        scenes = scenes or isinstance(scene, Scene)
        yield scene
    if not scenes:
        raise UserError(f"{path} has no scene; expected {WHAT}")


def _objects(path: Path) -> Iterator[tuple[str, Any]]:
    found = read_json(path, WHAT)
    if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
        raise UserError(f"{path} has no object named data; expected {WHAT}")
    yield from found["data"].items()


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    for number, found in read_lines(path):
        place = f"{path.name} line {number}"
        data = found.get("data") if isinstance(found, dict) else None
        yield from data.items() if isinstance(data, dict) else [(place, found)]


def read_scene(place: str, entry: Any) -> Scene | LeftOut:
    """A scene from its object; `place` is its key, or else the line that it is on."""
    if isinstance(entry, ValueError):
        return LeftOut(place=place, reason="unreadable_line", detail=str(entry)[:200])
    if not isinstance(entry, dict):
        return LeftOut(place=place, reason="missing_keys", detail=f"it is {entry!r:.40}")
    scene_id, caption = read_text(entry.get("clip_id")) or place, entry.get("caption")
    named = SCENE.fullmatch(scene_id)
    if named is None or not isinstance(caption, dict):
        return LeftOut(
            place=scene_id, reason="missing_keys", detail="expected a clip_id like ID-Scene-001, and a caption"
        )
    texts = {key: read_text(caption.get(key)) for key in CAPTION_KEYS}
    if not texts["content"]:
        return LeftOut(place=scene_id, reason="empty_text")
    said = entry.get("voiceover")
    lines = said if isinstance(said, list) else [said]
    return Scene(
        scene_id=scene_id, video=named["video"], number=int(named["number"]), video_title=read_text(entry.get("video_title")),
        voiceover=" ".join(filter(None, map(read_text, lines))), **texts,
    )  # fmt: skip

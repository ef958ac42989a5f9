"""Marks out of Label Studio's JSON export, and tasks for its import.

An export is a list of tasks: `data` (what was shown), `annotations` (what people said: `completed_by`, `was_cancelled`,
`result`) and `predictions` (what a model said, ignored here). The mark is a result of type rating, number, or choices
whose one choice is a number.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from longtake.annotating.debiasing import HIGHEST, LOWEST
from longtake.errors import UserError
from longtake.records import Clip

LABELLING_CONFIG = """\
<View>
  <Video name="video" value="$video"/>
  <Rating name="suitability" toName="video" maxRating="5" required="true"/>
</View>"""
"""What a Label Studio project for these tasks is set up with."""
_CLIP_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One person's mark of one task."""

    task: str
    """The task's number, for messages."""
    clip_ids: tuple[str, ...]
    """What in the task's data could be the clip's id: `clip_id` first, then what stands in the video's address."""
    annotator: str
    score: float
    marked_at: str
    """ISO 8601, UTC."""


@dataclass(kw_only=True)
class Export:
    """What a file holds."""

    ratings: list[Rating] = field(default_factory=list)
    cancelled: int = 0
    """Annotations that were skipped by whoever began them."""
    unrated: int = 0
    """Annotations without a mark."""


def read_export(text: str, *, where: str, now: datetime, control: str | None = None) -> Export:
    """The marks of an export; `control` is the name of the rating where there are several, `now` the time of undated ones.

    Raises UserError for what is no such export and for marks outside of 1 to 5, which are of another scale.
    """
    export = Export()
    for task in _tasks(text, where):
        for annotation in task["annotations"]:
            if not isinstance(annotation, dict):
                raise UserError(f"{where}: task {task.get('id')} has an annotation that is no object; export as JSON")
            if annotation.get("was_cancelled"):
                export.cancelled += 1
            elif (score := _score(annotation, task, where, control)) is None:
                export.unrated += 1
            else:
                export.ratings.append(
                    Rating(
                        task=str(task.get("id")),
                        clip_ids=_clip_ids(task["data"]),
                        annotator=_annotator(annotation.get("completed_by"), where, task),
                        score=score,
                        marked_at=_time(annotation.get("updated_at") or annotation.get("created_at"), now),
                    )
                )
    return export


def make_tasks(clips: Iterable[tuple[Clip, str]]) -> list[dict[str, Any]]:
    """Tasks for Label Studio's import, of clips with the addresses of their films."""
    return [{"data": {"clip_id": clip.clip_id, "video": uri}} for clip, uri in clips]


def _tasks(text: str, where: str) -> list[dict[str, Any]]:
    expected = "expected Label Studio's export in the format JSON (not JSON-MIN, CSV or TSV)"
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"{where} is no JSON; {expected}") from None
    whole = isinstance(tasks, list) and all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) and isinstance(task.get("annotations"), list)
        for task in tasks
    )
    if not whole:
        raise UserError(f"{where} is no list of tasks with data and annotations; {expected}")
    return tasks


def _score(annotation: dict[str, Any], task: dict[str, Any], where: str, control: str | None) -> float | None:
    found = [
        (str(item.get("from_name")), number)
        for item in annotation.get("result") or []
        if isinstance(item, dict) and (number := _number(item)) is not None
    ]
    if control is not None:
        found = [(name, number) for name, number in found if name == control]
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(dict.fromkeys(name for name, _ in found))
        raise UserError(
            f"{where}: task {task.get('id')} has {len(found)} marks ({names}); say with --control which counts"
        )
    ((name, score),) = found
    if not LOWEST <= score <= HIGHEST:
        raise UserError(
            f"{where}: task {task.get('id')} is marked {score:g} by {name!r}; expected {LOWEST:g} to {HIGHEST:g}: "
            "change the marks to that scale, nothing was imported"
        )
    return score


def _number(item: dict[str, Any]) -> float | None:
    """The number that a result says, if it says one."""
    value = item.get("value")
    said = value.get(item.get("type")) if isinstance(value, dict) and isinstance(item.get("type"), str) else None
    if item.get("type") == "choices" and isinstance(said, list) and len(said) == 1 and isinstance(said[0], str):
        said = said[0]
        return float(said) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", said.strip(), re.ASCII) else None
    if item.get("type") in ("rating", "number") and isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    return None


def _annotator(completed_by: object, where: str, task: dict[str, Any]) -> str:
    """The e-mail where the export has one; else the user's number, which only one Label Studio knows."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    if isinstance(completed_by, str) and completed_by.strip():
        return completed_by.strip()
    if isinstance(completed_by, int):
        return f"label-studio-{completed_by}"
    raise UserError(f"{where}: an annotation of task {task.get('id')} does not say who completed it; export it anew")


def _clip_ids(data: dict[str, Any]) -> tuple[str, ...]:
    texts = [data.get("clip_id"), *data.values()]
    found = [clip_id for text in texts if isinstance(text, str) for clip_id in _CLIP_ID.findall(unquote(text))]
    return tuple(dict.fromkeys(found))


def _time(given: object, now: datetime) -> str:
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else now
    except ValueError:
        at = now
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")

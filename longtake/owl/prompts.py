"""What films are asked for: files of prompts as benchmarks and data sets publish them, and a user's own words for what happens next."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake.errors import UserError, first_line

LONGEST_WORDS = 10_000
"""Of a prompt. No model reads as many; more is a file given by mistake."""
WEBVID_COLUMNS = ("videoid", "name")
"""Of videoid, contentUrl, duration, page_dir, name: what is read."""
CAMERA = ", camera "
"""VBench-I2V: what follows in a prompt is a movement of the camera, what goes before names the picture."""
VBENCH_DIMENSIONS = (
    "subject_consistency", "background_consistency", "temporal_flickering", "motion_smoothness", "dynamic_degree", "aesthetic_quality",
    "imaging_quality", "object_class", "multiple_objects", "human_action", "color", "spatial_relationship", "scene",
    "appearance_style", "temporal_style", "overall_consistency",
)  # fmt: skip
"""VBench's lists, one prompt a line, are named by them: `prompts_per_dimension/scene.txt`."""
EXPECTED = (
    "expected one prompt a line, VBench's JSON (prompt_en, dimension), VBench-I2V's (prompt_en, image_name, or caption, file_name), "
    "WebVid's CSV (videoid, ..., name) or Vript's captions (JSON)"
)
OVERRIDE = re.compile(r"(?P<text>.*)@\s*(?P<segment>[0-9]{1,9})\s*", re.DOTALL)
QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»"}
"""In which a text may stand, where no shell takes them off."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One film that is asked for."""

    prompt_id: str
    """Unique in its file: the file's own id, or the number of the prompt in it, from 0."""
    text: str
    image: Path | None = None
    """I, the first frame; None: to be made from the text."""
    dimensions: tuple[str, ...] = ()
    """What VBench measures on it."""


def read_prompts(path: str | Path, images: str | Path | None = None) -> list[Prompt]:
    """All prompts of a file, whose kind is seen by its content; `images` is the folder of the pictures that a VBench-I2V file names.

    Raises UserError for a file of no such kind, an empty prompt, one that is too long, an id that comes twice, a picture that is not
    there: with the number of the line or entry.
    """
    path = Path(path)
    text = _read_text(path)
    begins_as_json = text.lstrip()[:1] in ("[", "{")
    if path.suffix in (".json", ".jsonl") or (begins_as_json and path.suffix != ".txt"):
        prompts = _of_json(path, text, Path(images) if images is not None else None)
    elif path.suffix == ".csv" or set(WEBVID_COLUMNS) <= set(text.lstrip().split("\n", 1)[0].strip().split(",")):
        prompts = list(_of_csv(path, text))
    else:
        dimensions = (path.stem,) if path.stem in VBENCH_DIMENSIONS else ()
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        prompts = [
            Prompt(prompt_id=str(place), text=check_prompt(line, f"{path} line {number}"), dimensions=dimensions)
            for place, (number, line) in enumerate(lines)
        ]
    if not prompts:
        raise UserError(f"{path} holds no prompt; {EXPECTED}")
    _check_ids(path, prompts)
    return prompts


def check_prompt(text: object, place: str = "the prompt", tells: str = "what the film shows") -> str:
    """The text on one line. Raises UserError for none, an empty one, half a character, or more than 10,000 words."""
    if not isinstance(text, str):
        raise UserError(f"{place} is {text!r:.40}; expected a text")
    words = text.replace("\0", " ").split()
    if not words:
        raise UserError(f"{place} is empty; say {tells}")
    if len(words) > LONGEST_WORDS:
        raise UserError(f"{place} has {len(words):,} words; at most {LONGEST_WORDS:,} are possible")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UserError(f"{place} has half a character (a lone surrogate); write it as UTF-8")
    return " ".join(words)


def parse_override(given: Sequence[str], segments: int) -> dict[int, str]:
    """The user's own dynamics, each written `TEXT@K` (the text may stand in quotes): d_K, counted from 0 as the segments are.

    `["the square leaves@4"]` is {4: "the square leaves"}. Raises UserError for another form, an empty text, a number that the film's
    `segments` don't have, and one that comes twice.
    """
    found: dict[int, str] = {}
    for one in given:
        match = OVERRIDE.fullmatch(one)
        if match is None:
            raise UserError(
                f"dynamics are {one[:80]!r}; expected the text, @ and the segment's number: 'the square leaves@4'"
            )
        segment, text = int(match["segment"]), _unquote(match["text"].strip())
        if not 0 <= segment < segments:
            raise UserError(
                f"dynamics {one[:80]!r} are for segment {segment}; the film has segments 0 to {segments - 1}"
            )
        if segment in found:
            raise UserError(f"dynamics of segment {segment} are given twice: {found[segment][:40]!r} and {text[:40]!r}")
        found[segment] = check_prompt(text, f"the text of dynamics {one[:80]!r}", "what happens next")
    return found


def _unquote(text: str) -> str:
    return text[1:-1].strip() if len(text) > 1 and QUOTES.get(text[0]) == text[-1] else text


def _read_text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8 ({first_line(error)}); {EXPECTED}") from None
    if "\0" in text:
        raise UserError(f"{path} is no text, it has zero bytes in it; {EXPECTED}")
    return text


def _check_ids(path: Path, prompts: Sequence[Prompt]) -> None:
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.prompt_id in seen:
            raise UserError(
                f"{path} has the id {prompt.prompt_id[:80]!r} twice; an id names one film: give each prompt its own"
            )
        seen.add(prompt.prompt_id)


def _of_csv(path: Path, text: str) -> Iterator[Prompt]:
    """WebVid."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in WEBVID_COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise UserError(f"{path} has no column {' and no '.join(missing)}; {EXPECTED}")
        for row in rows:
            place = f"{path} line {rows.line_num}"
            video_id, name = (check_prompt(row[column], f"{place}: {column}") for column in WEBVID_COLUMNS)
            yield Prompt(prompt_id=video_id, text=name)
    except csv.Error as error:
        raise UserError(f"{path} line {max(1, rows.line_num)} is no CSV ({error}); {EXPECTED}") from None


def _of_json(path: Path, text: str, images: Path | None) -> list[Prompt]:
    entries = _parse(path, text)
    if isinstance(entries, dict):
        data = entries.get("data")
        entries = list(data.values()) if isinstance(data, dict) else [entries]
    first = entries[0] if isinstance(entries, list) and entries else None
    if not isinstance(first, dict):
        raise UserError(f"{path} is JSON, but no list or map of prompts; {EXPECTED}")
    if isinstance(first.get("caption"), dict):
        return [_of_vript(f"{path} entry {number}", entry) for number, entry in enumerate(entries)]
    keys = next((keys for keys in (("prompt_en", "image_name"), ("caption", "file_name")) if keys[0] in first), None)
    if keys is None:
        raise UserError(f"{path} has entries with {', '.join(map(str, list(first)[:8]))}; {EXPECTED}")
    return _of_vbench(path, entries, *keys, images)


def _parse(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise UserError(f"{path} has brackets within brackets, too deep to read; {EXPECTED}") from None
    except ValueError as error:
        lines = _parse_lines(path, text)
        if not lines:
            raise UserError(f"{path} is no JSON ({first_line(error)}); {EXPECTED}") from None
        return lines


def _parse_lines(path: Path, text: str) -> list[Any]:
    """JSON, one a line; nothing where the first line is none."""
    found: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            found += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as error:
            if not found:
                return []
            raise UserError(f"{path} line {number} is no JSON ({first_line(error)}); {EXPECTED}") from None
    return found


def _of_vript(place: str, entry: Any) -> Prompt:
    """A scene: the camera's movement and the content, as its clips are told of in training."""
    caption = entry.get("caption") if isinstance(entry, dict) else None
    if not isinstance(caption, dict):
        raise UserError(f"{place} has no caption; {EXPECTED}")
    scene_id = check_prompt(entry.get("clip_id"), f"{place}: clip_id")
    content = check_prompt(caption.get("content"), f"{place}: content")
    movement = caption.get("camera_movement")
    return Prompt(
        prompt_id=scene_id, text=check_prompt(f"{movement} {content}" if isinstance(movement, str) else content, place)
    )


def _of_vbench(path: Path, entries: Sequence[Any], text_key: str, image_key: str, images: Path | None) -> list[Prompt]:
    texts: list[str] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or text_key not in entry:
            raise UserError(f"{path} entry {number} has no {text_key}; {EXPECTED}")
        texts.append(check_prompt(entry[text_key], f"{path} entry {number}: {text_key}"))
    named = {text: entry[image_key] for text, entry in zip(texts, entries, strict=True) if image_key in entry}
    prompts: list[Prompt] = []
    for number, (text, entry) in enumerate(zip(texts, entries, strict=True)):
        place = f"{path} entry {number}"
        name = entry.get(image_key, named.get(text.rpartition(CAMERA)[0]))
        dimensions = _dimensions(place, entry)
        image = None if name is None else _image(place, name, images)
        prompts.append(Prompt(prompt_id=str(number), text=text, image=image, dimensions=dimensions))
    return prompts


def _dimensions(place: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    given = entry.get("dimension", [])
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise UserError(f"{place}: dimension is {given!r:.40}; expected a list of names")
    return tuple(listed)


def _image(place: str, name: object, images: Path | None) -> Path:
    if not isinstance(name, str) or not name or name in (".", "..") or set("/\\\0") & set(name):
        raise UserError(f"{place}: its picture is {name!r:.40}; expected the name of a file")
    if images is None:
        raise UserError(f"{place} has the picture {name!r:.80}; say in which folder the pictures are (images)")
    if not (images / name).is_file():
        raise UserError(
            f"{place}: {images} has no picture {name!r:.80}; give the folder that has all of them, such as data/crop/16-9"
        )
    return images / name

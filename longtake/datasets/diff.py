"""How two datasets of one lake differ: in their clips, in what was dropped and why, in who made the rows and how."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from longtake.lake import Lake
from longtake.records import Dataset, Selection
from longtake.shards import WHOLE

EXAMPLES = 5
"""Clips that are named of each kind of difference."""
NOT_THERE = "not_there"
"""In place of a reason: the other dataset did not choose from this clip at all."""


@dataclass
class Lost:
    """Clips that one dataset keeps and the other does not."""

    reasons: dict[str, int] = field(default_factory=dict)
    """What the other dropped them for; `not_there` where they were not to choose from."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """A few clip ids of each reason."""

    def add(self, clip_id: str, reason: str) -> None:
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        named = self.examples.setdefault(reason, [])
        if len(named) < EXAMPLES:
            named.append(clip_id)


@dataclass
class Diff:
    """From one dataset (old) to another (new)."""

    old: str
    new: str
    both: int = 0
    """Clips that both keep."""
    lost: Lost = field(default_factory=Lost)
    """Kept by the old, not by the new."""
    gained: Lost = field(default_factory=Lost)
    """Kept by the new, not by the old."""
    made_by: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Stages whose rows are by another maker."""
    configs: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """Changed settings by their path, `selecting.thresholds.clarity.min`; None where there is no such setting."""
    seconds: tuple[float, float] = (0.0, 0.0)
    """Of the kept clips, old and new."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def compare(lake: Lake, old: Dataset, new: Dataset) -> Diff:
    """The difference; the tables are read a few buckets at a time."""
    diff = Diff(old.name, new.name, seconds=(old.seconds, new.seconds))
    stages = sorted({*old.made_by, *new.made_by})
    made_by = {stage: (old.made_by.get(stage), new.made_by.get(stage)) for stage in stages}
    diff.made_by = {stage: makers for stage, makers in made_by.items() if makers[0] != makers[1]}
    settings = (dict(_settings(old)), dict(_settings(new)))
    for path in sorted({*settings[0], *settings[1]}):
        values = (settings[0].get(path), settings[1].get(path))
        if values[0] != values[1]:
            diff.configs[path] = values
    for before, after in _selections(lake, old, new):
        _count(diff, before, after)
    return diff


def _selections(lake: Lake, old: Dataset, new: Dataset) -> Iterator[tuple[dict[str, Selection], dict[str, Selection]]]:
    """What each dataset chose from, by clip, for one set of buckets after another: together they cover all."""
    groups = [
        set(group)
        for dataset in (old, new)
        for group in lake.tables.groups(Selection, buckets=WHOLE.buckets, dataset=dataset.name)
    ]
    left = set(WHOLE.buckets)
    for group in groups:
        wanted = group & left
        left -= wanted
        if wanted:
            yield _by_clip(lake, old, wanted), _by_clip(lake, new, wanted)


def _by_clip(lake: Lake, dataset: Dataset, buckets: set[int]) -> dict[str, Selection]:
    version = dataset.versions.get(Selection.TABLE)
    rows = lake.tables.read(Selection, buckets=buckets, version=version, dataset=dataset.name)
    return {row.clip_id: row for row in rows}


def _count(diff: Diff, before: Mapping[str, Selection], after: Mapping[str, Selection]) -> None:
    for rows, others, lost in ((before, after, diff.lost), (after, before, diff.gained)):
        for clip_id, row in rows.items():
            if not row.kept:
                continue
            other = others.get(clip_id)
            if other is not None and other.kept:
                diff.both += rows is before
            else:
                lost.add(clip_id, NOT_THERE if other is None else other.reason or "")


def _settings(dataset: Dataset) -> Iterator[tuple[str, Any]]:
    """What the stages were told, and what selecting found for itself, by path."""
    yield from _flat(dataset.configs)
    if dataset.vtss_threshold is not None:
        yield "vtss_threshold", dataset.vtss_threshold


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf of nested dictionaries with its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value

"""Thresholds from the scores of a lake: which share of its clips they keep, as YAML for selecting."""

from collections import Counter

import numpy as np
import yaml

from longtake.config import dump_config
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import METRICS, Score
from longtake.selecting.tuning import tune
from longtake.shards import WHOLE

COLUMNS = (*METRICS, "aesthetic", "vtss")


def tune_thresholds(lake: Lake, keep: float, made_by: str | None) -> tuple[str, str]:
    """The YAML of a `selecting_config` with thresholds that keep about that share of the scored clips, and a sentence.

    Raises UserError where there are no scores, or several makers' and none is chosen.
    """
    maker = made_by or _only_maker(lake)
    columns = _columns(lake, maker)
    clips = len(columns[COLUMNS[0]])
    if not clips:
        raise UserError(
            f"there are no scores by {maker} in {lake.data_root}; `longtake lake query` shows the table scores"
        )
    found = tune(columns, keep)
    ranges = {
        name: {side: value for side, value in sides.items() if value is not None}
        for name, sides in dump_config(found.thresholds).items()
    }
    given = {"selecting_config": {"thresholds": ranges}}  # an open one too: left out it would have its default
    text: str = yaml.safe_dump(given, sort_keys=False)
    return text, f"these keep {found.kept:.1%} of the {clips:,} clips scored by {maker}; {keep:.1%} were asked for"


def _only_maker(lake: Lake) -> str:
    makers: Counter[tuple[str, str]] = Counter()
    for group in lake.tables.groups(Score, buckets=WHOLE.buckets):
        found = lake.tables.scan(Score, buckets=group).select(["made_by", "scorer", "reason"]).to_pylist()
        makers.update((row["made_by"], row["scorer"]) for row in found if row["reason"] is None)
    if not makers:
        raise UserError(f"there are no scores in {lake.data_root}; run the step scoring first")
    if len(makers) > 1:
        shown = ", ".join(f"{made_by} ({n:,} clips, {scorer})" for (made_by, scorer), n in makers.most_common(5))
        raise UserError(
            f"{len(makers)} makers have scored clips in {lake.data_root}: {shown}; choose one with --made-by"
        )
    return next(iter(makers))[0]


def _columns(lake: Lake, made_by: str) -> dict[str, np.ndarray]:
    """Every metric of the clips that could be measured, float64 [clips], NaN where it is null."""
    parts: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in COLUMNS}
    for group in lake.tables.groups(Score, buckets=WHOLE.buckets, made_by=made_by):
        found = lake.tables.scan(Score, buckets=group, made_by=made_by)
        measured = np.array([reason is None for reason in found.column("reason").to_pylist()], bool)
        for name in COLUMNS:
            parts[name].append(np.array(found.column(name).to_pylist(), np.float64)[measured])
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}

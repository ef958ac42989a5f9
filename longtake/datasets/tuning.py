"""Thresholds from the scores of a lake, on VTSS or on each metric: which share of its clips they keep, as YAML for selecting."""

from collections import Counter
from typing import Any

import numpy as np
import yaml

from longtake.config import dump_config
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import METRICS, Score
from longtake.selecting.tuning import tune, tune_vtss
from longtake.selecting.valley import choose_threshold, count_scores
from longtake.shards import WHOLE

COLUMNS = (*METRICS, "aesthetic", "vtss")


def tune_thresholds(lake: Lake, keep: float, made_by: str | None, by: str | None = None) -> tuple[str, str]:
    """The YAML of a `selecting_config` that keeps about that share of the scored clips, and a sentence.

    `by` is vtss or thresholds; without it VTSS where all clips have one. Raises UserError where there are no scores, not
    those that are asked for, or several makers' and none is chosen.
    """
    maker = made_by or _only_maker(lake)
    columns = _columns(lake, maker)
    clips = len(columns[COLUMNS[0]])
    if not clips:
        raise UserError(
            f"there are no scores by {maker} in {lake.data_root}; `longtake lake query` shows the table scores"
        )
    without = int((~np.isfinite(columns["vtss"])).sum())
    if by == "vtss" and without:
        raise UserError(
            f"{without} of {clips} clips scored by {maker} have no VTSS; score them with a network, or say --by thresholds"
        )
    chosen = by or ("thresholds" if without else "vtss")
    given, kept, more = _by_vtss(columns["vtss"], keep) if chosen == "vtss" else _by_hand(columns, keep)
    text: str = yaml.safe_dump({"selecting_config": {"by": chosen} | given}, sort_keys=False)
    sentence = f"this keeps {kept:.1%} of the {clips:,} clips scored by {maker}; {keep:.1%} were asked for"
    return text, f"{sentence}{more}"


def _by_vtss(values: np.ndarray, keep: float) -> tuple[dict[str, Any], float, str]:
    least, kept = tune_vtss(values, keep)
    cut = choose_threshold(count_scores(values))
    more = f". Without vtss_min it would be {cut.sentence}; that keeps {np.mean(values >= cut.threshold):.1%}"
    return {"vtss_min": least}, kept, more


def _by_hand(columns: dict[str, np.ndarray], keep: float) -> tuple[dict[str, Any], float, str]:
    found = tune(columns, keep)
    ranges = {
        name: {side: value for side, value in sides.items() if value is not None}
        for name, sides in dump_config(found.thresholds).items()
    }
    return {"thresholds": ranges}, found.kept, ""  # an open one too: left out it would have its default


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

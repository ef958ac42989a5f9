"""What the body of a Kubeflow component does around its one call: logs, error sentences, metrics, the report's copy."""

import logging
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from longtake.errors import EXIT_FAULT, explain
from longtake.lake import Lake, key_below
from longtake.pod import label_own_pod
from longtake.selecting.agreement import Agreement
from longtake.stages.step import Summary
from longtake.telemetry import log_json

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


class Metrics(Protocol):
    """Kubeflow's Metrics artifact, as much of it as is used."""

    def log_metric(self, metric: str, value: float) -> None: ...


class ClassificationMetrics(Protocol):
    """Kubeflow's ClassificationMetrics artifact, as much of it as is used. It is written as JSON: NaN and infinity are none."""

    def log_confusion_matrix(self, categories: list[str], matrix: list[list[int]]) -> None: ...
    def log_roc_curve(self, fpr: list[float], tpr: list[float], threshold: list[float]) -> None: ...


def call(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The step's result; what the user did wrong, or what is down, ends the task with one sentence instead of a trace."""
    log_json()
    label_own_pod(run=str(kwargs.get("run", "")), shard=str(kwargs.get("shard", "")))
    try:
        return step(*args, **kwargs)
    except Exception as error:
        foreseen = explain(error)
        if foreseen is None:
            log.error(f"{type(error).__name__}: {error}", extra={"failed": EXIT_FAULT})
            raise
        code, sentence = foreseen
        log.error(sentence, extra={"failed": code})
        sys.exit(code)


def publish(summary: Summary, *, data_root: str, metrics: Metrics, report_path: str, **figures: float | None) -> None:
    """Shows the counts and those of the figures that are known as Kubeflow's metrics, and the report as its artifact."""
    numbers: dict[str, Any] = {"inputs": summary.inputs, "skipped": summary.skipped}
    numbers |= {name.replace(":", "_"): count for name, count in summary.items.items()}
    numbers |= {name: figure for name, figure in figures.items() if figure is not None and math.isfinite(figure)}
    for name, value in numbers.items():
        metrics.log_metric(name, value)
    lake = Lake(data_root)
    key = key_below(summary.report_uri, lake.data_root)
    assert key, "a report lies in the lake"
    Path(report_path).write_bytes(lake.objects.read(key))


def publish_agreement(agreement: Agreement | None, decisions: ClassificationMetrics) -> None:
    """Shows VTSS's decisions (columns) against the hand-set thresholds' (rows), and how well it foretells them.

    Nothing where no clip has a VTSS, and no curve where the thresholds keep all clips, or none.
    """
    if agreement is None:
        return
    table, roc = agreement.table, agreement.roc
    matrix = [[table.both, table.thresholds_alone], [table.vtss_alone, table.neither]]
    points = list(zip(roc.false_positives, roc.true_positives, roc.thresholds, strict=True)) if roc else []
    publish_decisions(decisions, ["kept", "dropped"], matrix, points)


def publish_decisions(
    decisions: ClassificationMetrics,
    labels: Sequence[str],
    confusion: Sequence[Sequence[int]],
    roc: Sequence[tuple[float, float, float]],
) -> None:
    """Shows decisions (columns) against what they should be (rows), and the curve through `roc`, if it has points.

    A point is the rate of false positives, that of true ones, and their threshold; those with an infinite one are left out.
    """
    decisions.log_confusion_matrix(list(labels), [list(row) for row in confusion])
    points = [point for point in roc if math.isfinite(point[2])]
    if points:
        false_positives, true_positives, thresholds = (list(column) for column in zip(*points, strict=True))
        decisions.log_roc_curve(false_positives, true_positives, thresholds)

"""What the body of a Kubeflow component does around its one call: logs, error sentences, metrics, the report's copy."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from longtake.errors import EXIT_FAULT, explain
from longtake.lake import Lake, key_below
from longtake.pod import label_own_pod
from longtake.stages.step import Summary
from longtake.telemetry import log_json

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


class Metrics(Protocol):
    """Kubeflow's Metrics artifact, as much of it as is used."""

    def log_metric(self, metric: str, value: float) -> None: ...


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


def publish(summary: Summary, *, data_root: str, metrics: Metrics, report_path: str) -> None:
    """Shows the counts as Kubeflow's metrics, and the report as its artifact."""
    numbers: dict[str, Any] = {"inputs": summary.inputs, "skipped": summary.skipped}
    numbers |= {name.replace(":", "_"): count for name, count in summary.items.items()}
    for name, value in numbers.items():
        metrics.log_metric(name, value)
    lake = Lake(data_root)
    key = key_below(summary.report_uri, lake.data_root)
    assert key, "a report lies in the lake"
    Path(report_path).write_bytes(lake.objects.read(key))

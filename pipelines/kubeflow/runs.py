"""Runs in Kubeflow: followed, listed, stopped."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from longtake.errors import TransientError, UserError
from pipelines.kubeflow.api import Kubeflow
from pipelines.kubeflow.parameters import spec_of

FINISHED = ("SUCCEEDED", "SKIPPED", "FAILED", "CANCELED")
LOOKED_AT = 2_000
"""Runs that are looked through for those of one pipeline."""
SHOWN_ID = 8
"""Characters of an id that tell runs apart."""
POLL_S = 5.0
SILENCE_S = 300.0
"""For how long a run that is followed may not be seen, while a port-forward is opened again, or the API restarts."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What people want to know of a run."""

    run: str
    name: str
    pipeline: str
    state: str
    created: str
    """In UTC."""
    duration_s: float
    """So far, of one that is not finished."""
    schedule: str
    """Id of the recurring run that started it; empty: a person did."""


def follow_run(kubeflow: Kubeflow, run_id: str) -> Iterator[Any]:
    """The run now, and each time its state has changed, until it is finished."""
    state, seen = "", time.monotonic()
    while state not in FINISHED:
        try:
            run = kubeflow.run(run_id)
            seen = time.monotonic()
        except TransientError:
            if time.monotonic() - seen > SILENCE_S:
                raise
        else:
            if run.state != state:
                state = str(run.state)
                yield run
                continue
        time.sleep(POLL_S)


def list_runs(kubeflow: Kubeflow, limit: int, pipeline: str | None = None) -> list[Row]:
    """Newest first, of one pipeline or of all; archived ones are left out, as in the UI."""
    names: dict[str, str] = {}
    rows: list[Row] = []
    for run in islice(kubeflow.runs(), LOOKED_AT):
        if len(rows) == limit:
            break
        if run.storage_state == "ARCHIVED":
            continue
        row = _row(run, pipeline_name_of(kubeflow, run, names))
        if pipeline in (None, row.pipeline):
            rows.append(row)
    return rows


def find_run(kubeflow: Kubeflow, text: str) -> Any:
    """The one run whose id begins so. Raises UserError."""
    if len(text) < 4:
        raise UserError(f"{text!r} is too short for a run's id; give at least four of its characters (longtake runs)")
    found = [run for run in kubeflow.runs(part_of_id=text.lower()) if run.run_id.startswith(text.lower())]
    if not found:
        raise UserError(
            f"KFP at {kubeflow.endpoint} has no run whose id begins with {text!r}; longtake runs shows them"
        )
    if len(found) > 1:
        some = ", ".join(run.run_id for run in found[:3])
        raise UserError(f"{len(found)} runs have an id that begins with {text!r}: {some}; give more of it")
    return found[0]


def stop_run(kubeflow: Kubeflow, text: str) -> str:
    """Stops the run whose id begins so; a sentence. Raises UserError for one that is finished."""
    run = find_run(kubeflow, text)
    if run.state in FINISHED:
        raise UserError(f"run {run.display_name} ({run.run_id}) is finished: {run.state}; there is nothing to stop")
    if run.state != "CANCELING":
        kubeflow.stop_run(run.run_id)
    name = pipeline_name_of(kubeflow, run, {})
    return (
        f"run {run.display_name} ({run.run_id}) is being stopped. What it has finished is kept; a new run with the same "
        f"parameters goes on from there: longtake submit {name}"
    )


def pipeline_id_of(run: Any) -> str | None:
    """Of a run or recurring run of an uploaded pipeline."""
    return run.pipeline_version_reference.pipeline_id if run.pipeline_version_reference else None


def own_pipeline_of(run: Any) -> str | None:
    """Name of the pipeline that a run brought along."""
    name: str | None = spec_of(run.pipeline_spec or {}).get("pipelineInfo", {}).get("name")
    return name


def pipeline_name_of(kubeflow: Kubeflow, run: Any, names: dict[str, str]) -> str:
    """`names` remembers what was asked before."""
    pipeline_id = pipeline_id_of(run)
    if pipeline_id is None:
        return own_pipeline_of(run) or "?"
    if pipeline_id not in names:
        names[pipeline_id] = kubeflow.pipeline_name(pipeline_id)
    return names[pipeline_id]


def ending_of(run: Any) -> str:
    """Why a run did not succeed, as far as Kubeflow knows."""
    return " ".join((run.error.message if run.error and run.error.message else "").split())


def _row(run: Any, pipeline: str) -> Row:
    # KFP says 1970 where it has no time yet.
    finished = run.finished_at if run.finished_at and run.finished_at.year > 1970 else datetime.now(UTC)
    return Row(
        run=run.run_id,
        name=run.display_name or "",
        pipeline=pipeline,
        state=run.state or "?",
        created=run.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        duration_s=max(0.0, (finished - run.created_at).total_seconds()),
        schedule=run.recurring_run_id or "",
    )

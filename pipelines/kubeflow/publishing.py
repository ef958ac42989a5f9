"""The chart's values made true in Kubeflow: pipelines that start without typing, and schedules; and all of it undone.

What is made here says so in its description, and only that is ever changed or deleted. Every function may be cut off at any
moment and called again.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from pipelines.catalog import CATALOG
from pipelines.cluster.values import Values
from pipelines.kubeflow.api import GOING, Kubeflow
from pipelines.kubeflow.orders import EXPERIMENT, order_version
from pipelines.kubeflow.package import Package, pack
from pipelines.kubeflow.parameters import spec_of
from pipelines.kubeflow.runs import own_pipeline_of, pipeline_id_of
from pipelines.kubeflow.schedules import Wanted, keep_schedule, maker_of, ours

MARK = "Made by longtake publish."
"""Ends the description of a pipeline that is ours."""


def pack_all(values: Values, folder: Path) -> dict[str, Package]:
    """Every pipeline by its name."""
    if values.engine != "kfp":
        raise UserError(f"values.engine is {values.engine!r}: there is no KFP to publish to; set it to 'kfp'")
    return {name: pack(name, values, folder) for name in CATALOG}


def publish(kubeflow: Kubeflow, values: Values, packages: Mapping[str, Package]) -> Iterator[str]:
    """Uploads what is not there yet and keeps the schedules; a line for each thing, and one for the whole."""
    there = {name: kubeflow.pipeline(name) for name in packages}
    for name, pipeline in there.items():
        if pipeline and MARK not in (pipeline.description or ""):
            raise UserError(
                f"KFP has a pipeline {name!r} that longtake publish did not make; delete it in the KFP UI, under Pipelines"
            )
    versions: dict[str, Any] = {}
    uploads = 0
    for name, package in packages.items():
        versions[name], uploaded = _keep_version(kubeflow, package, there[name])
        uploads += uploaded
        yield f"pipeline {name}: version {_name(versions[name])} {'uploaded' if uploaded else 'unchanged'}"
    changes = yield from _keep_schedules(kubeflow, values, versions)
    yield (
        f"published to {kubeflow.endpoint}: pipelines {len(packages)} ({uploads} uploaded), "
        f"schedules {len(values.schedules)} ({changes} changed)"
    )


def unpublish(kubeflow: Kubeflow, values: Values) -> Iterator[str]:
    """Deletes all that longtake made and stops what is under way; finished runs stay as history."""
    mine = {
        str(pipeline.pipeline_id): _name(pipeline)
        for pipeline in list(kubeflow.pipelines())
        if MARK in (pipeline.description or "")
    }
    gone = set()
    for run in list(kubeflow.schedules()):
        if maker_of(run):
            kubeflow.delete_schedule(run.recurring_run_id)
            gone.add(run.recurring_run_id)
            yield f"schedule {run.display_name}: deleted"
        elif pipeline_id_of(run) in mine:
            yield f"schedule {run.display_name}: left, since longtake did not make it; its pipeline is deleted, though"
    experiment = kubeflow.experiment(values.kfp.experiment)
    filed = str(experiment.experiment_id) if experiment else ""
    stopped = 0
    for run in list(kubeflow.runs(states=GOING)):
        brought = run.experiment_id == filed and own_pipeline_of(run) in mine.values()
        ours_too = brought or pipeline_id_of(run) in mine or run.recurring_run_id in gone
        if ours_too and _stop(kubeflow, run.run_id):
            stopped += 1
            yield f"run {run.display_name} ({run.run_id}): stopped"
    for pipeline_id, name in mine.items():
        kubeflow.delete_pipeline(pipeline_id)
        yield f"pipeline {name}: deleted"
    if experiment and experiment.description == EXPERIMENT and kubeflow.is_empty(filed):
        kubeflow.delete_experiment(filed)
        yield f"experiment {values.kfp.experiment}: deleted, nothing was ever filed there"
    yield (
        f"unpublished from {kubeflow.endpoint}: pipelines {len(mine)}, schedules {len(gone)}, runs stopped {stopped}; "
        "finished runs stay as history"
    )


def _stop(kubeflow: Kubeflow, run_id: str) -> bool:
    """Stops a run, unless it has just come to its end."""
    try:
        kubeflow.stop_run(run_id)
    except UserError:
        if kubeflow.run(run_id).state in GOING:
            raise
        return False
    return True


def _keep_version(kubeflow: Kubeflow, package: Package, pipeline: Any | None) -> tuple[Any, bool]:
    """The version that KFP offers for a new run, and whether it was uploaded: its newest may be this one already.

    After a roll-back the same content comes a second time, since KFP offers the newest: with a number behind its name.
    """
    if pipeline is None:
        description = spec_of(package.document)["pipelineInfo"].get("description", "")
        pipeline = kubeflow.create_pipeline(package.pipeline, f"{description}\n\n{MARK}".strip())
    versions = list(kubeflow.versions(pipeline.pipeline_id))
    matches = [re.fullmatch(rf"{re.escape(package.version)}(?:-([0-9]+))?", _name(version)) for version in versions]
    if matches and matches[0]:
        return versions[0], False
    last = max((int(match[1] or 1) for match in matches if match), default=0)
    name = f"{package.version}-{last + 1}" if last else package.version
    return kubeflow.upload_version(pipeline.pipeline_id, name, package.file, package.terms), True


def _keep_schedules(kubeflow: Kubeflow, values: Values, versions: Mapping[str, Any]) -> Generator[str, None, int]:
    existing = ours(kubeflow)
    terms = (values.service_account.name, values.kfp.experiment)
    changes = 0
    for name, schedule in values.schedules.items():
        order = order_version(schedule.pipeline, versions[schedule.pipeline], schedule.parameters, terms)
        wanted = Wanted(
            name=name,
            made_by="publish",
            cron=schedule.cron,
            enabled=schedule.enabled,
            fields=order.fields(kubeflow),
        )
        done = keep_schedule(kubeflow, wanted, [run for run in existing if run.display_name == name])
        changes += done != "unchanged"
        state = "" if schedule.enabled else ", paused"
        yield f"schedule {name}: {done} ({schedule.pipeline} at {schedule.cron}{state})"
    for run in existing:
        if maker_of(run) == "publish" and run.display_name not in values.schedules:
            kubeflow.delete_schedule(run.recurring_run_id)
            changes += 1
            yield f"schedule {run.display_name}: deleted, the values have it no longer"
    return changes


def _name(made: Any) -> str:
    """Of a pipeline or a version; KFP before 2.5 has the display name alone."""
    return str(made.name or made.display_name)

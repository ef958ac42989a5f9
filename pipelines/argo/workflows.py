"""Pipelines for Argo Workflows (3.6 or later) without Kubeflow: a WorkflowTemplate, and a CronWorkflow a schedule.

Two layers: the skeleton is all that values make no difference to (`helm/longtake/files/argo`), its graph is in
`pipelines.argo.graphs`; `pipelines.argo.dressing` puts the values on it, and the chart's templates do the same once more.

Argo fills a template in by writing it as JSON, putting each parameter in place of its {{tag}}, escaped as inside a JSON
string, and reading it again (util/template of its source). So quotes in a parameter survive, and since a parameter is one
argument of `longtake` and never part of a shell's line, nothing in it is ever run. What {{= }} holds is an expression.
Those here use its built-in functions alone (Argo 4 has few of sprig's), single quotes, and no question mark.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from pipelines.argo.dressing import as_text, dress, labels_of
from pipelines.argo.graphs import GRAPHS
from pipelines.cluster.pod import UID
from pipelines.cluster.schedules import Schedule
from pipelines.cluster.values import Values

Node = dict[str, Any]

API = "argoproj.io/v1alpha1"
GRACE_S = 120
"""From SIGTERM to SIGKILL; Argo passes the first on to the step, which commits what it has finished."""
HISTORY = 100
"""More than a schedule leaves behind in argo.keepSeconds, which alone says how long a Workflow stays."""


def compile_pipeline(name: str, values: Values, folder: Path) -> Path:
    """Writes `<folder>/<name>.argo.yaml`: the WorkflowTemplate and the CronWorkflows of its schedules."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.argo.yaml"
    path.write_text(_yaml(workflow_template(name, values), *cron_workflows(name, values)))
    return path


def write_skeletons(folder: Path) -> list[Path]:
    """Writes `<folder>/<pipeline>.yaml` for the chart."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for pipeline in GRAPHS:
        path = folder / f"{pipeline}.yaml"
        path.write_text("# Written from pipelines/argo/graphs.py by `make chart`.\n" + _yaml(skeleton(pipeline)))
        written.append(path)
    return written


def _yaml(*objects: Node) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False, width=120)


def workflow_template(pipeline: str, values: Values) -> Node:
    """The pipeline with these values of the chart as its defaults and its pods."""
    return dress(skeleton(pipeline), pipeline, values)


def cron_workflows(pipeline: str, values: Values) -> list[Node]:
    """The pipeline's schedules."""
    return [
        _cron_workflow(name, schedule, values)
        for name, schedule in values.schedules.items()
        if schedule.pipeline == pipeline
    ]


def _cron_workflow(name: str, schedule: Schedule, values: Values) -> Node:
    workflow: Node = {"workflowTemplateRef": {"name": f"longtake-{schedule.pipeline}"}}
    if schedule.parameters:
        parameters = [{"name": key, "value": as_text(value)} for key, value in sorted(schedule.parameters.items())]
        workflow["arguments"] = {"parameters": parameters}
    return {
        "apiVersion": API,
        "kind": "CronWorkflow",
        "metadata": {"name": f"longtake-{name}", "labels": labels_of(values)},
        "spec": {
            "schedules": [" ".join(schedule.cron.split()[1:])],  # Argo knows no seconds
            "timezone": "UTC",
            "suspend": not schedule.enabled,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 0,  # a start that was missed is late at once, and is not made up for
            "successfulJobsHistoryLimit": HISTORY,
            "failedJobsHistoryLimit": HISTORY,
            "workflowMetadata": {"labels": labels_of(values)},
            "workflowSpec": workflow,
        },
    }


def skeleton(pipeline: str) -> Node:
    """The pipeline without values: its parameters, its steps and what each calls, and what keeps every pod in bounds."""
    return {
        "apiVersion": API,
        "kind": "WorkflowTemplate",
        "metadata": {"name": f"longtake-{pipeline}"},
        "spec": {
            **GRAPHS[pipeline](),
            "automountServiceAccountToken": True,  # Argo's executor reports each pod's outcome to the API
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": UID,
                "runAsGroup": UID,
                "fsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "podSpecPatch": json.dumps({"terminationGracePeriodSeconds": GRACE_S}),
        },
    }

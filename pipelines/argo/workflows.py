"""Pipelines for Argo Workflows (3.6 or later) without Kubeflow: a WorkflowTemplate, and a CronWorkflow a schedule.

Two layers: the skeleton is all that values make no difference to (`helm/longtake/files/argo`); `pipelines.argo.dressing` puts
the values on it, and the chart's templates do the same once more.

Argo fills a template in by writing it as JSON, putting each parameter in place of its {{tag}}, escaped as inside a JSON
string, and reading it again (util/template of its source). So quotes in a parameter survive, and since a parameter is one
argument of `longtake` and never part of a shell's line, nothing in it is ever run. What {{= }} holds is an expression.
Those here use its built-in functions alone (Argo 4 has few of sprig's), single quotes, and no question mark.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.argo.dressing import as_text, dress, labels_of
from pipelines.catalog import CATALOG
from pipelines.cluster.pod import SCRATCH, SHM, UID
from pipelines.cluster.schedules import Schedule
from pipelines.cluster.values import Values

Node = dict[str, Any]

API = "argoproj.io/v1alpha1"
OUTPUTS = f"{SCRATCH}/outputs"
RUN = "{{workflow.name}}"
SHARD_LABEL = "{{=replace(split(inputs.parameters.shard, ':')[0], '/', 'of')}}"
"""`2of4` for the shard 2/4:0,7-9: a label holds neither slashes nor colons."""
FAILURES = "{{=workflow.failures[:32768]}}"
"""Every node that failed, as JSON; Linux takes 128 KiB in one argument."""
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
    for pipeline in _SKELETONS:
        path = folder / f"{pipeline}.yaml"
        path.write_text("# Written from pipelines/argo/workflows.py by `make chart`.\n" + _yaml(skeleton(pipeline)))
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
        parameters = [{"name": key, "value": as_text(value)} for key, value in schedule.parameters.items()]
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
            **_SKELETONS[pipeline](),
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


def _curate() -> Node:
    listing = {**_places(), "shards": _given("shards"), "config": _given("listing_config"), "run": RUN}
    shard = {"shard": "{{inputs.parameters.shard}}"}
    sliced_by = {"slicing_config": _given("slicing_config")}
    slicing = {**_places(), **shard, "config": _given("slicing_config"), "run": RUN}
    scoring = {**_places(), **shard, **sliced_by, "config": _given("scoring_config"), "run": RUN}
    selecting = {
        **_places(),
        "dataset": _given("dataset"),
        **sliced_by,
        "scoring_config": _given("scoring_config"),
        "config": _given("selecting_config"),
        "run": RUN,
    }
    captioning = {
        "data_root": _given("data_root"),
        "dataset": "{{inputs.parameters.dataset}}",
        "config": _given("captioning_config"),
        "run": RUN,
    }
    every_shard = {
        "name": "shards",
        "template": "shard",
        "depends": "listing",
        "withParam": "{{tasks.listing.outputs.parameters.shards}}",
        "arguments": {"parameters": [{"name": "shard", "value": "{{item}}"}]},
    }
    of_one_shard = {"arguments": {"parameters": [{"name": "shard", "value": "{{inputs.parameters.shard}}"}]}}
    chosen = "{{tasks.selecting.outputs.parameters.dataset}}"
    shards = {"name": "shards", "description": "How many pods may slice at once; fewer where there is less to do."}
    dataset = {"name": "dataset", "description": "Family of the dataset; a digest of what is in it is added."}
    return {
        "entrypoint": "curate",
        "onExit": "summary",
        "arguments": {"parameters": [*_place_parameters(), shards, dataset, *_config_parameters("curate")]},
        "templates": [
            {
                "name": "curate",
                "dag": {
                    "failFast": False,  # a shard that fails holds back no other
                    "tasks": [
                        {"name": "listing", "template": "listing"},
                        every_shard,
                        {"name": "selecting", "template": "selecting", "depends": "shards"},
                        {
                            "name": "captioning",
                            "template": "captioning",
                            "depends": "selecting",
                            "arguments": {"parameters": [{"name": "dataset", "value": chosen}]},
                        },
                    ],
                },
            },
            {
                "name": "shard",
                "inputs": {"parameters": [{"name": "shard"}]},
                "dag": {
                    "tasks": [
                        {"name": "slicing", "template": "slicing", **of_one_shard},
                        {"name": "scoring", "template": "scoring", "depends": "slicing", **of_one_shard},
                    ]
                },
            },
            _step("listing", listing, outputs=("shards",)),
            _step("slicing", slicing, inputs=("shard",), shard=SHARD_LABEL),
            _step("scoring", scoring, inputs=("shard",), shard=SHARD_LABEL),
            _step("selecting", selecting, outputs=("dataset",)),
            _step("captioning", captioning, inputs=("dataset",)),
            _summary("curate"),
        ],
        "podGC": {"strategy": "OnWorkflowSuccess"},  # of a run that failed every pod stays, and with it its log
    }


def _doctor() -> Node:
    return {
        "entrypoint": "doctor",
        "arguments": {"parameters": _place_parameters()},
        "templates": [_step("doctor", {**_places(), "run": RUN})],
    }


def _train_tsa() -> Node:
    training = {
        **_places(),
        "slicing_config": _given("slicing_config"),
        "scoring_config": _given("scoring_config"),
        "config": _given("tsa_training_config"),
        "run": RUN,
    }
    return {
        "entrypoint": "tsa-training",
        "onExit": "summary",
        "arguments": {"parameters": [*_place_parameters(), *_config_parameters("train-tsa")]},
        "templates": [_step("tsa_training", training, outputs=("weights",)), _summary("train-tsa")],
        "podGC": {"strategy": "OnWorkflowSuccess"},
    }


def _tune_captioner() -> Node:
    tuning = {
        "data_root": _given("data_root"),
        "dataset": _given("dataset"),
        "captioning_config": _given("captioning_config"),
        "config": _given("caption_tuning_config"),
        "run": RUN,
    }
    dataset = {"name": "dataset", "description": "Whose clips: a dataset, or a family, whose newest it is."}
    return {
        "entrypoint": "caption-tuning",
        "onExit": "summary",
        "arguments": {"parameters": [*_place_parameters(), dataset, *_config_parameters("tune-captioner")]},
        "templates": [_step("caption_tuning", tuning, outputs=("adapter",)), _summary("tune-captioner")],
        "podGC": {"strategy": "OnWorkflowSuccess"},
    }


_SKELETONS = {
    "curate": _curate, "doctor": _doctor, "train-tsa": _train_tsa, "tune-captioner": _tune_captioner,
}  # fmt: skip


def _place_parameters() -> list[Node]:
    return [
        {"name": "raw", "description": "Where the raw videos lie, for example s3://footage/raw."},
        {"name": "data_root", "description": "Where tables and clips go, for example s3://lake/data."},
    ]


def _places() -> dict[str, str]:
    return {"raw": _given("raw"), "data_root": _given("data_root")}


def _given(parameter: str) -> str:
    return f"{{{{workflow.parameters.{parameter}}}}}"


def _config_parameters(pipeline: str) -> list[Node]:
    return [
        {"name": name, "description": f"Fields of {config.__name__} that are not to have their default, as JSON."}
        for name, config in CATALOG[pipeline].configs.items()
    ]


def _summary(pipeline: str) -> Node:
    """The step that every pipeline ends with, however it went."""
    end = {"run": RUN, "pipeline": pipeline, "state": "{{workflow.status}}", "error": FAILURES}
    return _step("summary", {**_places(), **end})


def _step(
    name: str,
    settings: Mapping[str, str],
    *,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    shard: str = "1of1",
) -> Node:
    """A pod that runs `longtake step NAME` with these parameters; each output is a file that the step writes."""
    labels = {"longtake.io/stage": name, "longtake.io/run": RUN, "longtake.io/shard": shard}
    dashed = name.replace("_", "-")  # Argo's names have no underscores
    template: Node = {"name": dashed, "metadata": {"labels": labels}}
    args = ["step", name, "--accept-quarantined"]  # what is put aside is no failure, and Argo knows no success but 0
    if inputs:
        template["inputs"] = {"parameters": [{"name": name} for name in inputs]}
    if outputs:
        files = [{"name": name, "valueFrom": {"path": f"{OUTPUTS}/{name}.json"}} for name in outputs]
        template["outputs"] = {"parameters": files}
        args += ["--outputs", OUTPUTS]
    for key, value in settings.items():
        args += ["--set", f"{key}={value}"]
    template["container"] = {
        "command": ["longtake"],
        "args": args,
        "volumeMounts": [{"name": "shm", "mountPath": SHM}, {"name": "scratch", "mountPath": SCRATCH}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return template

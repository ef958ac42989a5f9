"""A step as a template of Argo: a pod that runs `longtake step NAME`, and what it is given."""

from collections.abc import Mapping
from typing import Any

from pipelines.catalog import CATALOG
from pipelines.cluster.pod import SCRATCH, SHM

Node = dict[str, Any]

OUTPUTS = f"{SCRATCH}/outputs"
RUN = "{{workflow.name}}"
SHARD_LABEL = "{{=replace(split(inputs.parameters.shard, ':')[0], '/', 'of')}}"
"""`2of4` for the shard 2/4:0,7-9: a label holds neither slashes nor colons."""
CELLS_LABEL = "{{=split(split(inputs.parameters.cells, '/')[2], '.')[0]}}"
"""`1a2b3c4d5e6f` for the part sweeps/clips-0a1b2c3d/1a2b3c4d5e6f.json."""
FAILURES = "{{=workflow.failures[:32768]}}"
"""Every node that failed, as JSON; Linux takes 128 KiB in one argument."""


def place_parameters() -> list[Node]:
    return [
        {"name": "raw", "description": "Where the raw videos lie, for example s3://footage/raw."},
        {"name": "data_root", "description": "Where tables and clips go, for example s3://lake/data."},
    ]


def places() -> dict[str, str]:
    return {"raw": given("raw"), "data_root": given("data_root")}


def given(parameter: str) -> str:
    return f"{{{{workflow.parameters.{parameter}}}}}"


def config_parameters(pipeline: str) -> list[Node]:
    return [
        {"name": name, "description": f"Fields of {config.__name__} that are not to have their default, as JSON."}
        for name, config in CATALOG[pipeline].configs.items()
    ]


def summary(pipeline: str) -> Node:
    """The step that every pipeline ends with, however it went."""
    end = {"run": RUN, "pipeline": pipeline, "state": "{{workflow.status}}", "error": FAILURES}
    return step("summary", {**places(), **end})


def step(
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


def keep_failed() -> Node:
    """Of a run that failed every pod stays, and with it its log."""
    return {"strategy": "OnWorkflowSuccess"}


def arguments(**parameters: str) -> Node:
    return {"arguments": {"parameters": [{"name": name, "value": value} for name, value in parameters.items()]}}

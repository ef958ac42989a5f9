"""What the values put on a skeleton of `pipelines.argo.workflows`. Plain data, since the chart's templates make the very same.

    metadata.labels                 values.labels and app.kubernetes.io/part-of
    spec                            workflowMetadata.labels (the same), serviceAccountName, imagePullSecrets*,
                                    podPriorityClassName*, ttlStrategy, parallelism
    spec.arguments.parameters[]     value: a text as it is, all else as JSON
    spec.templates[], with a pod    metadata.labels (the pod's, then the skeleton's), metadata.annotations, nodeSelector*,
                                    tolerations*, activeDeadlineSeconds, retryStrategy*, volumes
      .container                    image, imagePullPolicy, env, resources

With * only where there is something to say: no key is empty.
"""

import json
from typing import Any

from longtake.config import dump_changes
from pipelines.cluster.pod import Pod, pod_of
from pipelines.cluster.values import Values

Node = dict[str, Any]

STAGE = "longtake.io/stage"
"""The label that says which step a pod is."""
RETRY = "lastRetry.status == 'Error' or lastRetry.exitCode in ['-1', '30', '137', '143']"
"""An attempt that may pass: its pod was lost (Error; -1 where its exit code is unknown, as after most evictions; ended by
SIGKILL or SIGTERM), or something did not answer (30). A mistake (20) and a fault (1) would only fail again."""


def dress(template: Node, pipeline: str, values: Values) -> Node:
    """The WorkflowTemplate with everything that the values decide; `template` itself is changed."""
    template["metadata"]["labels"] = labels_of(values)
    spec = template["spec"]
    spec |= _spec(values)
    defaults = _defaults(pipeline, values)
    for parameter in spec["arguments"]["parameters"]:
        parameter["value"] = as_text(defaults[parameter["name"]])
    for step in spec["templates"]:
        if "container" in step:
            _dress_step(step, pod_of(step["metadata"]["labels"][STAGE], values))
    return template


def labels_of(values: Values) -> dict[str, str]:
    """Of every object that is no pod."""
    return {**values.labels, "app.kubernetes.io/part-of": "longtake"}


def as_text(value: object) -> str:
    """A parameter's value as Argo has it: text as it is, all else as JSON, where 2.0 is 2 as in Helm."""
    if isinstance(value, str):
        return value
    plain = json.loads(json.dumps(value), parse_float=_whole)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def _whole(digits: str) -> float:
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) < 1e21 else number  # from there on Go has an exponent too


def _defaults(pipeline: str, values: Values) -> dict[str, Any]:
    """By parameter, of every pipeline's and of this one's own."""
    configs = {f"{stage}_config": dump_changes(config) for stage, config in vars(values.configs).items()}
    own = getattr(values.pipelines, pipeline.replace("-", "_"), None)
    return {"raw": values.lake.raw, "data_root": values.lake.data_root, **configs, **(vars(own) if own else {})}


def _spec(values: Values) -> Node:
    spec: Node = {
        "workflowMetadata": {"labels": labels_of(values)},
        "serviceAccountName": values.service_account.name,
        "ttlStrategy": {"secondsAfterCompletion": values.argo.keep_seconds},
        "parallelism": values.argo.parallelism,
    }
    if values.images.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in values.images.pull_secrets]
    if values.priority_class.name:
        spec["podPriorityClassName"] = values.priority_class.name
    return spec


def _dress_step(step: Node, pod: Pod) -> None:
    step["metadata"] = {"labels": pod.labels | step["metadata"]["labels"], "annotations": pod.annotations}
    if pod.node_selector:
        step["nodeSelector"] = pod.node_selector
    if pod.tolerations:
        step["tolerations"] = list(pod.tolerations)
    step["activeDeadlineSeconds"] = pod.timeout_s  # of one attempt
    if pod.retries:
        # No maxDuration: Argo counts it from the first attempt's start, and what is lost late is to have another too.
        step["retryStrategy"] = {
            "limit": pod.retries,
            "retryPolicy": "Always",
            "expression": RETRY,
            "backoff": {"duration": "30s", "factor": 2},
        }
    step["volumes"] = [
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": pod.shm}},
        {"name": "scratch", "emptyDir": {"sizeLimit": pod.scratch}},
    ]
    step["container"] |= {
        "image": pod.image,
        "imagePullPolicy": pod.pull_policy,
        "env": _env(pod),
        "resources": {"requests": _amounts(pod), "limits": _amounts(pod)},
    }


def _env(pod: Pod) -> list[Node]:
    plain = [{"name": name, "value": value} for name, value in sorted(pod.environment.items())]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": of, "key": key}}}
        for name, (of, key) in sorted(pod.secret_environment.items())
    ]
    return [*plain, *secret]


def _amounts(pod: Pod) -> dict[str, str]:
    amounts = {"cpu": str(pod.cpu), "memory": pod.memory}
    return amounts | {pod.accelerator: str(pod.accelerators)} if pod.accelerator else amounts

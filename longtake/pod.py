"""The pod that a step runs in: its labels, so that `kubectl get pods -l longtake.io/run=...` finds it.

Kubeflow makes a pod before it knows which run and shard it is for, so that the step says so itself; Argo's templates
say it. Needs the variables LONGTAKE_POD and LONGTAKE_NAMESPACE, and the right to patch pods.
"""

import logging
import os
from typing import TYPE_CHECKING

from longtake.errors import UserError
from longtake.shards import WHOLE, Shard

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

log = logging.getLogger(__name__)

TIMEOUT_S = 5


def label_own_pod(run: str, shard: str = "", api: "CoreV1Api | None" = None) -> bool:
    """Labels this process's pod with its run and shard, where it has one; whether it did.

    A refusal is a warning: work goes on without labels.
    """
    name, namespace = os.environ.get("LONGTAKE_POD"), os.environ.get("LONGTAKE_NAMESPACE")
    if not (name and namespace and run):
        return False
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    labels = {"longtake.io/run": run, "longtake.io/shard": _label(shard)}
    try:
        if api is None:
            config.load_incluster_config()
            api = client.CoreV1Api()
        body = {"metadata": {"labels": labels}}
        api.patch_namespaced_pod(name, namespace, body, _request_timeout=TIMEOUT_S)
    except (ApiException, HTTPError, config.ConfigException) as error:
        reason = str(getattr(error, "reason", None) or error)
        log.warning("the pod has no labels of its run", extra={"pod": name, "reason": reason})
        return False
    return True


def _label(shard: str) -> str:
    try:
        return (Shard.parse(shard) if shard else WHOLE).label
    except UserError:
        return "unknown"  # the step itself will say what is wrong with it

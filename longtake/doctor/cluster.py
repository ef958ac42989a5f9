"""The Kubernetes cluster: whether it answers, who we are there, and which APIs it has.

APIs are asked for by discovery, which every identity may use, and never by reading CustomResourceDefinitions, which takes
a ClusterRole.
"""

import base64
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from longtake.doctor.finding import Finding, bad, good, skipped, warn

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

IDENTITY = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_S = 5
_DISCOVERY = "bind this identity to the ClusterRole system:discovery, which Kubernetes gives to everybody by default"


@dataclass(frozen=True)
class Api:
    """A group of resources that an operator brings, and what is missing without it."""

    name: str
    group: str
    resources: tuple[str, ...]
    without: str
    fix: str
    needed: bool = False


APIS = (
    Api(
        "Argo Workflows", "argoproj.io", ("workflows", "workflowtemplates", "cronworkflows"),
        "no pipeline can run in this cluster", "install Kubeflow Pipelines 2.17, or Argo Workflows alone", needed=True,
    ),
    Api(
        "KFP schedules", "kubeflow.org", ("scheduledworkflows",),
        "no recurring runs of Kubeflow Pipelines", "install Kubeflow Pipelines 2.17",
    ),
    Api(
        "Prometheus", "monitoring.coreos.com", ("podmonitors", "prometheusrules"),
        "no PodMonitor and no alerts", "install the Prometheus Operator",
    ),
    Api("Kueue", "kueue.x-k8s.io", ("localqueues",), "no queues: pods wait for room in no order", "install Kueue"),
    Api("KubeRay", "ray.io", ("rayjobs", "rayclusters"), "no step over several machines", "install KubeRay"),
    Api(
        "External Secrets", "external-secrets.io", ("externalsecrets",),
        "no S3 keys from a vault", "install External Secrets Operator; workload identity needs none",
    ),
)  # fmt: skip


def look_at_cluster(wanted: bool | None) -> Iterator[Finding]:
    """The cluster of this pod, or of the kubeconfig; None for `wanted` looks only where one of them is here."""
    in_pod = (IDENTITY / "token").exists()
    nobody = not in_pod and not any(path.exists() for path in kubeconfigs())
    if wanted is False:
        yield skipped("cluster", "not asked for")
    elif nobody:
        found, fix = "no service account's token and no kubeconfig is here", "log in to a cluster, or set KUBECONFIG"
        yield bad("cluster", found, fix) if wanted else skipped("cluster", found)
    elif find_spec("kubernetes") is None:
        finding = bad if wanted else skipped
        yield finding("cluster", "the Kubernetes client is not installed", "pip install 'longtake[kfp]'")
    else:
        yield from _ask_cluster(in_pod)


def _ask_cluster(in_pod: bool) -> Iterator[Finding]:
    from kubernetes import client, config
    from urllib3.exceptions import HTTPError

    settings = client.Configuration()
    settings.retries = False
    try:
        if in_pod:
            config.load_incluster_config(client_configuration=settings)
            who = identity_in_pod()
        else:
            files = os.pathsep.join(map(str, kubeconfigs()))  # the client looks at KUBECONFIG only when it is imported
            config.load_kube_config(files, client_configuration=settings)
            who = _identity_of(config.list_kube_config_contexts(files)[1])
    except (config.ConfigException, yaml.YAMLError) as error:
        yield bad(
            "cluster",
            f"the kubeconfig can't be used: {' '.join(str(error).split()).rstrip('.')}",
            "correct it, or name another in KUBECONFIG",
        )
        return
    try:
        with client.ApiClient(settings) as api:
            yield from _ask_apis(api, settings.host, who)
    except HTTPError as error:
        words = str(error).rpartition(": ")[2]
        fix = (
            "see that it runs and that a NetworkPolicy or VPN lets this machine reach it, or name another in KUBECONFIG"
        )
        yield bad("cluster", f"{settings.host} does not answer ({words})", fix, transient=True)


def _ask_apis(api: "ApiClient", host: str, who: str) -> Iterator[Finding]:
    from kubernetes import client

    try:
        version = client.VersionApi(api).get_code(_request_timeout=TIMEOUT_S).git_version
        groups = client.ApisApi(api).get_api_versions(_request_timeout=TIMEOUT_S).groups
    except client.ApiException as error:
        yield judge_refusal("cluster", error.status, f"{host}, {who}", str(error.reason))
        return
    yield good("cluster", f"Kubernetes {version} at {host}, {who}")
    versions = {group.name: group.preferred_version.version for group in groups}
    for wanted in APIS:
        here: Collection[str] = ()
        if wanted.group in versions:
            try:
                found = client.CustomObjectsApi(api).get_api_resources(
                    wanted.group, versions[wanted.group], _request_timeout=TIMEOUT_S
                )
            except client.ApiException as error:
                yield judge_refusal(wanted.name, error.status, f"{wanted.group} of {host}", str(error.reason))
                continue
            here = {resource.name for resource in found.resources}
        yield judge_api(wanted, versions.get(wanted.group), here)


def judge_api(wanted: Api, version: str | None, here: Collection[str]) -> Finding:
    """Whether a group is served, and all of it that is used; `version` is the server's preferred one."""
    if version is None:
        found = f"{wanted.group} is not served: {wanted.without}"
        return warn(wanted.name, found, wanted.fix) if wanted.needed else skipped(wanted.name, found, wanted.fix)
    missing = [name for name in wanted.resources if name not in here]
    if missing:
        found = f"{wanted.group}/{version} has no {', '.join(missing)}: {wanted.without}"
        return warn(wanted.name, found, f"{wanted.fix}, with all its CRDs")
    return good(wanted.name, f"{wanted.group}/{version}: {', '.join(wanted.resources)}")


def judge_refusal(check: str, status: int, what: str, reason: str) -> Finding:
    """The server will not say; the client gives status 0 to a connection that is not trusted."""
    if status == 0:
        found = f"{what}: no trusted connection ({' '.join(reason.split())})"
        return bad(check, found, "correct the server's address and certificate-authority in the kubeconfig")
    if status == 401:
        return bad(check, f"{what}: these credentials are not known (401)", "log in to the cluster again")
    if status == 403:
        return warn(check, f"{what}: this identity may not ask which APIs there are (403)", _DISCOVERY)
    fix = "see that the cluster is well: kubectl get --raw /readyz"
    return bad(check, f"{what}: the server answers {status}", fix, transient=status >= 500)


def kubeconfigs() -> list[Path]:
    """Where a kubeconfig may lie, as kubectl has it."""
    named = os.environ.get("KUBECONFIG", "")
    return [Path(part) for part in named.split(os.pathsep) if part] or [Path(os.path.expanduser("~/.kube/config"))]  # noqa: PTH111 (home may be unknown)


def identity_in_pod(folder: Path = IDENTITY) -> str:
    """Namespace and service account, as the mounted token says them; it is not verified, the server does that."""
    namespace = (folder / "namespace").read_text().strip()
    body = (folder / "token").read_text().split(".")[1]
    subject = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"]
    return f"namespace {namespace}, service account {subject.rpartition(':')[2]}"


def _identity_of(context: dict[str, Any]) -> str:
    return f"context {context['name']}, namespace {context['context'].get('namespace', 'default')}"

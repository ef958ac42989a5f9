"""Values that are each right and do not go together. The chart fails with the same sentences (templates/checks.yaml)."""

import re
from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from longtake.errors import UserError
from pipelines.cluster.cron import check_cron
from pipelines.cluster.places import S3
from pipelines.cluster.services import Kfp, NetworkPolicy
from pipelines.cluster.values import Values

OUR_LABELS = "longtake.io/"
"""Network policies and metrics go by them."""


def find_contradictions(values: Values) -> Iterator[str]:
    """Sentences on values that are each right and don't go together; the chart fails with the same ones."""
    known = ", ".join(sorted(values.pools)) or "none"
    for field, step in vars(values.steps).items():
        name = to_camel(field)
        pool = values.pools.get(step.pool)
        if step.pool and pool is None:
            yield f"steps.{name}.pool is {step.pool!r}, which pools does not have; it has {known}"
        elif step.accelerators and pool is None:
            yield f"steps.{name}.accelerators is {step.accelerators}, but it names no pool; give steps.{name}.pool"
        elif step.accelerators and pool and not pool.accelerator:
            yield (
                f"steps.{name}.accelerators is {step.accelerators}, but its pool {step.pool!r} has no accelerator; "
                f"give pools.{step.pool}.accelerator, for example nvidia.com/gpu"
            )
        if mebibytes(step.shm) >= mebibytes(step.memory):
            yield f"steps.{name}.shm is {step.shm} and counts as memory, of which there is {step.memory}; give more memory"
    if values.publish.pool and values.publish.pool not in values.pools:
        yield f"publish.pool is {values.publish.pool!r}, which pools does not have; it has {known}"
    yield from _contradictions_of_s3(values.s3)
    yield from _contradictions_of_network(values.network_policy, values.s3.endpoint, values.kfp)
    if values.priority_class.create and not values.priority_class.name:
        yield "priorityClass.create is true, but it has no name; give priorityClass.name"
    if values.resource_quota.enabled and not values.resource_quota.hard:
        yield "resourceQuota.enabled is true, but resourceQuota.hard is empty; say what it limits"
    if f"{values.lake.data_root}/".startswith(f"{values.lake.raw.rstrip('/')}/"):
        yield f"lake.dataRoot {values.lake.data_root} lies in lake.raw {values.lake.raw}; give one outside it"
    for label in values.labels:
        if label.startswith(OUR_LABELS):
            yield f"labels has {label!r}, and the prefix {OUR_LABELS} is ours; take another one"
    for name, schedule in values.schedules.items():
        try:
            check_cron(schedule.cron)
        except UserError as error:
            yield f"schedules.{name}: {error}"


def _contradictions_of_s3(s3: S3) -> Iterator[str]:
    if s3.credentials == "secret" and not s3.secret.name:
        yield "s3.credentials is 'secret', but s3.secret.name is empty; name the Secret that holds the keys"
    if s3.credentials != "secret" and s3.secret.name:
        yield f"s3.secret.name is {s3.secret.name!r}, but s3.credentials is {s3.credentials!r}; give one way alone"
    if s3.credentials == "external" and not (s3.external.store and s3.external.key):
        yield "s3.credentials is 'external', but s3.external.store or s3.external.key is empty; give both"
    if s3.credentials != "external" and s3.external.store:
        yield f"s3.external.store is {s3.external.store!r}, but s3.credentials is {s3.credentials!r}; give one way alone"


def _contradictions_of_network(policy: NetworkPolicy, endpoint: str, kfp: Kfp) -> Iterator[str]:
    host = re.match(r"https?://[^./:]+\.([^./:]+)\.svc([.:/]|$)", kfp.endpoint)
    if policy.enabled and not policy.extra_egress and host and host[1] != kfp.namespace:
        yield (
            f"kfp.endpoint is {kfp.endpoint}, but the network policy lets pods reach Kubeflow in kfp.namespace "
            f"{kfp.namespace!r} alone; give kfp.namespace, or a way to {host[1]!r} in networkPolicy.extraEgress"
        )
    if not (policy.enabled and endpoint) or policy.s3_namespace:
        return
    given = re.search(r":([0-9]+)/?$", endpoint)
    port = int(given[1]) if given else 443 if endpoint.startswith("https:") else 80
    if port not in policy.s3.ports:
        yield (
            f"s3.endpoint is {endpoint}, but networkPolicy.s3.ports does not have its port {port}; add it, or name the "
            "namespace of a server in the cluster in networkPolicy.s3Namespace"
        )


def mebibytes(size: str) -> int:
    """`8Gi` as a number of MiB."""
    return int(size[:-2]) * {"Mi": 1, "Gi": 1 << 10, "Ti": 1 << 20}[size[-2:]]

"""The pod of a step, from the values: what Kubeflow's tasks and Argo's templates are both given."""

from dataclasses import dataclass
from typing import Any

from longtake import __version__
from pipelines.cluster.places import Image
from pipelines.cluster.values import Values

UID = 65532
"""User and group in every image; nobody on the node."""
SHM, SCRATCH = "/dev/shm", "/tmp"
S3_SECRET = "longtake-s3"
"""Secret that External Secrets Operator writes, with the variables' names as keys."""
METRICS_PORT = "longtake.io/metrics-port"
"""Annotation from which Prometheus knows the port: the pods that Kubeflow makes declare none."""

POD_FIELDS = {"LONGTAKE_POD": "metadata.name", "LONGTAKE_NAMESPACE": "metadata.namespace"}
"""With these a step can label its own pod with its run and shard, which Kubeflow knows too late to do it."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One attempt of one step."""

    image: str
    pull_policy: str
    pull_secrets: tuple[str, ...]
    labels: dict[str, str]
    """Run and shard are not known here; each engine adds them in its own way."""
    annotations: dict[str, str]
    environment: dict[str, str]
    secret_environment: dict[str, tuple[str, str]]
    """Variable -> (Secret, key)."""
    cpu: int
    memory: str
    accelerator: str
    accelerators: int
    node_selector: dict[str, str]
    tolerations: tuple[dict[str, str], ...]
    shm: str
    scratch: str
    timeout_s: int
    retries: int


def pod_of(step: str, values: Values) -> Pod:
    """What the pods of this step are to be. Takes values in which `find_contradictions` finds none."""
    given = getattr(values.steps, step)
    pool = values.pools.get(given.pool)
    queue = {"kueue.x-k8s.io/queue-name": pool.queue} if pool and pool.queue else {}
    return Pod(
        image=image_name(getattr(values.images, given.image)),
        pull_policy=values.images.pull_policy,
        pull_secrets=values.images.pull_secrets,
        labels={**values.labels, "app.kubernetes.io/part-of": "longtake", "longtake.io/stage": step, **queue},
        annotations={METRICS_PORT: str(values.metrics.port)},
        environment=_environment(given.cpu, values),
        secret_environment={name: (of.name, of.key) for name, of in given.secret_environment.items()}
        | _secret_environment(values),
        cpu=given.cpu,
        memory=given.memory,
        accelerator=pool.accelerator if pool and given.accelerators else "",
        accelerators=given.accelerators,
        node_selector=dict(pool.node_selector) if pool else {},
        tolerations=tuple(_as_in_pod(t) for t in pool.tolerations) if pool else (),
        shm=given.shm,
        scratch=given.scratch,
        timeout_s=given.timeout_seconds,
        retries=given.retries,
    )


def image_name(image: Image) -> str:
    """`repository@digest`, or `repository:tag` where no digest is given."""
    return f"{image.repository}@{image.digest}" if image.digest else f"{image.repository}:{image.tag or __version__}"


def _environment(cpu: int, values: Values) -> dict[str, str]:
    found = {
        "LONGTAKE_METRICS": f"0.0.0.0:{values.metrics.port}",
        "LONGTAKE_WORKERS": str(cpu),
        "AWS_REGION": values.s3.region,
        "AWS_ENDPOINT_URL_S3": values.s3.endpoint,
    }
    return {name: value for name, value in found.items() if value}


def _secret_environment(values: Values) -> dict[str, tuple[str, str]]:
    s3 = values.s3
    if s3.credentials == "secret":
        return {
            "AWS_ACCESS_KEY_ID": (s3.secret.name, s3.secret.access_key_id),
            "AWS_SECRET_ACCESS_KEY": (s3.secret.name, s3.secret.secret_access_key),
        }
    if s3.credentials == "external":
        return {name: (S3_SECRET, name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return {}


def _as_in_pod(toleration: Any) -> dict[str, str]:
    return {name: value for name, value in vars(toleration).items() if value and not name.startswith("_")}

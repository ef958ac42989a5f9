"""What stands around the pods, as the values have it: Kubeflow, Argo, Prometheus, networks, quotas and priorities."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pipelines.cluster.texts import CAMEL, Labels, Name, Network, Port

WherePresent = Literal["auto", "always", "never"]


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Kfp:
    """Kubeflow Pipelines, for `engine: kfp`."""

    endpoint: Annotated[str, Field(pattern=r"^https?://\S+$", examples=["http://ml-pipeline.kubeflow.svc:8888"])] = (
        "http://ml-pipeline.kubeflow.svc:8888"
    )
    """Its API."""
    namespace: Annotated[Name, Field(min_length=1)] = "kubeflow"
    """Where its own pods are (the network policies let steps talk to them). Without multiUser every run is there as well, and
    so must this release be."""
    multi_user: bool = False
    """True: runs belong to the namespace of this release, and a token is shown with each request."""
    experiment: Annotated[str, Field(min_length=1)] = "longtake"
    """What runs and schedules are filed under."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Argo:
    """Argo Workflows without Kubeflow, for `engine: argo`."""

    keep_seconds: Annotated[int, Field(ge=60)] = 604_800
    """How long a finished Workflow object stays."""
    parallelism: Annotated[int, Field(ge=1)] = 64
    """Pods of one run at once."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Publish:
    """The hook Jobs that upload pipelines and schedules to KFP after an install or upgrade, and remove them before an
    uninstall."""

    enabled: bool = True
    """False: upload what `longtake compile` writes by hand."""
    timeout_seconds: Annotated[int, Field(ge=30)] = 240
    """After which the hook, and so the install, has failed. Less than Helm's own --timeout, 5m, it says why. A node without
    the image, of some 900 MB, pulls it in that time: where nodes start cold, give helm --timeout and this more."""
    pool: Name = ""
    """Which of `pools` the hook Jobs run in; empty: any node."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Monitor:
    """An object of the Prometheus operator."""

    enabled: WherePresent = "auto"
    """auto: where the cluster has its API."""
    labels: Labels = Field(default_factory=dict)
    """What your Prometheus selects it by."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Metrics:
    """Prometheus."""

    port: Annotated[int, Field(ge=1024, le=65_535)] = 9090
    """Where each step serves /metrics while it runs."""
    interval: Annotated[str, Field(pattern=r"^[0-9]+(s|m)$", examples=["30s"])] = "15s"
    """How often they are read."""
    pod_monitor: Monitor = Field(default_factory=Monitor)
    """What tells Prometheus where the steps are."""
    rules: Monitor = Field(default_factory=Monitor)
    """Alerts."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Reach:
    """Addresses and ports."""

    cidrs: tuple[Network, ...]
    """Networks."""
    ports: tuple[Port, ...]
    """TCP ports."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class NetworkPolicy:
    """What pods of ours may talk to; all else is denied, both ways."""

    enabled: bool = True
    """Needs a network plugin that enforces policies."""
    s3: Reach = Field(default_factory=lambda: Reach(cidrs=("0.0.0.0/0", "::/0"), ports=(443,)))
    """Where S3 and its token service (STS) are, when they are not in the cluster."""
    s3_namespace: Name = ""
    """Namespace of an S3 server in the cluster; its pods may be reached on any port."""
    kubernetes_api: Reach = Field(default_factory=lambda: Reach(cidrs=("0.0.0.0/0", "::/0"), ports=(443, 6443)))
    """The API server: KFP's launcher and Argo's executor in each pod need it."""
    metadata_server: Reach = Field(
        default_factory=lambda: Reach(
            cidrs=("169.254.169.254/32", "169.254.169.252/32", "169.254.170.23/32"), ports=(80, 988)
        )
    )
    """Where workload identity gets its tokens on GKE, and with EKS Pod Identity; used with `credentials: workload`."""
    monitoring_namespace: Name = "monitoring"
    """Prometheus' namespace, which may read the metrics; empty: any."""
    extra_egress: tuple[dict[str, Any], ...] = ()
    """More egress rules, as in a NetworkPolicy: to a proxy; or to DNS where its pods lack the label k8s-app: kube-dns, as on
    OpenShift (namespace openshift-dns, port 5353)."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class ResourceQuota:
    """What all pods of the release's namespace may ask for together."""

    enabled: bool = False
    """The namespace should be longtake's own: the quota counts every pod in it."""
    hard: dict[str, str] = Field(default_factory=dict)
    """As in a ResourceQuota: pods, requests.cpu, requests.memory, requests.nvidia.com/gpu."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class PriorityClass:
    """Priority of the pods that can carry one: Argo's steps, the hook Jobs and the test. A KFP task has no field for it:
    set it for those by a default PriorityClass of the cluster, or by Kueue."""

    create: bool = False
    """Makes the class (an object of the whole cluster)."""
    name: Name = ""
    """The class; empty: none."""
    value: Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)] = 1000
    """Higher goes first."""

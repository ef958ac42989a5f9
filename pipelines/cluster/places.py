"""Where things are, as the values have it: images, footage and lake, S3, and as whom pods reach them."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pipelines.cluster.texts import CAMEL, Name, Place

REPOSITORY = r"^([a-z0-9][a-z0-9.\-]*(:[0-9]+)?/)?[a-z0-9]+([._/\-]+[a-z0-9]+)*$"
"""A colon is before a registry's port and nowhere else."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Image:
    """One image."""

    repository: Annotated[str, Field(pattern=REPOSITORY, examples=["registry.example.com/longtake/python-media"])]
    """Registry and name, without a tag. Without a registry, nodes must have it already (kind load, minikube image load): else
    they look for it on docker.io, where nobody promises what it is."""
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{0,128}$")] = ""
    """Empty: the version of the chart."""
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$", examples=[f"sha256:{'4f53cda1' * 8}"])] = ""
    """sha256:...; where it is given the tag is not looked at."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Images:
    """One image for each set of dependencies (`make images`)."""

    media: Image = Field(default_factory=lambda: Image(repository="longtake/python-media"))
    """Video and tables, no GPU."""
    torch: Image = Field(default_factory=lambda: Image(repository="longtake/python-torch"))
    """The same with torch, transformers and Ray."""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When a node asks the registry."""
    pull_secrets: tuple[Annotated[Name, Field(min_length=1)], ...] = ()
    """Names of Secrets of type kubernetes.io/dockerconfigjson."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class LakePlaces:
    """Where footage comes from and where all else goes: the defaults of every pipeline."""

    raw: Place = "s3://footage/raw"
    """Where the raw videos lie."""
    data_root: Place = "s3://lake/data"
    """Where tables, clips, progress and reports go; not below raw."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class SecretKeys:
    """A Secret of yours with S3 keys, for `credentials: secret`."""

    name: Name = ""
    """The Secret's name."""
    access_key_id: Annotated[str, Field(min_length=1)] = "AWS_ACCESS_KEY_ID"
    """Which of its keys holds the access key id."""
    secret_access_key: Annotated[str, Field(min_length=1)] = "AWS_SECRET_ACCESS_KEY"
    """Which of its keys holds the secret access key."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class ExternalKeys:
    """Where External Secrets Operator finds S3 keys, for `credentials: external`."""

    store: Name = ""
    """Name of the SecretStore."""
    store_kind: Literal["SecretStore", "ClusterSecretStore"] = "SecretStore"
    """Its kind."""
    key: str = ""
    """Name of the secret in the store; it has the properties AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    refresh_interval: Annotated[str, Field(pattern=r"^[0-9]+(s|m|h)$", examples=["15m"])] = "1h"
    """How often it is read again."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class S3:
    """How pods reach S3."""

    endpoint: Annotated[str, Field(pattern=r"^(https?://[^\s/]+/?)?$", examples=["http://minio.minio.svc:9000"])] = ""
    """URL of MinIO, SeaweedFS, Ceph and the like; empty: AWS."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9\-]*$", examples=["eu-central-1"])] = ""
    """Where the buckets are. Empty: what the cluster puts into pods itself (EKS with IRSA or Pod Identity), else us-east-1,
    with which servers other than AWS mostly are content."""
    credentials: Literal["workload", "secret", "external"] = "workload"
    """workload: the identity of the service account (EKS, GKE), no keys anywhere. secret: a Secret of yours. external: a
    Secret that External Secrets Operator writes."""
    secret: SecretKeys = Field(default_factory=SecretKeys)
    external: ExternalKeys = Field(default_factory=ExternalKeys)


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class ServiceAccount:
    """Who the pods of steps are."""

    create: bool = True
    """False: it is there already, with its rights."""
    name: Annotated[Name, Field(min_length=1)] = "longtake"
    """Runs that longtake starts use it; runs started in the KFP UI use KFP's own unless told otherwise."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Workload identity: eks.amazonaws.com/role-arn or iam.gke.io/gcp-service-account."""

"""Everything that a cluster decides, said once: the values of the chart, which pipelines are compiled with as well.

`helm/longtake/values.yaml`, its schema and the chart's table are written from here (`make chart`). Keys are camelCase, as
in Kubernetes; a stage's `config` keeps the names that it has everywhere.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.dit.recipe import TrainingConfig
from longtake.promotion.config import PromotingConfig
from longtake.selecting.config import SelectingConfig
from longtake.stages.config import (
    CaptioningStageConfig,
    EncodingStageConfig,
    ListingConfig,
    ScoringStageConfig,
    SlicingStageConfig,
)
from longtake.tsa_training.config import TSATrainingConfig
from pipelines.cluster.schedules import DatasetName, FamilyName, FewestNew, ModelFamily, Schedule, Shards
from pipelines.cluster.texts import CAMEL, Bytes, Labels, Name, Network, Place, Port, ScheduleName

WherePresent = Literal["auto", "always", "never"]
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


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Toleration:
    """As in a pod."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Pool:
    """A kind of node."""

    node_selector: Labels = Field(default_factory=dict)
    """Labels that its nodes have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of its nodes that pods put up with."""
    accelerator: Annotated[str, Field(pattern=r"^([a-z0-9.\-]+/[A-Za-z0-9.\-_]+)?$", examples=["nvidia.com/gpu"])] = ""
    """Resource that its device plugin offers; empty: none."""
    queue: Name = ""
    """Kueue: name of the LocalQueue that pods wait in; empty: none."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class SecretKey:
    """A key of a Secret of yours."""

    name: Annotated[Name, Field(min_length=1)]
    """The Secret's name."""
    key: Annotated[str, Field(min_length=1)]
    """Which of its keys."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Step:
    """The pod of a step."""

    image: Literal["media", "torch"] = "media"
    """Which of `images`."""
    pool: Name = ""
    """Which of `pools`; empty: any node."""
    accelerators: Annotated[int, Field(ge=0, le=64)] = 0
    """How many of the pool's accelerator."""
    cpu: Annotated[int, Field(ge=1, le=512)] = 1
    """Processors: request, limit, and how many files are worked on at once."""
    memory: Bytes = "2Gi"
    """Request and limit. One hostile file can't take the pod down where this is at least 1Gi and, for each processor, the
    `limits.memory_bytes` of the stage's config."""
    shm: Bytes = "256Mi"
    """Size of /dev/shm, which torch and Ray use; what lies there counts as memory."""
    scratch: Bytes = "10Gi"
    """Size of /tmp, the only other place that a pod can write to."""
    secret_environment: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")], SecretKey] = Field(
        default_factory=dict
    )
    """Variables out of Secrets of yours, beside those of S3: `{LONGTAKE_ENDPOINT_KEY: {name: vlm, key: token}}` of captioning."""
    timeout_seconds: Annotated[int, Field(ge=60)] = 86_400
    """An attempt that takes longer is ended; what it has finished is kept."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Attempts after the first."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Steps:
    """Every step that runs in a pod. A new one is added here, and the chart knows it."""

    listing: Step = Field(default_factory=lambda: Step(cpu=2, memory="9Gi", scratch="20Gi"))
    """Lists and probes the videos below raw: one pod."""
    slicing: Step = Field(default_factory=lambda: Step(cpu=3, memory="14Gi", scratch="50Gi", timeout_seconds=172_800))
    """Cuts videos into clips: one pod a shard."""
    scoring: Step = Field(
        default_factory=lambda: Step(image="torch", cpu=3, memory="16Gi", scratch="20Gi", timeout_seconds=172_800)
    )
    """Measures clips: one pod a shard."""
    selecting: Step = Field(default_factory=lambda: Step(cpu=2, memory="8Gi", scratch="2Gi"))
    """Chooses the clips of a dataset: one pod."""
    captioning: Step = Field(
        default_factory=lambda: Step(image="torch", cpu=3, memory="16Gi", scratch="20Gi", timeout_seconds=172_800)
    )
    """Captions clips: one pod. A model wants a pool with GPUs, and `configs.captioning.work` that says how many."""
    encoding: Step = Field(
        default_factory=lambda: Step(image="torch", cpu=3, memory="16Gi", scratch="100Gi", timeout_seconds=172_800)
    )
    """Encodes clips and captions as latents: one pod. An autoencoder of diffusers wants a pool with GPUs."""
    training: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="32Gi", shm="4Gi", scratch="100Gi", timeout_seconds=604_800, retries=5
        )
    )
    """Trains a video transformer: one pod, which wants a pool with a GPU. A killed one goes on from its last checkpoint."""
    news: Step = Field(default_factory=lambda: Step(memory="2Gi", scratch="1Gi", timeout_seconds=3600))
    """Says whether there is footage that the promoted model does not know: one pod."""
    promoting: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=2, memory="16Gi", shm="1Gi", scratch="50Gi", timeout_seconds=21_600
        )
    )
    """Judges a new model against the promoted one: one pod, with a GPU where the models want one."""
    tsa_training: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="16Gi", shm="1Gi", scratch="100Gi", timeout_seconds=172_800
        )
    )
    """Trains a TSA network: one pod. A GPU is no need for the preset `small`, and is one for `paper`."""
    caption_tuning: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="32Gi", shm="1Gi", scratch="100Gi", timeout_seconds=172_800
        )
    )
    """Fine-tunes a model that captions: one pod, which wants a pool with a GPU."""
    summary: Step = Field(default_factory=lambda: Step(memory="1Gi", scratch="1Gi", timeout_seconds=600))
    """Says how a run ended."""
    doctor: Step = Field(default_factory=lambda: Step(scratch="1Gi", timeout_seconds=600, retries=0))
    """Looks at what a pod has: packages, codecs, accelerators, shared memory, scratch, S3."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Configs:
    """The config of each stage that has one: the default of the parameter `<stage>_config`."""

    listing: ListingConfig = Field(default_factory=ListingConfig)
    """Fields of ListingConfig that are not to have their default."""
    slicing: SlicingStageConfig = Field(default_factory=SlicingStageConfig)
    """Fields of SlicingStageConfig (rule, encoding, limits) that are not to have their default."""
    scoring: ScoringStageConfig = Field(default_factory=ScoringStageConfig)
    """Fields of ScoringStageConfig (measuring, limits, work) that are not to have their default."""
    selecting: SelectingConfig = Field(default_factory=SelectingConfig)
    """Fields of SelectingConfig (by, vtss_min, thresholds, duplicates, validation) that are not to have their default."""
    captioning: CaptioningStageConfig = Field(default_factory=CaptioningStageConfig)
    """Fields of CaptioningStageConfig (writing, limits, work) that are not to have their default."""
    encoding: EncodingStageConfig = Field(default_factory=EncodingStageConfig)
    """Fields of EncodingStageConfig (encoding, limits, work) that are not to have their default."""
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    """Fields of TrainingConfig (model, objective, batch_tokens, steps, lr, validation, ...) that are not to have their default."""
    promoting: PromotingConfig = Field(default_factory=PromotingConfig)
    """Fields of PromotingConfig (margin, sigmas, samples, draws) that are not to have their default."""
    tsa_training: TSATrainingConfig = Field(default_factory=TSATrainingConfig)
    """Fields of TSATrainingConfig (preset, targets, curriculum, split, optimisation, seeds) that are not to have their default."""
    caption_tuning: CaptionTuningConfig = Field(default_factory=CaptionTuningConfig)
    """Fields of CaptionTuningConfig (model, lora, vision, projector, optimisation, judging) that are not to have their default."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class CurateDefaults:
    """Defaults of the pipeline curate."""

    shards: Shards = 4
    """How many pods slice and score at once."""
    dataset: FamilyName = "clips"
    """Family of the datasets that it makes."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class TuneCaptionerDefaults:
    """Defaults of the pipeline tune-captioner."""

    dataset: DatasetName = "clips"
    """Whose clips: a dataset's name, or that of a family, whose newest dataset it is."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class TrainDefaults:
    """Defaults of the pipeline train."""

    dataset: DatasetName = "clips"
    """What is learned from: a dataset's name, or that of a family, whose newest dataset it is."""
    start: str = ""
    """URI of a trained model to go on from; empty: from the beginning."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class RetrainDefaults:
    """Defaults of the pipeline retrain."""

    shards: Shards = 4
    """How many pods slice and score at once."""
    dataset: FamilyName = "clips"
    """Family of the datasets that it makes."""
    family: ModelFamily = "dit"
    """Family of the models: its promoted one is trained on, and may be replaced."""
    fewest_new: FewestNew = 1
    """New videos that are worth a training; 0: always."""


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class PipelineDefaults:
    """Defaults of pipelines; those of raw and data_root are in `lake`, those of configs in `configs`."""

    curate: CurateDefaults = Field(default_factory=CurateDefaults)
    train: TrainDefaults = Field(default_factory=TrainDefaults)
    retrain: RetrainDefaults = Field(default_factory=RetrainDefaults)
    tune_captioner: TuneCaptionerDefaults = Field(default_factory=TuneCaptionerDefaults)


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


@dataclass(frozen=True, kw_only=True, config=CAMEL)
class Values:
    """Values of the chart longtake."""

    engine: Literal["kfp", "argo"] = "kfp"
    """kfp: Kubeflow Pipelines. argo: Argo Workflows alone."""
    images: Images = Field(default_factory=Images)
    lake: LakePlaces = Field(default_factory=LakePlaces)
    s3: S3 = Field(default_factory=S3)
    service_account: ServiceAccount = Field(default_factory=ServiceAccount)
    pools: dict[Annotated[Name, Field(min_length=1)], Pool] = Field(default_factory=dict)
    """Kinds of nodes by a name of yours, said once; steps name them in `steps.<step>.pool`.

        l4:
          nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
          tolerations: [{key: nvidia.com/gpu, operator: Exists}]
          accelerator: nvidia.com/gpu     # the resource that the device plugin offers
          queue: gpu                      # Kueue's LocalQueue, if there is one

    Without a pool, a pod goes wherever it fits.
    """
    steps: Steps = Field(default_factory=Steps)
    configs: Configs = Field(default_factory=Configs)
    pipelines: PipelineDefaults = Field(default_factory=PipelineDefaults)
    schedules: dict[ScheduleName, Schedule] = Field(default_factory=dict)
    """Runs that come again, by a name of yours.

        curate-nightly:
          pipeline: curate
          cron: 0 0 2 * * *         # in UTC: second (0), minute, hour, day of month, month, day of week
          parameters: {shards: 8}   # those that are not to have the pipeline's default
        train-weekly:               # on the marks that people have given by then
          pipeline: train-tsa
          cron: 0 0 3 * * SUN
        retrain-nightly:            # ends after a listing where there is no new footage
          pipeline: retrain
          cron: 0 30 3 * * *

    At most one of a name at a time; what was missed is not made up for.
    """
    labels: Labels = Field(default_factory=dict)
    """On every object and pod: what your bill is split by, for example `{cost-center: video}`. The prefix longtake.io/ is
    ours."""
    kfp: Kfp = Field(default_factory=Kfp)
    argo: Argo = Field(default_factory=Argo)
    publish: Publish = Field(default_factory=Publish)
    metrics: Metrics = Field(default_factory=Metrics)
    network_policy: NetworkPolicy = Field(default_factory=NetworkPolicy)
    resource_quota: ResourceQuota = Field(default_factory=ResourceQuota)
    priority_class: PriorityClass = Field(default_factory=PriorityClass)

"""What runs where, as the values have it: kinds of nodes, and the pod of each step."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pipelines.cluster.texts import CAMEL, Bytes, Labels, Name


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
    owl_training: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="32Gi", shm="4Gi", scratch="100Gi", timeout_seconds=604_800, retries=5
        )
    )
    """Trains a stage of a world model: one pod, which wants a pool with a GPU. A killed one goes on from its last checkpoint."""
    scaling_plan: Step = Field(
        default_factory=lambda: Step(image="torch", memory="8Gi", scratch="2Gi", timeout_seconds=3600)
    )
    """Says what a sweep trains next: one pod a round. It needs no GPU, unless `configs.sweep.cap_hours` is to be of one."""
    scaling_sweep: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="32Gi", shm="4Gi", scratch="100Gi", timeout_seconds=604_800, retries=5
        )
    )
    """Trains a part of a sweep: one pod a part, which wants a pool with a GPU. A killed one goes on from where each run was."""
    scaling_fit: Step = Field(
        default_factory=lambda: Step(image="torch", cpu=2, memory="8Gi", scratch="2Gi", timeout_seconds=21_600)
    )
    """Fits the laws of a sweep: one pod."""
    generating: Step = Field(
        default_factory=lambda: Step(
            image="torch", cpu=4, memory="32Gi", shm="1Gi", scratch="100Gi", timeout_seconds=172_800, retries=5
        )
    )
    """Makes films with a world model: one pod, which wants a pool with a GPU. A killed one goes on behind the last segment."""
    summary: Step = Field(default_factory=lambda: Step(memory="1Gi", scratch="1Gi", timeout_seconds=600))
    """Says how a run ended."""
    doctor: Step = Field(default_factory=lambda: Step(scratch="1Gi", timeout_seconds=600, retries=0))
    """Looks at what a pod has: packages, codecs, accelerators, shared memory, scratch, S3."""

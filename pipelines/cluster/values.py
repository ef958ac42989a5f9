"""Everything that a cluster decides, said once: the values of the chart, which pipelines are compiled with as well.

`helm/longtake/values.yaml`, its schema and the chart's table are written from here (`make chart`). Keys are camelCase, as
in Kubernetes; a stage's `config` keeps the names that it has everywhere.
"""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pipelines.cluster.defaults import Configs, PipelineDefaults
from pipelines.cluster.nodes import Pool, Steps
from pipelines.cluster.places import S3, Images, LakePlaces, ServiceAccount
from pipelines.cluster.schedules import Schedule
from pipelines.cluster.services import Argo, Kfp, Metrics, NetworkPolicy, PriorityClass, Publish, ResourceQuota
from pipelines.cluster.texts import CAMEL, Labels, Name, ScheduleName


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

from typing import Any

from kfp import dsl

from components.doctor.component import doctor as examine
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "doctor"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pod."""

    @dsl.pipeline(name=PIPELINE, description="Looks at what a pod of this cluster has, before a run needs it.")
    def doctor(raw: str = values.lake.raw, data_root: str = values.lake.data_root) -> None:
        place(examine(raw=raw, data_root=data_root, run=dsl.PIPELINE_JOB_ID_PLACEHOLDER), "doctor", values)

    return doctor

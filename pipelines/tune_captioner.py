from typing import Any

from kfp import dsl

from components.caption_tuning.component import caption_tuning
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "tune-captioner"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="Captions of a dataset become an adapter for a vision-language model that captions as they do.",
    )
    def tune_captioner(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        dataset: str = values.pipelines.tune_captioner.dataset,
        captioning_config: dict = dump_changes(values.configs.captioning),
        caption_tuning_config: dict = dump_changes(values.configs.caption_tuning),
    ) -> None:
        """`caption_tuning_config.model` says which model; `captioning_config`, whose captions."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            place(
                caption_tuning(
                    data_root=data_root,
                    dataset=dataset,
                    captioning_config=captioning_config,
                    config=caption_tuning_config,
                    run=run,
                ),
                "caption_tuning",
                values,
            )

    return tune_captioner

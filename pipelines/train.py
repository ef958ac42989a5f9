from typing import Any

from kfp import dsl

from components.encoding.component import encoding
from components.summary.component import summary
from components.training.component import training
from pipelines.cluster.loading import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "train"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="A captioned dataset becomes a video generator: encode its clips and captions, train a video transformer.",
    )
    def train(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        dataset: str = values.pipelines.train.dataset,
        start: str = values.pipelines.train.start,
        captioning_config: dict = dump_changes(values.configs.captioning),
        encoding_config: dict = dump_changes(values.configs.encoding),
        training_config: dict = dump_changes(values.configs.training),
    ) -> None:
        """The same dataset and configs again train nothing again; `longtake models promote` puts the model into use."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            encoded = place(
                encoding(
                    data_root=data_root,
                    dataset=dataset,
                    captioning_config=captioning_config,
                    config=encoding_config,
                    run=run,
                ),
                "encoding",
                values,
            )
            place(
                training(
                    data_root=data_root,
                    samples=encoded.outputs["Output"],
                    config=training_config,
                    start=start,
                    run=run,
                ),
                "training",
                values,
            )

    return train

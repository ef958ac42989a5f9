from typing import Any

from kfp import dsl
from kfp.dsl import PipelineTask

from components.encoding.component import encoding
from components.summary.component import summary
from components.training.component import training
from longtake.config import dump_changes
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
            from_captioned_to_trained(
                values,
                data_root=data_root,
                dataset=dataset,
                start=start,
                captioning_config=captioning_config,
                encoding_config=encoding_config,
                training_config=training_config,
                run=run,
            )

    return train


def from_captioned_to_trained(
    values: Values,
    *,
    data_root: str,
    dataset: str,
    start: str,
    captioning_config: dict[str, Any],
    encoding_config: dict[str, Any],
    training_config: dict[str, Any],
    run: str,
    only_new: bool = False,
) -> tuple[PipelineTask, PipelineTask]:
    """Encoding, which gives out the samples' name, and training, which gives out the model's URI, inside whatever pipeline is being
    defined."""
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
    trained = place(
        training(
            data_root=data_root,
            samples=encoded.outputs["Output"],
            config=training_config,
            start=start,
            only_new=only_new,
            run=run,
        ),
        "training",
        values,
    )
    return encoded, trained

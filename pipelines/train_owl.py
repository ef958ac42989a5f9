from typing import Any

from kfp import dsl

from components.owl_training.component import owl_training
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "train-owl"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="Stories become a world model in three stages: states that align with texts, that film, and texts of what happens.",
    )
    def train_owl(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        start: str = values.pipelines.train_owl.start,
        captioning_config: dict = dump_changes(values.configs.captioning),
        owl_alignment_config: dict = dump_changes(values.configs.owl_alignment),
        owl_generative_config: dict = dump_changes(values.configs.owl_generative),
        owl_world_config: dict = dump_changes(values.configs.owl_world),
    ) -> None:
        """A stage whose config says `skip` is left out; a stage that is done is not repeated. The first says what the model is."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            given = {"data_root": data_root, "raw": raw, "captioning_config": captioning_config, "run": run}
            aligned = owl_training(config=owl_alignment_config, stage="alignment", start=start, **given)
            aligned = place(aligned, "owl_training", values)
            filmed = owl_training(
                config=owl_generative_config, stage="generative", start=aligned.outputs["Output"], **given
            )
            filmed = place(filmed, "owl_training", values)
            place(
                owl_training(config=owl_world_config, stage="world", start=filmed.outputs["Output"], **given),
                "owl_training",
                values,
            )

    return train_owl

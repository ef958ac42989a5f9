from typing import Any

from kfp import dsl

from components.summary.component import summary
from components.tsa_training.component import tsa_training
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "train-tsa"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="Clips of the lake and people's marks of them become a network that says how suitable a clip is (VTSS).",
    )
    def train_tsa(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        slicing_config: dict = dump_changes(values.configs.slicing),
        scoring_config: dict = dump_changes(values.configs.scoring),
        tsa_training_config: dict = dump_changes(values.configs.tsa_training),
    ) -> None:
        """Run it again when there are more marks: each run trains anew, and no network ever changes."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            place(
                tsa_training(
                    raw=raw,
                    data_root=data_root,
                    slicing_config=slicing_config,
                    scoring_config=scoring_config,
                    config=tsa_training_config,
                    run=run,
                ),
                "tsa_training",
                values,
            )

    return train_tsa

from typing import Any

from kfp import dsl

from components.listing.component import listing
from components.news.component import news
from components.promoting.component import promoting
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.curate import from_listed_to_captioned
from pipelines.kubeflow.placing import place
from pipelines.train import from_captioned_to_trained

PIPELINE = "retrain"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="New footage becomes a better model, or none: if there is some, curate, encode, train on from the promoted "
        "model, and promote what is better on the same held-out clips.",
    )
    def retrain(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        shards: int = values.pipelines.retrain.shards,
        dataset: str = values.pipelines.retrain.dataset,
        family: str = values.pipelines.retrain.family,
        fewest_new: int = values.pipelines.retrain.fewest_new,
        listing_config: dict = dump_changes(values.configs.listing),
        slicing_config: dict = dump_changes(values.configs.slicing),
        scoring_config: dict = dump_changes(values.configs.scoring),
        selecting_config: dict = dump_changes(values.configs.selecting),
        captioning_config: dict = dump_changes(values.configs.captioning),
        encoding_config: dict = dump_changes(values.configs.encoding),
        training_config: dict = dump_changes(values.configs.training),
        promoting_config: dict = dump_changes(values.configs.promoting),
    ) -> None:
        """Meant to be scheduled: where nothing is new it ends after a listing."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            listed = place(
                listing(raw=raw, data_root=data_root, shards=shards, config=listing_config, run=run), "listing", values
            )
            found = place(
                news(
                    raw=raw,
                    data_root=data_root,
                    family=family,
                    fewest_new=fewest_new,
                    encoding_config=encoding_config,
                    run=run,
                ),
                "news",
                values,
            )
            found.after(listed)
            with dsl.If(found.outputs["Output"] == True, name="there is news"):  # noqa: E712 (Kubeflow reads the comparison)
                captioned = from_listed_to_captioned(
                    listed,
                    values,
                    raw=raw,
                    data_root=data_root,
                    dataset=dataset,
                    slicing_config=slicing_config,
                    scoring_config=scoring_config,
                    selecting_config=selecting_config,
                    captioning_config=captioning_config,
                    run=run,
                )
                encoded, trained = from_captioned_to_trained(
                    values,
                    data_root=data_root,
                    dataset=captioned.outputs["Output"],
                    start=found.outputs["model"],
                    captioning_config=captioning_config,
                    encoding_config=found.outputs["encoding_config"],
                    training_config=training_config,
                    run=run,
                    only_new=True,
                )
                place(
                    promoting(
                        data_root=data_root,
                        samples=encoded.outputs["Output"],
                        model=trained.outputs["Output"],
                        family=family,
                        raw=raw,
                        videos=found.outputs["videos"],
                        config=promoting_config,
                        run=run,
                    ),
                    "promoting",
                    values,
                )

    return retrain

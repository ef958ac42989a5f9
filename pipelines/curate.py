from typing import Any

from kfp import dsl
from kfp.dsl import PipelineTask

from components.captioning.component import captioning
from components.listing.component import listing
from components.scoring.component import scoring
from components.selecting.component import selecting
from components.slicing.component import slicing
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "curate"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="Raw footage becomes a captioned dataset of clips: list, slice and score every shard, select, caption.",
    )
    def curate(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        shards: int = values.pipelines.curate.shards,
        dataset: str = values.pipelines.curate.dataset,
        listing_config: dict = dump_changes(values.configs.listing),
        slicing_config: dict = dump_changes(values.configs.slicing),
        scoring_config: dict = dump_changes(values.configs.scoring),
        selecting_config: dict = dump_changes(values.configs.selecting),
        captioning_config: dict = dump_changes(values.configs.captioning),
    ) -> None:
        """Run it as often as you like: what is done is skipped, per video and clip."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            listed = place(
                listing(raw=raw, data_root=data_root, shards=shards, config=listing_config, run=run), "listing", values
            )
            from_listed_to_captioned(
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

    return curate


def from_listed_to_captioned(
    listed: PipelineTask,
    values: Values,
    *,
    raw: str,
    data_root: str,
    dataset: str,
    slicing_config: dict[str, Any],
    scoring_config: dict[str, Any],
    selecting_config: dict[str, Any],
    captioning_config: dict[str, Any],
    run: str,
) -> PipelineTask:
    """The steps after listing, inside whatever pipeline is being defined; the last of them gives out the dataset's name."""
    with dsl.ParallelFor(listed.outputs["Output"], name="shards") as shard:
        sliced = place(
            slicing(raw=raw, data_root=data_root, shard=shard, config=slicing_config, run=run), "slicing", values
        )
        sliced.after(listed)
        scored = place(
            scoring(
                raw=raw,
                data_root=data_root,
                shard=shard,
                slicing_config=slicing_config,
                config=scoring_config,
                run=run,
            ),
            "scoring",
            values,
        )
        scored.after(sliced)
    selected = place(
        selecting(
            raw=raw,
            data_root=data_root,
            dataset=dataset,
            slicing_config=slicing_config,
            scoring_config=scoring_config,
            config=selecting_config,
            run=run,
            scored=dsl.Collected(scored.outputs["Output"]),
        ),
        "selecting",
        values,
    )
    return place(
        captioning(data_root=data_root, dataset=selected.outputs["Output"], config=captioning_config, run=run),
        "captioning",
        values,
    )

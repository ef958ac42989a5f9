from kfp import dsl

from components.listing.component import listing
from components.slicing.component import slicing
from components.summary.component import summary

PIPELINE = "curate"


@dsl.pipeline(
    name=PIPELINE,
    description="Raw footage becomes a table of clips: list, then slice every shard, then say how it went.",
)
def curate(
    raw: str = "s3://footage/raw",
    data_root: str = "s3://lake/data",
    shards: int = 4,
    listing_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    slicing_config: dict = {},  # noqa: B006
) -> None:
    """Run it as often as you like: what is done is skipped, per video."""
    run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
    end = summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE)
    # No caching: each step looks into the lake by itself, and its worth is what it writes there.
    end.set_caching_options(False)
    with dsl.ExitHandler(end, name="steps"):
        listed = listing(raw=raw, data_root=data_root, shards=shards, config=listing_config, run=run)
        listed.set_caching_options(False)
        with dsl.ParallelFor(listed.outputs["Output"], name="shards") as shard:
            sliced = slicing(raw=raw, data_root=data_root, shard=shard, config=slicing_config, run=run)
            sliced.set_caching_options(False)
            sliced.after(listed)

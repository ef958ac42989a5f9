from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def listing(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    shards: int = 4,
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> list[str]:
    """Lists the videos below a prefix, by content, and plans the shards of the run.

    Args:
        raw: Where the raw videos lie, for example s3://footage/raw.
        data_root: Where tables and clips go, for example s3://lake/data.
        metrics: Rows by outcome and reason.
        report: Every video with its numbers, quarantined ones first.
        shards: How many pods may slice at once; fewer where there is less to do.
        config: Fields of ListingConfig that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        The shards, each a set of whole buckets of about equal bytes.
    """
    from longtake.stages import kubeflow, listing

    summary = kubeflow.call(listing.run, raw=raw, data_root=data_root, shards=shards, config=config, run=run)
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path)
    return summary.shards

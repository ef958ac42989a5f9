from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def slicing(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    shard: str = "1/1:0-63",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> None:
    """Finds the transitions of each video of a shard and cuts the spans between them into clips.

    Args:
        raw: Where the raw videos lie, as listing was told.
        data_root: Where tables and clips go, as listing was told.
        metrics: Rows by outcome and reason.
        report: Contact sheet of the clips, with times, transitions and what was dropped.
        shard: Number, count and buckets of the shard, as listing planned it; the default is everything.
        config: Fields of SlicingStageConfig (rule, encoding, limits) that are not to have their default.
        run: Name of the run in progress and reports.
    """
    from longtake.stages import kubeflow, slicing

    summary = kubeflow.call(slicing.run, raw=raw, data_root=data_root, shard=shard, config=config, run=run)
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path)

from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def scoring(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    shard: str = "1/1:0-63",
    slicing_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    config: dict = {},  # noqa: B006
    run: str = "",
) -> str:
    """Measures the clips of a shard: 15 sub-metrics, VTSS with its reason, an aesthetic score where its weights are given.

    Args:
        raw: Where the raw videos lie, as listing was told.
        data_root: Where tables and clips are, as listing was told.
        metrics: Rows by outcome and reason.
        report: VTSS and what costs it, histograms of the metrics, what goes with what, and the clips at their ends.
        shard: Number, count and buckets of the shard, as listing planned it; the default is everything.
        slicing_config: Whose clips: the config that slicing was given.
        config: Fields of ScoringStageConfig (measuring, limits, work) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        The shard, for what waits for all of them.
    """
    from longtake.stages import kubeflow, scoring

    summary = kubeflow.call(
        scoring.run, raw=raw, data_root=data_root, shard=shard, slicing_config=slicing_config, config=config, run=run
    )
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path)
    return shard

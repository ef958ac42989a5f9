from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def captioning(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    dataset: str = "clips",
    shard: str = "1/1:0-63",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> str:
    """Captions every clip that a dataset keeps: six parts and a description, by a model, a server, or from what is measured.

    Args:
        data_root: Where tables and clips are, as listing was told.
        metrics: Rows by outcome and reason, mean words, and tokens a second where a model writes.
        report: Lengths, reasons, contradictions with what was measured, and captions beside their filmstrips.
        dataset: Whose clips: its name, or that of a family, whose newest dataset it is.
        shard: Number, count and buckets of the shard, as listing planned it; the default is everything.
        config: Fields of CaptioningStageConfig (writing, limits, work) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        The dataset's name.
    """
    from longtake.stages import captioning, kubeflow

    summary = kubeflow.call(captioning.run, data_root=data_root, dataset=dataset, shard=shard, config=config, run=run)
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        mean_words=summary.mean_words,
        tokens_per_s=summary.tokens_per_s,
    )
    return summary.dataset

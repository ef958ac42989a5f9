from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def encoding(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    dataset: str = "clips",
    captioning_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    config: dict = {},  # noqa: B006
    run: str = "",
) -> str:
    """Encodes the clips that a dataset keeps and their captions, once: latents and text embeddings in shards, which training reads.

    Args:
        data_root: Where tables and clips are, as listing was told.
        metrics: Samples by outcome and reason, and their mean PSNR.
        report: Clips beside what is left of them in their latents, PSNR, shapes, lengths of texts.
        dataset: Whose clips: its name, or that of a family, whose newest dataset it is.
        captioning_config: Whose captions are encoded: the config that captioning was given for them.
        config: Fields of EncodingStageConfig (encoding, limits, work) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        The name of the sample set, which training takes.
    """
    from longtake.stages import encoding, kubeflow

    summary = kubeflow.call(
        encoding.run,
        data_root=data_root,
        dataset=dataset,
        captioning_config=captioning_config,
        config=config,
        run=run,
    )
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path, psnr=summary.psnr)
    return summary.samples

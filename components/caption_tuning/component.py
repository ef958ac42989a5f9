from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def caption_tuning(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    dataset: str = "clips",
    captioning_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    config: dict = {},  # noqa: B006
    run: str = "",
) -> str:
    """Tunes a vision-language model, which captions clips, on captions that the clips of a dataset have: LoRA adapters.

    Args:
        data_root: Where tables and clips are, as listing was told.
        metrics: Captions by outcome, and the loss and the share of valid answers on held-out ones, before and after.
        report: How it learned, and what it writes before and after beside the held-out captions.
        dataset: Whose clips: its name, or that of a family, whose newest dataset it is.
        captioning_config: Whose captions are learned from: the config that captioning was given for them.
        config: Fields of CaptionTuningConfig (model, lora, vision, projector, sampling, optimisation, judging) that are not to have
            their default; model must be given.
        run: Name of the run in progress and reports.

    Returns:
        The URI of the adapter, which captioning takes as writing.transformers.adapter.
    """
    from longtake.stages import caption_tuning, kubeflow

    summary = kubeflow.call(
        caption_tuning.run,
        data_root=data_root,
        dataset=dataset,
        captioning_config=captioning_config,
        config=config,
        run=run,
    )
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        loss_before=summary.loss_before,
        loss_after=summary.loss_after,
        valid_before=summary.valid_before,
        valid_after=summary.valid_after,
    )
    return summary.adapter

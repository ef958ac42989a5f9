from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def owl_training(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    stage: str = "",
    start: str = "",
    raw: str = "",
    captioning_config: dict = {},  # noqa: B006
    run: str = "",
) -> str:
    """Trains a stage of a world model (Owl-1) on stories, from nothing or from a model that there is.

    Args:
        data_root: Where tables and models are.
        metrics: The validation loss, the train loss, steps and tokens.
        report: Losses and their parts, throughput, skipped steps.
        config: Fields of OwlStageConfig (owl, film, stories, training, work, skip) that are not to have their default.
        stage: alignment, generative or world; empty leaves it to the config.
        start: URI of a world model or a trained video model to go on from; none begins from nothing.
        raw: Where the videos of stories lie, for those that do not say it.
        captioning_config: Whose captions go with a dataset's clips, where stories are those.
        run: Name of the run in progress and reports.

    Returns:
        The URI of the averaged weights, which the next stage and generating take; `start` where the config leaves the stage out.
    """
    from longtake.stages import kubeflow, owl_training

    summary = kubeflow.call(
        owl_training.run,
        data_root=data_root,
        config=config,
        stage=stage,
        start=start,
        raw=raw,
        captioning_config=captioning_config,
        run=run,
    )
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        loss=summary.loss,
        train_loss=summary.train_loss,
        steps=summary.steps,
        tokens=summary.tokens,
    )
    return summary.model

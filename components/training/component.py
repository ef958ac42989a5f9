from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def training(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    samples: str = "clips",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    start: str = "",
    only_new: bool = False,
    run: str = "",
) -> str:
    """Trains a video diffusion transformer on encoded clips, from nothing or from a model that there is.

    Args:
        data_root: Where tables, latents and models are.
        metrics: The validation loss, the train loss, steps and tokens.
        report: Losses, throughput, skipped steps, and films that the model makes.
        samples: What is learned from: a sample set, or a dataset or family of datasets, whose newest set it is.
        config: Fields of TrainingConfig (model, objective, batch_tokens, steps, lr, schedule, validation, films, work) that are not to
            have their default.
        start: URI of the trained model to go on from; none begins from nothing.
        only_new: Whether nothing is trained where `start` was made of these very samples; it is then what is given out.
        run: Name of the run in progress and reports.

    Returns:
        The URI of the averaged weights, which `longtake sample` takes.
    """
    from longtake.stages import kubeflow, training

    summary = kubeflow.call(
        training.run, data_root=data_root, samples=samples, config=config, start=start, only_new=only_new, run=run
    )  # fmt: skip
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

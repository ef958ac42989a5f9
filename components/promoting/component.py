from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def promoting(
    data_root: str,
    samples: str,
    model: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    family: str = "dit",
    raw: str = "",
    videos: int = -1,
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> str:
    """Judges a new model against the promoted one on the same held-out samples and noise, and promotes it if it is better.

    Args:
        data_root: Where tables, latents and models are.
        samples: Name of the sample set whose validation side judges, as encoding gave it out.
        model: URI of the new model, as training gave it out.
        metrics: Both losses, and their difference.
        report: The decision and its reason, losses video by video, and the decisions before.
        family: Family of models whose promoted one may be replaced.
        raw: Prefix of the footage that the new model could learn from; empty for that of its dataset.
        videos: Version of the table of videos that it had, as news gave it out; -1 for that of its dataset.
        config: Fields of PromotingConfig (margin, sigmas, samples, draws) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        `promoted` or `refused`.
    """
    from longtake.stages import kubeflow, promoting

    summary = kubeflow.call(
        promoting.run, data_root=data_root, samples=samples, model=model, family=family, raw=raw, videos=videos, config=config,
        run=run,
    )  # fmt: skip
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        loss=summary.loss,
        previous_loss=summary.previous_loss,
    )
    return summary.decision

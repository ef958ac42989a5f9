from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def selecting(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    agreement: dsl.Output[dsl.ClassificationMetrics],
    dataset: str = "clips",
    slicing_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    scoring_config: dict = {},  # noqa: B006
    config: dict = {},  # noqa: B006
    run: str = "",
    scored: list = [],  # noqa: B006
) -> str:
    """Chooses the clips of a dataset by VTSS or by thresholds, folds near-duplicates, and pins the dataset by name.

    Args:
        raw: The dataset covers the videos below this prefix.
        data_root: Where tables and clips are, as listing was told.
        metrics: Clips by outcome and reason.
        report: Best, borderline and worst clips, with their metrics and reasons; duplicates; histograms.
        agreement: What VTSS decides (columns) against what the hand-set thresholds do (rows), with the ROC curve.
        dataset: The family's name; a digest of what was chosen is added to it.
        slicing_config: Whose clips: the config that slicing was given.
        scoring_config: Whose scores: the config that scoring was given.
        config: Fields of SelectingConfig (by, vtss_min, thresholds, duplicates, validation) that are not to have their default.
        run: Name of the run in progress and reports.
        scored: The shards that were scored; given so that this waits for them.

    Returns:
        The dataset's name, for example clips-1a2b3c4d.
    """
    from longtake.stages import kubeflow, selecting

    summary = kubeflow.call(
        selecting.run,
        raw=raw,
        data_root=data_root,
        dataset=dataset,
        slicing_config=slicing_config,
        scoring_config=scoring_config,
        config=config,
        run=run,
    )
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path)
    kubeflow.publish_agreement(summary.agreement, agreement)
    return summary.dataset

from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def tsa_training(
    raw: str,
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    decisions: dsl.Output[dsl.ClassificationMetrics],
    slicing_config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    scoring_config: dict = {},  # noqa: B006
    config: dict = {},  # noqa: B006
    run: str = "",
) -> str:
    """Trains a TSA network, which scores clips (VTSS), on people's marks, or on graded defects put into the lake's own clips.

    Args:
        raw: It learns from clips of the videos below this prefix.
        data_root: Where tables and clips are, as listing was told.
        metrics: Clips by outcome, and SRCC on sources that were held out.
        report: What it learned from, how it learned, and what it is worth: against single sub-metrics and thresholds.
        decisions: Of held-out clips, good or bad (rows) against what VTSS says (columns), with the ROC curve.
        slicing_config: Whose clips: the config that slicing was given.
        scoring_config: What is measured and looked at: the config that scoring was given.
        config: Fields of TSATrainingConfig (preset, targets, curriculum, split, optimisation, seeds) that are not to have their default.
        run: Name of the run in progress and reports.

    Returns:
        The URI of the weights, which scoring takes as measuring.suitability.weights.
    """
    from longtake.stages import kubeflow, tsa_training

    summary = kubeflow.call(
        tsa_training.run,
        raw=raw,
        data_root=data_root,
        slicing_config=slicing_config,
        scoring_config=scoring_config,
        config=config,
        run=run,
    )
    kubeflow.publish(summary, data_root=data_root, metrics=metrics, report_path=report.path, srcc=summary.srcc)
    kubeflow.publish_decisions(decisions, summary.confusion_labels, summary.confusion, summary.roc)
    return summary.weights

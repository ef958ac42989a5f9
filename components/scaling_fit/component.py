from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def scaling_fit(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    samples: str = "clips",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    run: str = "",
) -> str:
    """Fits the scaling laws of a sweep's runs, and judges them by what was held out.

    Args:
        data_root: Where tables, latents and sweeps are, and where laws go.
        metrics: Cells that are done and left, and the exponent of compute in the best size.
        report: The laws with their intervals, the runs that they come from, and where there are no laws yet, what to run next.
        samples: What the runs were trained on, as scaling_plan was told.
        config: Fields of SweepConfig that are not to have their default, as scaling_plan was given them.
        run: Name of the run in progress and reports.

    Returns:
        The laws' name, which `longtake advise --laws` and `training_config: {laws: NAME}` take; empty where the runs are too few.
    """
    from longtake.stages import kubeflow, scaling_fit

    summary = kubeflow.call(scaling_fit.run, data_root=data_root, samples=samples, config=config, run=run)
    kubeflow.publish(
        summary,
        data_root=data_root,
        metrics=metrics,
        report_path=report.path,
        runs=summary.runs,
        left=summary.left,
        size_exponent=summary.size_exponent,
    )
    return summary.name

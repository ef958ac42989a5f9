from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def scaling_sweep(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    samples: str = "clips",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    cells: str = "",
    run: str = "",
) -> None:
    """Trains a part of a sweep's round, and writes the loss of each of its cells.

    Args:
        data_root: Where tables, latents and sweeps are.
        metrics: Cells by outcome and reason, and FLOPs of what was trained now.
        report: The sweep as far as it is.
        samples: What the runs are trained on, as scaling_plan was told.
        config: Fields of SweepConfig that are not to have their default, as scaling_plan was given them.
        cells: Key of the part, as scaling_plan gave it out; without one, all that is left of the sweep.
        run: Name of the run in progress and reports.
    """
    from longtake.stages import kubeflow, scaling_sweep

    summary = kubeflow.call(
        scaling_sweep.run, data_root=data_root, samples=samples, config=config, cells=cells, run=run
    )  # fmt: skip
    kubeflow.publish(
        summary, data_root=data_root, metrics=metrics, report_path=report.path, done=summary.done, flops=summary.flops
    )

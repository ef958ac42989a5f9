from kfp import dsl

from components.images import TORCH


@dsl.component(base_image=TORCH, install_kfp_package=False)
def scaling_plan(
    data_root: str,
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
    samples: str = "clips",
    config: dict = {},  # noqa: B006 (Kubeflow reads the default)
    parts: int = 4,
    run: str = "",
) -> list[str]:
    """Says what a sweep trains next, from the runs that are done, and what all that is left will cost.

    Args:
        data_root: Where tables, latents and sweeps are.
        metrics: Cells that come next, and FLOPs until the end of the sweep.
        report: The sweep as far as it is.
        samples: What its runs are trained on: a sample set, or a dataset or family of datasets, whose newest set it is.
        config: Fields of SweepConfig (preset, depths, budgets, grid, repeats, held_out, cap_flops, work) that are not to have their
            default.
        parts: How many pods train at once; fewer where there is less to do.
        run: Name of the run in progress and reports.

    Returns:
        Keys of the parts of the round, of about equal cost; none where the sweep is done.
    """
    from longtake.stages import kubeflow, scaling_plan

    summary = kubeflow.call(
        scaling_plan.run, data_root=data_root, samples=samples, config=config, parts=parts, run=run
    )  # fmt: skip
    kubeflow.publish(
        summary, data_root=data_root, metrics=metrics, report_path=report.path, cells=summary.cells, flops=summary.flops
    )
    return summary.parts

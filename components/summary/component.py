from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def summary(
    raw: str,
    data_root: str,
    run: str,
    pipeline: str,
    status: dsl.PipelineTaskFinalStatus,
    report: dsl.Output[dsl.Markdown],
) -> None:
    """Says how a run ended: what each step did, or which step and shard failed, why, and how to go on.

    Args:
        raw: Where the raw videos lie.
        data_root: Where tables, progress and reports are.
        run: Name of the run in progress and reports.
        pipeline: Name of the pipeline.
        status: How the rest of the pipeline ended, from Kubeflow.
        report: The same as a page.
    """
    from pathlib import Path

    from longtake.stages import kubeflow, summary

    text = kubeflow.call(
        summary.run, raw=raw, data_root=data_root, run=run, pipeline=pipeline, state=status.state,
        error=status.error_message or "",
    )  # fmt: skip
    Path(report.path).write_text(text)

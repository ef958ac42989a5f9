from kfp import dsl

from components.images import MEDIA


@dsl.component(base_image=MEDIA, install_kfp_package=False)
def doctor(
    raw: str,
    data_root: str,
    report: dsl.Output[dsl.Markdown],
    run: str = "",
) -> None:
    """Looks at what a pod has: packages, codecs, accelerators, shared memory, scratch, S3; fails where a step would.

    Args:
        raw: Where the raw videos lie.
        data_root: Where tables and clips go; a small object is written there and removed.
        report: Every check, what it found, and the fix.
        run: Name of the run.
    """
    from pathlib import Path

    from longtake.stages import doctor, kubeflow

    diagnosis = kubeflow.call(doctor.run, raw=raw, data_root=data_root, run=run)
    Path(report.path).write_text(diagnosis.to_markdown())
    kubeflow.call(diagnosis.demand_health)

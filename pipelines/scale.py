from typing import Any

from kfp import dsl

from components.scaling_fit.component import scaling_fit
from components.scaling_plan.component import scaling_plan
from components.scaling_sweep.component import scaling_sweep
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.catalog import SWEEP_ROUNDS
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "scale"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""

    @dsl.pipeline(
        name=PIPELINE,
        description="Many small trainings become scaling laws: plan, train and look, round after round, then fit what they came to.",
    )
    def scale(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        samples: str = values.pipelines.scale.samples,
        parts: int = values.pipelines.scale.parts,
        sweep_config: dict = dump_changes(values.configs.sweep),
    ) -> None:
        """What a round trains hangs on the losses before it. A round with nothing left costs one light pod; a sweep that needs more
        rounds goes on in the next run."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            of_sweep = {"data_root": data_root, "samples": samples, "config": sweep_config, "run": run}
            swept = None
            for _ in range(SWEEP_ROUNDS):
                planned = place(scaling_plan(**of_sweep, parts=parts), "scaling_plan", values)
                if swept:  # by name: Kubeflow can't collect from a loop that never ran
                    planned.after(swept)
                with dsl.ParallelFor(planned.outputs["Output"], name="parts") as cells:
                    swept = place(scaling_sweep(**of_sweep, cells=cells), "scaling_sweep", values)
            place(scaling_fit(**of_sweep), "scaling_fit", values).after(swept)

    return scale

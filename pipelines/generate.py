from typing import Any

from kfp import dsl

from components.generating.component import generating
from components.summary.component import summary
from longtake.config import dump_changes
from pipelines.cluster.values import Values
from pipelines.kubeflow.placing import place

PIPELINE = "generate"


def build(values: Values) -> Any:
    """The pipeline with these values of the chart as its defaults and its pods."""
    given = values.pipelines.generate

    @dsl.pipeline(
        name=PIPELINE,
        description="A picture and a text become a long film, or a file of them many: a world model makes it segment by segment.",
    )
    def generate(
        raw: str = values.lake.raw,
        data_root: str = values.lake.data_root,
        model: str = given.model,
        prompt: str = given.prompt,
        image: str = given.image,
        prompts: str = given.prompts,
        images: str = given.images,
        start_model: str = given.start_model,
        generating_config: dict = dump_changes(values.configs.generating),
    ) -> None:
        """The same model, picture, text and config again make the same film, which is there already."""
        run = dsl.PIPELINE_JOB_ID_PLACEHOLDER
        end = place(summary(raw=raw, data_root=data_root, run=run, pipeline=PIPELINE), "summary", values)
        with dsl.ExitHandler(end, name="steps"):
            place(
                generating(
                    data_root=data_root,
                    model=model,
                    prompt=prompt,
                    image=image,
                    prompts=prompts,
                    images=images,
                    start_model=start_model,
                    config=generating_config,
                    run=run,
                ),
                "generating",
                values,
            )

    return generate

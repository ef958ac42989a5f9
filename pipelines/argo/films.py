"""What the pipelines of world models do, as Argo takes it: train one in three stages, and make films of it."""

from pipelines.argo.steps import (
    RUN,
    Node,
    arguments,
    config_parameters,
    given,
    keep_failed,
    place_parameters,
    places,
    step,
    summary,
)


def train_owl() -> Node:
    start = {"name": "start", "description": "URI of a model to go on from; empty: from the beginning."}
    stages = ("alignment", "generative", "world")
    training = {
        **places(), "stage": "{{inputs.parameters.stage}}", "start": "{{inputs.parameters.start}}",
        "captioning_config": given("captioning_config"), "config": "{{inputs.parameters.config}}", "run": RUN,
    }  # fmt: skip
    tasks = []
    for before, stage in zip((None, *stages), stages, strict=False):
        came = given("start") if before is None else f"{{{{tasks.{before}.outputs.parameters.model}}}}"
        tasks.append(
            {
                "name": stage,
                "template": "owl-training",
                **({"depends": before} if before else {}),
                **arguments(stage=stage, start=came, config=given(f"owl_{stage}_config")),
            }
        )
    label = "{{inputs.parameters.stage}}"
    return {
        "entrypoint": "train-owl",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), start, *config_parameters("train-owl")]},
        "templates": [
            {"name": "train-owl", "dag": {"tasks": tasks}},
            step("owl_training", training, inputs=("stage", "start", "config"), outputs=("model",), shard=label),
            summary("train-owl"),
        ],
        "podGC": keep_failed(),
    }


def generate() -> Node:
    said = {
        "model": "URI of the world model.",
        "prompt": "What the film shows.",
        "image": "URI of the picture that it begins with.",
        "prompts": "URI of a file of prompts instead, a film each.",
        "images": "Folder or prefix of the pictures that a VBench-I2V file names.",
        "start_model": "URI of a trained DiT that makes the picture from the text, where none is given.",
    }
    generating = {
        "data_root": given("data_root"),
        **{name: given(name) for name in said},
        "config": given("generating_config"),
        "run": RUN,
    }
    asked = [{"name": name, "description": description} for name, description in said.items()]
    return {
        "entrypoint": "generating",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), *asked, *config_parameters("generate")]},
        "templates": [step("generating", generating, outputs=("film",)), summary("generate")],
        "podGC": keep_failed(),
    }

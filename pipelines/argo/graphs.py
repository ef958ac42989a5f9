"""What each pipeline does, as Argo takes it: its steps, in which order, and what each is given."""

from pipelines.argo.films import generate, train_owl
from pipelines.argo.steps import (
    CELLS_LABEL,
    RUN,
    SHARD_LABEL,
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
from pipelines.catalog import SWEEP_ROUNDS


def _curate() -> Node:
    return {
        "entrypoint": "curate",
        "onExit": "summary",
        "arguments": {
            "parameters": [*place_parameters(), *_curation_parameters(), *config_parameters("curate")],
        },
        "templates": [
            {
                "name": "curate",
                "dag": {
                    "failFast": False,  # a shard that fails holds back no other
                    "tasks": [
                        {"name": "listing", "template": "listing"},
                        *_tasks_of_curation("{{tasks.listing.outputs.parameters.shards}}", after="listing"),
                    ],
                },
            },
            *_templates_of_curation(),
            summary("curate"),
        ],
        "podGC": keep_failed(),
    }


def _curation_parameters() -> list[Node]:
    return [
        {"name": "shards", "description": "How many pods may slice at once; fewer where there is less to do."},
        {"name": "dataset", "description": "Family of the dataset; a digest of what is in it is added."},
    ]


def _tasks_of_curation(shards: str, *, after: str = "") -> list[Node]:
    """What comes after listing, which planned these shards."""
    chosen = "{{tasks.selecting.outputs.parameters.dataset}}"
    return [
        {
            "name": "shards",
            "template": "shard",
            **({"depends": after} if after else {}),
            "withParam": shards,
            **arguments(shard="{{item}}"),
        },
        {"name": "selecting", "template": "selecting", "depends": "shards"},
        {"name": "captioning", "template": "captioning", "depends": "selecting", **arguments(dataset=chosen)},
    ]


def _templates_of_curation() -> list[Node]:
    """Listing, what is done for each shard, selecting and captioning."""
    of_one_shard = arguments(shard="{{inputs.parameters.shard}}")
    shard = {"shard": "{{inputs.parameters.shard}}"}
    sliced_by = {"slicing_config": given("slicing_config")}
    scored_by = {"scoring_config": given("scoring_config")}
    listing = {**places(), "shards": given("shards"), "config": given("listing_config"), "run": RUN}
    slicing = {**places(), **shard, "config": given("slicing_config"), "run": RUN}
    scoring = {**places(), **shard, **sliced_by, "config": given("scoring_config"), "run": RUN}
    selecting = {
        **places(), "dataset": given("dataset"), **sliced_by, **scored_by, "config": given("selecting_config"), "run": RUN,
    }  # fmt: skip
    captioning = {
        "data_root": given("data_root"),
        "dataset": "{{inputs.parameters.dataset}}",
        "config": given("captioning_config"),
        "run": RUN,
    }
    return [
        {
            "name": "shard",
            "inputs": {"parameters": [{"name": "shard"}]},
            "dag": {
                "tasks": [
                    {"name": "slicing", "template": "slicing", **of_one_shard},
                    {"name": "scoring", "template": "scoring", "depends": "slicing", **of_one_shard},
                ]
            },
        },
        step("listing", listing, outputs=("shards",)),
        step("slicing", slicing, inputs=("shard",), shard=SHARD_LABEL),
        step("scoring", scoring, inputs=("shard",), shard=SHARD_LABEL),
        step("selecting", selecting, outputs=("dataset",)),
        step("captioning", captioning, inputs=("dataset",)),
    ]


def _doctor() -> Node:
    return {
        "entrypoint": "doctor",
        "arguments": {"parameters": place_parameters()},
        "templates": [step("doctor", {**places(), "run": RUN})],
    }


def _scale() -> Node:
    samples = {"name": "samples", "description": "What its runs are trained on: a sample set, a dataset or a family."}
    parts = {"name": "parts", "description": "How many pods train at once; fewer where there is less to do."}
    of_sweep = {
        "data_root": given("data_root"),
        "samples": given("samples"),
        "config": given("sweep_config"),
        "run": RUN,
    }
    cells = {"cells": "{{inputs.parameters.cells}}"}
    rounds = range(1, SWEEP_ROUNDS + 1)
    return {
        "entrypoint": "scale",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), samples, parts, *config_parameters("scale")]},
        "templates": [
            {
                "name": "scale",
                "dag": {
                    "failFast": False,  # a part that fails holds back no other
                    "tasks": [
                        *(task for number in rounds for task in _tasks_of_round(number)),
                        {"name": "fitting", "template": "scaling-fit", "depends": f"sweeping-{SWEEP_ROUNDS}"},
                    ],
                },
            },
            step("scaling_plan", {**of_sweep, "parts": given("parts")}, outputs=("parts",)),
            step("scaling_sweep", {**of_sweep, **cells}, inputs=("cells",), shard=CELLS_LABEL),
            step("scaling_fit", of_sweep, outputs=("name",)),
            summary("scale"),
        ],
        "podGC": keep_failed(),
    }


def _tasks_of_round(number: int) -> list[Node]:
    """Of a sweep. Argo skips a loop over nothing, and what depends on it goes on."""
    planned = f"{{{{tasks.planning-{number}.outputs.parameters.parts}}}}"
    return [
        {
            "name": f"planning-{number}",
            "template": "scaling-plan",
            **({"depends": f"sweeping-{number - 1}"} if number > 1 else {}),
        },
        {
            "name": f"sweeping-{number}",
            "template": "scaling-sweep",
            "depends": f"planning-{number}",
            "withParam": planned,
            **arguments(cells="{{item}}"),
        },
    ]


def _train() -> Node:
    dataset = {"name": "dataset", "description": "What is learned from: a dataset, or a family, whose newest it is."}
    start = {"name": "start", "description": "URI of a trained model to go on from; empty: from the beginning."}
    encoded = "{{tasks.encoding.outputs.parameters.samples}}"
    return {
        "entrypoint": "train",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), dataset, start, *config_parameters("train")]},
        "templates": [
            {
                "name": "train",
                "dag": {
                    "tasks": [
                        {"name": "encoding", "template": "encoding"},
                        {
                            "name": "training",
                            "template": "training",
                            "depends": "encoding",
                            **arguments(samples=encoded),
                        },
                    ]
                },
            },
            step("encoding", _encoding(given("dataset"), given("encoding_config")), outputs=("samples",)),
            step("training", _training(given("start")), inputs=("samples",), outputs=("model",)),
            summary("train"),
        ],
        "podGC": keep_failed(),
    }


def _retrain() -> Node:
    family = {"name": "family", "description": "Family of models: its promoted one is trained on, and may be replaced."}
    fewest = {"name": "fewest_new", "description": "New videos that are worth a training; 0: always."}
    promoting = {
        "data_root": given("data_root"), "samples": "{{inputs.parameters.samples}}",
        "model": "{{inputs.parameters.model}}", "family": given("family"), "raw": given("raw"),
        "videos": "{{inputs.parameters.videos}}", "config": given("promoting_config"), "run": RUN,
    }  # fmt: skip
    news = {
        **places(), "family": given("family"), "fewest_new": given("fewest_new"),
        "encoding_config": given("encoding_config"), "run": RUN,
    }  # fmt: skip
    found = ("news", "model", "videos", "encoding_config")
    encoding = _encoding("{{inputs.parameters.dataset}}", "{{inputs.parameters.encoding_config}}")
    return {
        "entrypoint": "retrain",
        "onExit": "summary",
        "arguments": {
            "parameters": [
                *place_parameters(), *_curation_parameters(), family, fewest, *config_parameters("retrain"),
            ]
        },
        "templates": [
            {
                "name": "retrain",
                "dag": {
                    "tasks": [
                        {"name": "listing", "template": "listing"},
                        {"name": "news", "template": "news", "depends": "listing"},
                        {
                            "name": "learning",
                            "template": "learning",
                            "depends": "news",
                            "when": "{{tasks.news.outputs.parameters.news}} == true",
                            **arguments(
                                shards="{{tasks.listing.outputs.parameters.shards}}",
                                **{name: f"{{{{tasks.news.outputs.parameters.{name}}}}}" for name in found[1:]},
                            ),
                        },
                    ]
                },
            },
            _learning(),
            *_templates_of_curation(),
            step("news", news, outputs=found),
            step("encoding", encoding, inputs=("dataset", "encoding_config"), outputs=("samples",)),
            step(
                "training", {**_training("{{inputs.parameters.start}}"), "only_new": "true"}, inputs=("samples", "start"),
                outputs=("model",),
            ),
            step("promoting", promoting, inputs=("samples", "model", "videos")),
            summary("retrain"),
        ],
        "podGC": keep_failed(),
    }  # fmt: skip


def _learning() -> Node:
    """What retrain does where there is news."""
    asked = {name: f"{{{{inputs.parameters.{name}}}}}" for name in ("shards", "model", "videos", "encoding_config")}
    captioned = "{{tasks.selecting.outputs.parameters.dataset}}"
    samples = "{{tasks.encoding.outputs.parameters.samples}}"
    trained = "{{tasks.training.outputs.parameters.model}}"
    return {
        "name": "learning",
        "inputs": {"parameters": [{"name": name} for name in asked]},
        "dag": {
            "failFast": False,
            "tasks": [
                *_tasks_of_curation(asked["shards"]),
                {
                    "name": "encoding",
                    "template": "encoding",
                    "depends": "captioning",
                    **arguments(dataset=captioned, encoding_config=asked["encoding_config"]),
                },
                {
                    "name": "training",
                    "template": "training",
                    "depends": "encoding",
                    **arguments(samples=samples, start=asked["model"]),
                },
                {
                    "name": "promoting",
                    "template": "promoting",
                    "depends": "training",
                    **arguments(samples=samples, model=trained, videos=asked["videos"]),
                },
            ],
        },
    }


def _encoding(dataset: str, config: str) -> dict[str, str]:
    captioned_by = {"captioning_config": given("captioning_config")}
    return {"data_root": given("data_root"), "dataset": dataset, **captioned_by, "config": config, "run": RUN}


def _training(start: str) -> dict[str, str]:
    samples = "{{inputs.parameters.samples}}"
    return {
        "data_root": given("data_root"), "samples": samples, "config": given("training_config"), "start": start, "run": RUN,
    }  # fmt: skip


def _train_tsa() -> Node:
    training = {
        **places(),
        "slicing_config": given("slicing_config"),
        "scoring_config": given("scoring_config"),
        "config": given("tsa_training_config"),
        "run": RUN,
    }
    return {
        "entrypoint": "tsa-training",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), *config_parameters("train-tsa")]},
        "templates": [step("tsa_training", training, outputs=("weights",)), summary("train-tsa")],
        "podGC": keep_failed(),
    }


def _tune_captioner() -> Node:
    tuning = {
        "data_root": given("data_root"),
        "dataset": given("dataset"),
        "captioning_config": given("captioning_config"),
        "config": given("caption_tuning_config"),
        "run": RUN,
    }
    dataset = {"name": "dataset", "description": "Whose clips: a dataset, or a family, whose newest it is."}
    return {
        "entrypoint": "caption-tuning",
        "onExit": "summary",
        "arguments": {"parameters": [*place_parameters(), dataset, *config_parameters("tune-captioner")]},
        "templates": [step("caption_tuning", tuning, outputs=("adapter",)), summary("tune-captioner")],
        "podGC": keep_failed(),
    }


GRAPHS = {
    "curate": _curate,
    "doctor": _doctor,
    "generate": generate,
    "retrain": _retrain,
    "scale": _scale,
    "train": _train,
    "train-owl": train_owl,
    "train-tsa": _train_tsa,
    "tune-captioner": _tune_captioner,
}
"""By pipeline: all of its spec that it has for itself."""

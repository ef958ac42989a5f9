"""The same pipelines without Kubeflow: what Argo is given is valid, and says what it is to say."""

import copy
import json
import re

import pytest
import yaml

from longtake.cli.local import STEPS
from longtake.errors import UserError
from longtake.shards import plan_shards
from pipelines.argo.workflows import (
    compile_pipeline,
    cron_workflows,
    skeleton,
    workflow_template,
    write_skeletons,
)
from pipelines.catalog import CATALOG, SWEEP_ROUNDS
from pipelines.cluster.chart import CHART
from pipelines.cluster.loading import load_values
from pipelines.cluster.values import Values
from tests.crds import validate_custom
from tests.pipelines.argo.simulated import evaluate, fill_in, holds

PROFILES = sorted(CHART.glob("ci/*-values.yaml"))


def given(tmp_path, text):
    """Values with these over the chart's."""
    path = tmp_path / "values.yaml"
    path.write_text(text)
    return load_values(path)


def steps_of(template):
    """By name, the templates that are pods."""
    return {step["name"]: step for step in template["spec"]["templates"] if "container" in step}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("pipeline", CATALOG)
def test_what_is_written_is_valid_under_argo_s_own_schemas(pipeline, profile, tmp_path):
    path = compile_pipeline(pipeline, load_values(profile), tmp_path)
    assert path.name == f"{pipeline}.argo.yaml"
    for obj in yaml.safe_load_all(path.read_text()):
        validate_custom(obj)


def test_a_field_that_argo_does_not_know_is_found():
    template = workflow_template("curate", Values())
    validate_custom(template)
    wrong = copy.deepcopy(template)
    steps_of(wrong)["listing"]["container"]["volumeMount"] = []
    with pytest.raises(AssertionError, match=r"volumeMount"):
        validate_custom(wrong)


def test_values_that_say_everything_are_valid_too(tmp_path):
    values = given(
        tmp_path,
        """
        images: {pullSecrets: [registry]}
        labels: {cost-center: video}
        s3: {credentials: external, external: {store: vault, key: lake}}
        priorityClass: {name: batch}
        pools:
          l4: {nodeSelector: {gpu: l4}, tolerations: [{key: gpu, operator: Exists}], accelerator: nvidia.com/gpu, queue: q}
        steps: {slicing: {pool: l4, accelerators: 2, retries: 0}}
        schedules: {weekly: {pipeline: curate, cron: "0 5 4 * * MON", parameters: {shards: 8, slicing_config: {rule: {sigmas: 4}}}}}
        """,
    )
    template = workflow_template("curate", values)
    (cron,) = (cron for cron in cron_workflows("curate", values) if cron["metadata"]["name"] == "longtake-weekly")
    slicing = steps_of(template)["slicing"]
    assert slicing["container"]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert slicing["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "q"
    assert slicing["nodeSelector"] == {"gpu": "l4"}
    assert slicing["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert template["spec"]["podPriorityClassName"] == "batch"
    assert template["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    secret = {"secretKeyRef": {"name": "longtake-s3", "key": "AWS_ACCESS_KEY_ID"}}
    assert {"name": "AWS_ACCESS_KEY_ID", "valueFrom": secret} in slicing["container"]["env"]
    validate_custom(template)
    validate_custom(cron)


def test_no_key_is_there_with_nothing_to_say():
    template = workflow_template("curate", Values())

    def empty(node, path):
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        found = [path] if node in ({}, [], "", None) else []
        return found + [place for key, child in children for place in empty(child, f"{path}.{key}")]

    assert empty(template, "") == []


def test_the_skeletons_of_the_chart_are_up_to_date(tmp_path):
    for path in write_skeletons(tmp_path):
        kept = CHART / "files" / "argo" / path.name
        assert kept.read_text() == path.read_text(), f"{path.name} is stale: run make chart"
    assert {path.stem for path in tmp_path.iterdir()} == set(CATALOG)


@pytest.mark.parametrize("pipeline", CATALOG)
def test_every_step_of_a_pipeline_is_a_pod_that_the_command_knows(pipeline):
    pods = steps_of(skeleton(pipeline)).values()
    names = {pod["metadata"]["labels"]["longtake.io/stage"] for pod in pods}
    assert names == {pod["container"]["args"][1] for pod in pods} == set(CATALOG[pipeline].steps)
    assert names <= set(STEPS)


@pytest.mark.parametrize("pipeline", CATALOG)
def test_nothing_of_a_parameter_passes_a_shell(pipeline):
    for step in steps_of(skeleton(pipeline)).values():
        assert step["container"]["command"] == ["longtake"]
        tagged = [arg for arg in step["container"]["args"] if "{{" in arg]
        assert tagged
        assert all(re.fullmatch(r"[a-z_]+=\{\{[^{}]+\}\}", arg) for arg in tagged)


@pytest.mark.parametrize("pipeline", CATALOG)
def test_every_parameter_is_described_and_has_a_default_that_is_text(pipeline):
    for parameter in workflow_template(pipeline, Values())["spec"]["arguments"]["parameters"]:
        assert parameter["description"]
        assert isinstance(parameter["value"], str)


def test_expressions_stay_within_what_argo_3_and_4_both_take():
    expressions = re.findall(r"\{\{=(.*?)\}\}", json.dumps([skeleton(pipeline) for pipeline in CATALOG]))
    assert len(set(expressions)) == 3
    for expression in expressions:
        assert "sprig" not in expression
        assert not set(expression) & set('"?\\')


def test_each_shard_is_a_pod_with_its_label():
    tasks = skeleton("curate")["spec"]["templates"][0]["dag"]["tasks"]
    assert tasks[1]["withParam"] == "{{tasks.listing.outputs.parameters.shards}}"
    label = steps_of(skeleton("curate"))["slicing"]["metadata"]["labels"]["longtake.io/shard"]
    for shard in plan_shards(dict.fromkeys(range(64), 1), 5):
        assert fill_in(label, {"inputs.parameters.shard": str(shard)}) == shard.label


def test_each_part_of_a_sweep_is_a_pod_with_its_label_and_what_comes_next_waits_for_all_of_a_round():
    (scale,) = (template for template in skeleton("scale")["spec"]["templates"] if template["name"] == "scale")
    tasks = {task["name"]: task for task in scale["dag"]["tasks"]}
    assert len(tasks) == 2 * SWEEP_ROUNDS + 1
    for number in range(1, SWEEP_ROUNDS + 1):
        before = f"sweeping-{number - 1}" if number > 1 else None
        assert tasks[f"planning-{number}"].get("depends") == before
        assert tasks[f"sweeping-{number}"]["withParam"] == f"{{{{tasks.planning-{number}.outputs.parameters.parts}}}}"
    assert tasks["fitting"]["depends"] == f"sweeping-{SWEEP_ROUNDS}"
    label = steps_of(skeleton("scale"))["scaling-sweep"]["metadata"]["labels"]["longtake.io/shard"]
    assert fill_in(label, {"inputs.parameters.cells": "sweeps/clips-1a2b3c4d/5e6f7a8b9c0d.json"}) == "5e6f7a8b9c0d"


def test_retrain_learns_only_where_there_is_news_and_all_that_learning_needs_is_passed_on():
    templates = {template["name"]: template for template in skeleton("retrain")["spec"]["templates"]}
    *first, learning = templates["retrain"]["dag"]["tasks"]
    assert [task["name"] for task in first] == ["listing", "news"]
    assert learning["when"] == "{{tasks.news.outputs.parameters.news}} == true"
    found = {f"tasks.news.outputs.parameters.{name}": "x" for name in ("news", "model", "videos", "encoding_config")}
    assert not holds(fill_in(learning["when"], found))
    given = {each["name"] for each in learning["arguments"]["parameters"]}
    assert given == {each["name"] for each in templates["learning"]["inputs"]["parameters"]}
    steps = [task["name"] for task in templates["learning"]["dag"]["tasks"]]
    assert steps == ["shards", "selecting", "captioning", "encoding", "training", "promoting"]
    offered = {each["name"] for each in templates["news"]["outputs"]["parameters"]}
    assert {tag.split(".")[-1] for tag in found} == offered


@pytest.mark.parametrize("pipeline", CATALOG)
def test_every_task_gives_its_template_just_the_inputs_that_it_asks_for(pipeline):
    templates = {template["name"]: template for template in skeleton(pipeline)["spec"]["templates"]}
    tasks = [task for template in templates.values() for task in template.get("dag", {"tasks": []})["tasks"]]
    for task in tasks:
        given = [each["name"] for each in task.get("arguments", {"parameters": []})["parameters"]]
        asked = templates[task["template"]].get("inputs", {"parameters": []})["parameters"]
        assert sorted(given) == sorted(each["name"] for each in asked)


# Retries.


@pytest.mark.parametrize(
    ("status", "exit_code", "again"),
    [
        ("Failed", 30, True),
        ("Failed", 137, True),  # out of memory, a node that went
        ("Failed", 143, True),  # ended: preempted, drained, out of time
        ("Failed", -1, True),  # evicted: the container's end was not seen
        ("Error", -1, True),
        ("Error", 20, True),
        ("Failed", 1, False),
        ("Failed", 10, False),
        ("Failed", 20, False),
        ("Failed", 64, False),  # the command is not in the image
    ],
)
def test_an_attempt_is_made_again_only_where_something_did_not_answer_or_the_pod_was_lost(status, exit_code, again):
    retry = steps_of(workflow_template("curate", Values()))["slicing"]["retryStrategy"]
    assert retry["retryPolicy"] == "Always"
    assert retry["limit"] == 2
    known = {"lastRetry.status": status, "lastRetry.exitCode": str(exit_code)}
    assert evaluate(retry["expression"], known) is again


def test_attempts_have_no_common_deadline_and_each_has_its_own():
    slicing = steps_of(workflow_template("curate", Values()))["slicing"]
    assert "maxDuration" not in slicing["retryStrategy"]["backoff"]
    assert slicing["activeDeadlineSeconds"] == Values().steps.slicing.timeout_seconds


def test_a_step_that_is_not_to_be_tried_again_has_no_strategy():
    assert "retryStrategy" not in steps_of(workflow_template("doctor", Values()))["doctor"]


# Schedules.


def test_a_schedule_runs_one_at_a_time_makes_nothing_up_and_sleeps_if_told_to(tmp_path):
    nightly = "schedules: {nightly: {pipeline: curate, cron: '0 0 2 * * *', enabled: %s}}"
    (cron,) = cron_workflows("curate", given(tmp_path, nightly % "false"))
    assert cron["metadata"]["name"] == "longtake-nightly"
    spec = cron["spec"]
    assert (spec["schedules"], spec["timezone"], spec["suspend"]) == (["0 2 * * *"], "UTC", True)
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 0)
    assert spec["workflowSpec"] == {"workflowTemplateRef": {"name": "longtake-curate"}}
    awake = given(tmp_path, nightly % "true")
    assert cron_workflows("curate", awake)[0]["spec"]["suspend"] is False


def test_a_schedule_s_own_parameters_are_text_for_argo(tmp_path):
    values = given(
        tmp_path,
        "schedules: {weekly: {pipeline: curate, cron: '0 0 3 * * 0', parameters: "
        "{raw: 's3://a-b/c', shards: 8, slicing_config: {rule: {sigmas: 4, min_clip_s: 2.0}}}}}",
    )
    (cron,) = (cron for cron in cron_workflows("curate", values) if cron["metadata"]["name"] == "longtake-weekly")
    assert cron["spec"]["workflowSpec"]["arguments"]["parameters"] == [
        {"name": "raw", "value": "s3://a-b/c"},
        {"name": "shards", "value": "8"},
        {"name": "slicing_config", "value": '{"rule":{"min_clip_s":2,"sigmas":4}}'},
    ]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("{shard: 8}", "unknown key 'shard'; did you mean 'shards'"),
        ("{slicing_config: [1]}", "'slicing_config' is \\[1\\]"),
        ("{slicing_config: {rule: {sigma: 3}}}", "did you mean 'sigmas'"),
    ],
)
def test_a_schedule_with_a_wrong_parameter_is_refused_before_the_night(parameters, words, tmp_path):
    text = f"schedules: {{weekly: {{pipeline: curate, cron: '0 0 3 * * 0', parameters: {parameters}}}}}"
    with pytest.raises(UserError, match=words):
        cron_workflows("curate", given(tmp_path, text))


def test_a_pipeline_is_given_its_own_schedules_only():
    assert cron_workflows("doctor", Values()) == []

"""The compiled YAML in the repository is what the code says now."""

import importlib
import re
from pathlib import Path

import pytest
import yaml
from kfp import components

from longtake.cli.local import LOCAL_PIPELINES, PIPELINES, STEPS
from pipelines.catalog import CATALOG, SWEEP_ROUNDS
from pipelines.cluster.values import Values
from pipelines.compiling import CLONE, PROFILES, compile_all, load_pipeline


def test_the_command_and_the_catalog_know_the_same_pipelines():
    assert set(PIPELINES) == set(CATALOG)
    assert set(LOCAL_PIPELINES) <= set(PIPELINES)


def test_the_compiled_yaml_is_up_to_date(tmp_path):
    for path in compile_all(tmp_path):
        committed = CLONE / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), f"{committed.name} is stale: run make compile"


def ir(profile="laptop", name="curate"):
    """The pipeline's spec, and its executors on Kubernetes."""
    spec, platform = yaml.safe_load_all((CLONE / f"pipelines/compiled/{profile}/{name}.yaml").read_text())
    return spec, platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def tasks_of(spec):
    """Every task of a step, by its name."""
    dags = [spec["root"]["dag"], *(c["dag"] for c in spec["components"].values() if "dag" in c)]
    return {name: task for dag in dags for name, task in dag["tasks"].items() if f"exec-{name}" in _executors(spec)}


def _executors(spec):
    return spec["deploymentSpec"]["executors"]


def test_curate_lists_then_slices_and_scores_every_shard_selects_captions_and_always_sums_up():
    spec, _ = ir()
    root = spec["root"]["dag"]["tasks"]
    steps = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert set(root) == {"exit-handler-1", "summary"}
    assert root["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert set(steps) == {"listing", "for-loop-2", "selecting", "captioning"}
    assert steps["for-loop-2"]["dependentTasks"] == ["listing"]
    assert steps["selecting"]["dependentTasks"] == ["for-loop-2"]
    assert steps["captioning"]["dependentTasks"] == ["selecting"]
    of_one_shard = spec["components"]["comp-for-loop-2"]["dag"]["tasks"]
    assert of_one_shard["scoring"]["dependentTasks"] == ["slicing"]


def test_train_tsa_trains_shows_what_it_is_worth_and_always_sums_up():
    spec, pods = ir("gpu", "train-tsa")
    root = spec["root"]["dag"]["tasks"]
    assert root["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert set(spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]) == {"tsa-training"}
    shown = spec["components"]["comp-tsa-training"]["outputDefinitions"]["artifacts"].values()
    assert {kind["artifactType"]["schemaTitle"] for kind in shown} == {
        "system.Metrics", "system.HTML", "system.ClassificationMetrics",
    }  # fmt: skip
    assert _executors(spec)["exec-tsa-training"]["container"]["resources"]["accelerator"]["count"] == "1"
    assert pods["exec-tsa-training"]["nodeSelector"]["labels"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}


def test_train_encodes_then_trains_and_always_sums_up():
    spec, pods = ir("gpu", "train")
    assert spec["root"]["dag"]["tasks"]["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    steps = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks", []) for name, task in steps.items()} == {
        "encoding": [], "training": ["encoding"],
    }  # fmt: skip
    assert pods["exec-training"]["nodeSelector"]["labels"]["cloud.google.com/gke-accelerator"] == "nvidia-h100-80gb"


def test_train_owl_trains_three_stages_each_on_from_the_one_before_and_always_sums_up():
    spec, pods = ir("gpu", "train-owl")
    assert spec["root"]["dag"]["tasks"]["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    steps = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks", []) for name, task in steps.items()} == {
        "owl-training": [], "owl-training-2": ["owl-training"], "owl-training-3": ["owl-training-2"],
    }  # fmt: skip
    given = [task["inputs"]["parameters"] for task in steps.values()]
    assert [one["stage"]["runtimeValue"]["constant"] for one in given] == ["alignment", "generative", "world"]
    assert [one["start"].get("taskOutputParameter", {}).get("producerTask") for one in given] == [
        None, "owl-training", "owl-training-2",
    ]  # fmt: skip
    labels = pods["exec-owl-training"]["nodeSelector"]["labels"]
    assert labels["cloud.google.com/gke-accelerator"] == "nvidia-h100-80gb"


def test_scale_plans_anew_when_all_parts_of_a_round_are_trained_and_fits_at_the_end_and_always_sums_up():
    spec, pods = ir("gpu", "scale")
    assert spec["root"]["dag"]["tasks"]["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    steps = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    plans = sorted((name for name in steps if "plan" in name), key=lambda name: (len(name), name))
    loops = sorted(name for name in steps if "for-loop" in name)
    assert len(plans) == len(loops) == SWEEP_ROUNDS
    assert [steps[plan].get("dependentTasks", []) for plan in plans] == [[], *([loop] for loop in loops[:-1])]
    assert [steps[loop]["dependentTasks"] for loop in loops] == [[plan] for plan in plans]
    assert steps["scaling-fit"]["dependentTasks"] == [loops[-1]]
    for plan, loop in zip(plans, loops, strict=True):
        over = steps[loop]["parameterIterator"]["items"]["inputParameter"]
        assert steps[loop]["inputs"]["parameters"][over]["taskOutputParameter"]["producerTask"] == plan
        assert spec["components"][f"comp-{plan}"] == spec["components"]["comp-scaling-plan"] | {
            "executorLabel": f"exec-{plan}"
        }
    assert (
        pods["exec-scaling-sweep"]["nodeSelector"]["labels"]["cloud.google.com/gke-accelerator"] == "nvidia-h100-80gb"
    )
    assert all(task["retryPolicy"]["maxRetryCount"] == 5 for name, task in tasks_of(spec).items() if "sweep" in name)


def test_generate_films_in_one_pod_and_always_sums_up():
    spec, pods = ir("gpu", "generate")
    assert spec["root"]["dag"]["tasks"]["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert set(spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]) == {"generating"}
    given = spec["root"]["inputDefinitions"]["parameters"]
    assert {"model", "prompt", "image", "prompts", "images", "start_model", "generating_config"} <= set(given)
    assert pods["exec-generating"]["nodeSelector"]["labels"]["cloud.google.com/gke-accelerator"] == "nvidia-h100-80gb"
    assert tasks_of(spec)["generating"]["retryPolicy"]["maxRetryCount"] == 5


def test_retrain_does_after_a_listing_what_curate_does_and_learns_only_where_there_is_news():
    spec, _ = ir("gpu", "retrain")
    steps = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert set(steps) == {"listing", "news", "condition-2"}
    assert steps["news"]["dependentTasks"] == ["listing"]
    condition = steps["condition-2"]["triggerPolicy"]["condition"]
    assert condition.endswith("['pipelinechannel--news-Output'] == true")
    learning = spec["components"]["comp-condition-2"]["dag"]["tasks"]
    assert {name: task.get("dependentTasks", []) for name, task in learning.items() if "for-loop" not in name} == {
        "selecting": ["for-loop-3"], "captioning": ["selecting"], "encoding": ["captioning"], "training": ["encoding"],
        "promoting": ["encoding", "training"],
    }  # fmt: skip
    curated, _ = ir("gpu", "curate")
    for step in ("slicing", "scoring", "selecting", "captioning"):
        assert _executors(spec)[f"exec-{step}"] == _executors(curated)[f"exec-{step}"]
        given = set(tasks_of(spec)[step]["inputs"]["parameters"])
        assert given == set(tasks_of(curated)[step]["inputs"]["parameters"])


def test_what_comes_of_news_goes_on_from_the_promoted_model_on_its_basis():
    spec, _ = ir("gpu", "retrain")
    learning = spec["components"]["comp-condition-2"]["dag"]["tasks"]
    inputs = {name: learning[name]["inputs"]["parameters"] for name in ("encoding", "training", "promoting")}
    source = {
        step: {key: value.get("componentInputParameter", "") for key, value in of.items()}
        for step, of in inputs.items()
    }
    assert source["encoding"]["config"] == "pipelinechannel--news-encoding_config"
    assert source["training"]["start"] == "pipelinechannel--news-model"
    assert learning["training"]["inputs"]["parameters"]["only_new"]["runtimeValue"] == {"constant": True}
    assert source["promoting"]["videos"] == "pipelinechannel--news-videos"


EVERY = [(profile, name) for profile in PROFILES for name in PIPELINES]


@pytest.mark.parametrize(("profile", "name"), EVERY)
def test_no_step_is_cached_and_none_installs_anything(profile, name):
    spec, _ = ir(profile, name)
    for executor in _executors(spec).values():
        assert "pip install" not in " ".join(executor["container"]["command"])
        assert executor["container"]["image"].startswith("longtake/python-")
    assert not any(task["cachingOptions"] for task in tasks_of(spec).values())


@pytest.mark.parametrize(("profile", "name"), EVERY)
def test_every_step_has_its_resources_scratch_identity_labels_and_time_out(profile, name):
    spec, pods = ir(profile, name)
    for label, executor in _executors(spec).items():
        resources, pod = executor["container"]["resources"], pods[label]
        assert {"resourceCpuLimit", "resourceCpuRequest", "resourceMemoryLimit", "resourceMemoryRequest"} <= set(
            resources
        )
        assert {mount["mountPath"] for mount in pod["emptyDirMounts"]} == {"/dev/shm", "/tmp"}
        assert all(mount["sizeLimit"] for mount in pod["emptyDirMounts"])
        assert pod["securityContext"] == {"runAsUser": "65532", "runAsGroup": "65532", "runAsNonRoot": True}
        stage = pod["podMetadata"]["labels"]["longtake.io/stage"]
        assert stage in STEPS
        assert re.fullmatch(f"exec-{stage.replace('_', '-')}(-[0-9]+)?", label)  # Kubeflow counts those of one step
        assert pod["podMetadata"]["annotations"]["longtake.io/metrics-port"] == "9090"
        assert int(pod["activeDeadlineSeconds"]) > 0


def test_a_step_that_is_lost_late_is_tried_again():
    retry = tasks_of(ir("cpu")[0])["slicing"]["retryPolicy"]
    timeout_s = int(ir("cpu")[1]["exec-slicing"]["activeDeadlineSeconds"])
    assert retry["maxRetryCount"] == 2
    assert int(retry["backoffMaxDuration"].removesuffix("s")) >= 3 * timeout_s


def test_a_pool_gives_selector_tolerations_queue_and_a_count_of_its_accelerator():
    spec, pods = ir("gpu", "doctor")
    container, pod = _executors(spec)["exec-doctor"]["container"], pods["exec-doctor"]
    assert container["image"].startswith("longtake/python-torch:")
    assert container["resources"]["accelerator"] == {
        "count": "1", "resourceCount": "1", "type": "nvidia.com/gpu", "resourceType": "nvidia.com/gpu",
    }  # fmt: skip
    assert pod["nodeSelector"]["labels"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert pod["tolerations"] == [{"effect": "NoSchedule", "key": "nvidia.com/gpu", "operator": "Exists"}]
    assert ir("cpu")[1]["exec-slicing"]["podMetadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "curation"
    assert ir("cpu")[1]["exec-slicing"]["podMetadata"]["labels"]["cost-center"] == "video"


def test_keys_come_from_a_secret_and_with_workload_identity_from_nowhere():
    _, pods = ir("laptop")
    assert {entry["secretName"] for entry in pods["exec-slicing"]["secretAsEnv"]} == {"seaweedfs-keys"}
    assert "secretAsEnv" not in ir("cpu")[1]["exec-slicing"]


def test_the_values_of_the_chart_are_the_defaults_of_the_pipeline():
    inputs = ir("cpu")[0]["root"]["inputDefinitions"]["parameters"]
    assert inputs["raw"]["defaultValue"] == "s3://acme-footage/raw"
    assert inputs["shards"]["defaultValue"] == 16


def test_every_parameter_of_a_component_is_described_for_the_ui():
    for step in {step for entry in CATALOG.values() for step in entry.steps}:
        text = (CLONE / "components" / step / "component.yaml").read_text()
        loaded = components.load_component_from_text(text)
        assert loaded.component_spec.description
        spec = yaml.safe_load(text)["components"][f"comp-{step.replace('_', '-')}"]["inputDefinitions"]["parameters"]
        for name, parameter in spec.items():
            assert parameter.get("description") or name == "status", f"{step}.{name} has no description"


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline_parameter_has_a_default_that_runs(name):
    inputs = load_pipeline(name, Values()).component_spec.inputs
    assert all(value.default is not None for value in inputs.values())


@pytest.mark.parametrize("step", [path.parent.name for path in sorted((CLONE / "components").glob("*/component.py"))])
def test_every_component_has_its_page_and_calls_its_stage(step):
    assert (Path(CLONE) / "components" / step / "README.md").exists()
    assert hasattr(importlib.import_module(f"longtake.stages.{step}"), "run")

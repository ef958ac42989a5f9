"""The compiled YAML in the repository is what the code says now."""

import importlib
from pathlib import Path

import pytest
import yaml
from kfp import components

from longtake.cli.local import PIPELINES
from pipelines.catalog import CATALOG
from pipelines.compiling import CLONE, compile_pipeline, load_pipeline


def test_the_command_and_the_catalog_know_the_same_pipelines():
    assert set(PIPELINES) == set(CATALOG)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_compiled_yaml_is_up_to_date(name, tmp_path):
    for path in compile_pipeline(name, tmp_path):
        committed = CLONE / path.relative_to(tmp_path)
        assert committed.read_text() == path.read_text(), f"{committed.name} is stale: run make compile"


def ir():
    return next(yaml.safe_load_all((CLONE / "pipelines/compiled/curate.yaml").read_text()))


def test_curate_lists_then_slices_every_shard_and_always_sums_up():
    root = ir()["root"]["dag"]["tasks"]
    steps = ir()["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert set(root) == {"exit-handler-1", "summary"}
    assert root["summary"]["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"
    assert set(steps) == {"listing", "for-loop-2"}
    assert steps["for-loop-2"]["dependentTasks"] == ["listing"]


def test_no_step_is_cached_and_none_installs_anything():
    for executor in ir()["deploymentSpec"]["executors"].values():
        assert "pip install" not in " ".join(executor["container"]["command"])
        assert "longtake" in executor["container"]["image"]
    tasks = {**ir()["root"]["dag"]["tasks"], **ir()["components"]["comp-exit-handler-1"]["dag"]["tasks"]}
    for name in ("summary", "listing"):
        assert not tasks[name].get("cachingOptions")
    assert not ir()["components"]["comp-for-loop-2"]["dag"]["tasks"]["slicing"].get("cachingOptions")


def test_every_parameter_of_a_component_is_described_for_the_ui():
    for step in ("listing", "slicing", "summary"):
        text = (CLONE / "components" / step / "component.yaml").read_text()
        loaded = components.load_component_from_text(text)
        assert loaded.component_spec.description
        spec = yaml.safe_load(text)["components"][f"comp-{step}"]["inputDefinitions"]["parameters"]
        for name, parameter in spec.items():
            assert parameter.get("description") or name == "status", f"{step}.{name} has no description"


def test_every_pipeline_parameter_has_a_default_that_runs():
    inputs = load_pipeline("curate").component_spec.inputs
    assert all(value.default is not None for value in inputs.values())


@pytest.mark.parametrize("step", [path.parent.name for path in sorted((CLONE / "components").glob("*/component.py"))])
def test_every_component_has_its_page_and_calls_its_stage(step):
    assert (Path(CLONE) / "components" / step / "README.md").exists()
    assert hasattr(importlib.import_module(f"longtake.stages.{step}"), "run")

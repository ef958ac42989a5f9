"""What a pod runs: `python -m kfp.dsl.executor_main` on the component's own source."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from pipelines.compiling import CLONE
from tests.drawing import draw_film


def execute(step, parameters, folder, cwd):
    """The step as its compiled component has it, started as a container is; its output file."""
    spec = yaml.safe_load((CLONE / "components" / step / "component.yaml").read_text())
    container = spec["deploymentSpec"]["executors"][f"exec-{step}"]["container"]
    source = folder / f"{step}.py"
    source.write_text(container["command"][-1])
    outputs = {"outputFile": str(folder / f"{step}.json"), "artifacts": {}}
    for name, kind in spec["components"][f"comp-{step}"]["outputDefinitions"]["artifacts"].items():
        artifact = {"name": name, "uri": str(folder / f"{step}-{name}"), "type": kind["artifactType"], "metadata": {}}
        outputs["artifacts"][name] = {"artifacts": [artifact]}
    if "parameters" in spec["components"][f"comp-{step}"]["outputDefinitions"]:
        outputs["parameters"] = {"Output": {"outputFile": str(folder / f"{step}-Output")}}
    order = {"inputs": {"parameterValues": parameters}, "outputs": outputs}
    command = [sys.executable, "-m", "kfp.dsl.executor_main", "--component_module_path", str(source)]
    done = subprocess.run(
        [*command, "--executor_input", json.dumps(order), "--function_to_execute", step],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"},
    )
    return done, json.loads((folder / f"{step}.json").read_text()) if done.returncode == 0 else None


@pytest.fixture
def elsewhere(tmp_path):
    """A working directory that holds a folder named `components`."""
    folder = tmp_path / "elsewhere"
    (folder / "components").mkdir(parents=True)
    (folder / "components" / "__init__.py").write_text("raise RuntimeError('not these')")
    return folder


@pytest.mark.slow
def test_the_steps_run_from_a_folder_that_holds_one_named_components(tmp_path, elsewhere):
    draw_film(tmp_path / "raw" / "film.mp4", (1, 70), (2, 70))
    places = {"raw": str(tmp_path / "raw"), "data_root": str(tmp_path / "data"), "run": "r1"}
    # As Kubeflow sends them: a whole number in a dictionary comes as a float.
    listing = {**places, "shards": 2, "config": {"limits": {"files_per_worker": 200.0}}}
    done, output = execute("listing", listing, tmp_path, elsewhere)
    assert done.returncode == 0, done.stderr
    (shard,) = output["parameterValues"]["Output"]

    done, output = execute("slicing", {**places, "shard": shard, "config": {}}, tmp_path, elsewhere)
    assert done.returncode == 0, done.stderr
    assert output["artifacts"]["metrics"]["artifacts"][0]["metadata"] == {"inputs": 1, "skipped": 0, "kept": 2}
    assert "data:image/jpeg" in (tmp_path / "slicing-report").read_text()

    status = {"state": "SUCCEEDED", "pipelineJobResourceName": "", "pipelineTaskName": "", "error": {}}
    summary = {**places, "pipeline": "curate", "status": status}
    done, _ = execute("summary", summary, tmp_path, elsewhere)
    assert done.returncode == 0, done.stderr
    assert "# curate: done" in (tmp_path / "summary-report").read_text()


def test_a_mistake_ends_the_task_with_one_sentence_and_no_trace(tmp_path, elsewhere):
    wrong = {"raw": str(tmp_path), "data_root": str(tmp_path / "data"), "config": {"rule": {"min_clip": 1.0}}}
    done, _ = execute("slicing", wrong, tmp_path, elsewhere)
    assert done.returncode == 20
    assert "did you mean 'min_clip_s'" in done.stderr
    assert "Traceback" not in done.stderr

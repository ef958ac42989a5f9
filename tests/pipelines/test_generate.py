"""A film under Kubeflow's local runner, and the same one again."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from longtake.lake import Lake
from longtake.records import Segment
from tests.stages.tiny_worlds import save_picture, save_tiny_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def generate(folder):
    """`longtake run generate`: what it answers as JSON."""
    done = subprocess.run(
        [
            sys.executable, "-m", "longtake", "run", "generate", "--raw", str(folder / "raw"), "--data-root", str(folder / "data"),
            "--config", str(folder / "config.yaml"), "--json",
        ],
        capture_output=True, text=True, env=os.environ | {"LONGTAKE_WORKERS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_picture_and_a_text_become_a_film_once(tmp_path):
    (tmp_path / "raw").mkdir()
    config = {
        "model": str(save_tiny_world(tmp_path / "owl.safetensors")), "image": str(save_picture(tmp_path / "red.png")),
        "prompt": "A red square.",
        "generating_config": {"script": {"segments": 3, "cuts": [2]}, "sampling": {"steps": 2}, "encoder": {"kind": "random"}},
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    first = generate(tmp_path)
    assert {step["stage"]: step["state"] for step in first["steps"]} == {"generating": "done"}
    rows = Lake(str(tmp_path / "data")).tables.read(Segment)
    assert [row.index for row in rows] == [0, 1, 2]
    (again,) = generate(tmp_path)["steps"]
    assert (again["done"], again["skipped"]) == (3, 3)
    assert Lake(str(tmp_path / "data")).tables.read(Segment) == rows

"""A whole sweep under Kubeflow's local runner: rounds that hang on the losses before them, empty ones, and what comes of it."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
import yaml

from longtake.records import Run
from longtake.stages import scaling_fit
from pipelines.catalog import SWEEP_ROUNDS
from tests.stages.latent_lakes import drawn_lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SWEEP = {
    "preset": "demo",
    "training": {
        "model": {"width_per_layer": 16, "head_width": 8, "frequency_width": 16},
        "schedule": {"warmup_steps": 2}, "validation": {"samples": 4, "draws": 1},
    },
    "depths": [1, 2, 3], "budgets": [1e8, 2e8],
    "grid": {"depths": [1, 2], "tokens": [200, 400], "batches": 2, "lrs": 2, "widenings": 1},
    "guess": {"batch_tokens": 16, "lr": 1e-3},
    "repeats": 1, "work": {"trainers": 1},
}  # fmt: skip
"""Two rounds at least: 2 x 2 settings of two sizes, looked at twice, and since the best of so few lies on an edge, the next beside them."""


def scale(lake, folder):
    """`longtake run scale`: what it answers as JSON, and how often each step ran."""
    (folder / "raw").mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({"sweep_config": SWEEP, "parts": 2}))
    done = subprocess.run(
        [
            sys.executable, "-m", "longtake", "run", "scale", "--raw", str(folder / "raw"), "--data-root", lake.data_root,
            "--config", str(folder / "config.yaml"), "--log", str(folder / "log"), "--json",
        ],
        capture_output=True, text=True, env=os.environ | {"LONGTAKE_WORKERS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_sweep_is_planned_anew_after_each_round_and_runs_that_are_too_few_are_no_laws_but_a_page_that_says_why(
    tmp_path,
):
    lake = drawn_lake(tmp_path / "lake")
    answer = scale(lake, tmp_path)
    steps = Counter(step["stage"] for step in answer["steps"])
    assert steps["scaling_plan"] == steps["scaling_fit"] == 1  # of the plans the last is kept
    assert {step["state"] for step in answer["steps"]} == {"done"}

    log = [line.strip() for line in (tmp_path / "log").read_text().splitlines()]
    rounds = [json.loads(line) for line in log if line.startswith('{"message": "round"')]
    assert len(rounds) == SWEEP_ROUNDS
    assert [each["parts"] for each in rounds[:2]] == [2, 2]
    assert steps["scaling_sweep"] == sum(each["parts"] for each in rounds)
    assert (rounds[-1]["cells"], rounds[-1]["parts"]) == (0, 0)

    rows = lake.tables.read(Run)
    assert len({row.config for row in rows}) == len(rows) == sum(each["cells"] for each in rounds)
    assert all(row.loss for row in rows)

    fitted = scaling_fit.run(data_root=lake.data_root, config=SWEEP)
    assert (fitted.runs, fitted.left, fitted.laws, fitted.name) == (len(rows), 0, "", "")
    assert "run next" in fitted.why
    (shown,) = (step["report_uri"] for step in answer["steps"] if step["stage"] == "scaling_fit")
    assert "run next" in lake.objects.read(shown.removeprefix(f"{lake.data_root}/")).decode()

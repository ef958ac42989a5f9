"""SIGKILL in the midst of a sweep, then again: the table of a sweep that was left alone. One of its runs comes apart in any case."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from longtake.errors import EXIT_QUARANTINED
from longtake.lake import Lake
from longtake.records import Run
from tests.stages.latent_lakes import drawn_lake
from tests.stages.test_scaling_sweep import table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CONFIG = {
    "training": {
        "model": {"width_per_layer": 8, "head_width": 8, "frequency_width": 8, "conditions": []}, "images": 0.0,
        "schedule": {"warmup_steps": 2}, "validation": {"draws": 2}, "guard": {"after": 5},
    },
    "depths": [1, 2], "budgets": [2e6, 4e6],
    "grid": {"depths": [1, 2], "tokens": [64, 320], "batches": 3, "lrs": 2, "lr_ratio": 1e40, "widenings": 0},
    "guess": {"batch_tokens": 16, "lr": 1e-3}, "repeats": 1, "work": {"trainers": 2},
}  # fmt: skip
CELLS = 2 * 3 * 2 * 2
MOMENTS = 10


def chosen():
    """`LONGTAKE_KILLS=all`: every moment; else one that changes from day to day."""
    if os.environ.get("LONGTAKE_KILLS") == "all":
        return list(range(MOMENTS))
    return [int(time.time() // 86_400) % MOMENTS]


def start(data):
    path = data.parent / f"{data.name}.json"
    path.write_text(json.dumps({"data_root": str(data), "config": CONFIG}))
    command = [sys.executable, "-m", "longtake", "step", "scaling_sweep", "--config", str(path)]
    environment = os.environ | {"LONGTAKE_METRICS": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    )


def finish(data):
    process = start(data)
    _, said = process.communicate()
    assert process.returncode == EXIT_QUARANTINED, said.decode()[-2000:]


def rows(data):
    """How many cells are done; a table that is just being made has none."""
    return sum(1 for _ in Lake(str(data)).tables.read(Run)) if (data / "tables" / "runs").exists() else 0


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lakes")
    drawn_lake(folder)
    (folder / "data").rename(folder / "drawn")
    return folder


@pytest.fixture(scope="module")
def undisturbed(lakes):
    shutil.copytree(lakes / "drawn", lakes / "undisturbed")
    finish(lakes / "undisturbed")
    found = table(Lake(str(lakes / "undisturbed")))
    assert len(found) >= CELLS
    assert {reason for _, _, _, reason, *_ in found} == {None, "diverged"}
    return found


@pytest.mark.parametrize("moment", chosen())
def test_the_table_is_that_of_an_undisturbed_sweep(moment, lakes, undisturbed):
    data = lakes / f"killed{moment}"
    shutil.copytree(lakes / "drawn", data)
    process = start(data)
    while process.poll() is None and rows(data) < CELLS * moment // MOMENTS:
        time.sleep(0.02)
    time.sleep(0.1 * moment)
    process.kill()  # its trainers find out that it is gone
    process.communicate()
    finish(data)
    assert table(Lake(str(data))) == undisturbed

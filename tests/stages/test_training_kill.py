"""SIGKILL at some step of a training, then again: the loss curve and the model of a training that was left alone, to the bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from longtake.dit.step_record import Curve
from longtake.errors import EXIT_TRANSIENT
from longtake.lake import Lake
from longtake.records import Run
from tests.stages.latent_lakes import drawn_lake

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

STEPS = 120
CONFIG = {
    "model": {"depth": 1, "width_per_layer": 32, "head_width": 16, "frequency_width": 16}, "steps": STEPS, "batch_tokens": 32, "lr": 1e-3,
    "validation": {"every_steps": 30, "draws": 2}, "checkpoints": {"every_steps": 7, "keep": 2},
    "films": {"every_steps": 50, "count": 1, "steps": 2},
}  # fmt: skip
MOMENTS = 10
"""The first before anything is learned, the last while it is published, the others at a checkpoint or just behind it."""


def chosen():
    """`LONGTAKE_KILLS=all`: every moment; else one that changes from day to day."""
    if os.environ.get("LONGTAKE_KILLS") == "all":
        return list(range(MOMENTS))
    return [1 + int(time.time() // 86_400) % (MOMENTS - 2)]


def start(data):
    path = data.parent / f"{data.name}.json"
    path.write_text(json.dumps({"data_root": str(data), "config": CONFIG}))
    command = [sys.executable, "-m", "longtake", "step", "training", "--config", str(path)]
    environment = os.environ | {"LONGTAKE_METRICS": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def finish(data):
    process = start(data)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]
    return said.decode()


def newest(data):
    """Step of the newest checkpoint, 0 before there is one."""
    return max((int(path.stem) for path in (data / "training").glob("*/*.checkpoint")), default=0)


def wait(process, condition):
    while not condition():
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        time.sleep(0.005)


def came_to(data):
    (row,) = Lake(str(data)).tables.read(Run)
    (path,) = (data / "training").glob("*/curve.json")
    curve = Curve.from_json(json.loads(path.read_text()))
    course = [(point.step, point.loss, point.norm, point.lr, point.tokens) for point in curve.points]
    return row.checkpoint.rpartition("/")[2], row.loss, row.train_loss, row.tokens, course, curve.validations


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of lakes, and what the training comes to when it is left alone."""
    folder = tmp_path_factory.mktemp("lakes")
    drawn_lake(folder)
    shutil.copytree(folder / "data", folder / "whole")
    finish(folder / "whole")
    wanted = came_to(folder / "whole")
    assert [one for one, *_ in wanted[4]] == list(range(1, STEPS + 1))
    return folder, wanted


@pytest.mark.parametrize("moment", chosen())
def test_killed_at_any_step_it_goes_on_to_the_same_model(undisturbed, moment):
    folder, wanted = undisturbed
    data = folder / f"killed-{moment}"
    shutil.copytree(folder / "data", data)
    process = start(data)
    if moment == 0:
        time.sleep(2.0)
    elif moment == MOMENTS - 1:
        wait(process, lambda: any((data / "models").glob("*")))
    else:
        wait(process, lambda: newest(data) >= STEPS * moment / (MOMENTS - 1) - 7)
        time.sleep(0.02 * moment)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finish(data)
    assert came_to(data) == wanted


def test_killed_again_and_again_it_still_comes_to_the_same_model(undisturbed):
    folder, wanted = undisturbed
    data = folder / "killed-often"
    shutil.copytree(folder / "data", data)
    for _, least in pairwise((0, 10, 50, 90)):
        process = start(data)
        wait(process, lambda least=least: newest(data) >= least)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    finish(data)
    assert came_to(data) == wanted


def test_told_to_end_it_keeps_the_step_under_way_and_says_to_try_again(undisturbed):
    folder, wanted = undisturbed
    data = folder / "told"
    shutil.copytree(folder / "data", data)
    process = start(data)
    wait(process, lambda: newest(data) > 0)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == EXIT_TRANSIENT, said.decode()[-2000:]
    assert "told to end after step" in said.decode()
    kept = newest(data)
    assert kept > 7
    assert f'"step": {kept}' in finish(data)
    assert came_to(data) == wanted

"""SIGKILL in a stage of a world model's training, then again: what a stage comes to that was left alone, to the bit."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from longtake.dit.step_record import Curve
from longtake.lake import Lake
from longtake.records import Run
from tests.stages.test_owl_training import DRAWN, TRAINING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CONFIG = DRAWN | {"training": TRAINING | {"steps": 60, "checkpoints": {"every_steps": 7, "keep": 2}}}


def start(data):
    path = data.parent / f"{data.name}.json"
    path.write_text(json.dumps({"data_root": str(data), "config": CONFIG}))
    command = [sys.executable, "-m", "longtake", "step", "owl_training", "--config", str(path)]
    environment = os.environ | {"LONGTAKE_METRICS": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def finish(data):
    process = start(data)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]


def came_to(data):
    (row,) = Lake(str(data)).tables.read(Run)
    (path,) = (data / "training").glob("*/curve.json")
    curve = Curve.from_json(json.loads(path.read_text()))
    course = [(point.step, point.loss, point.norm, point.parts) for point in curve.points]
    return row.checkpoint.rpartition("/")[2], row.loss, course, curve.validations


def test_killed_at_two_moments_it_comes_to_the_model_of_a_training_that_was_left_alone(tmp_path):
    finish(tmp_path / "whole")
    data = tmp_path / "killed"
    for least in (7, 35):
        process = start(data)
        while max((int(path.stem) for path in (data / "training").glob("*/*.checkpoint")), default=0) < least:
            assert process.poll() is None, process.stderr.read().decode()[-2000:]
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    finish(data)
    assert came_to(data) == came_to(tmp_path / "whole")

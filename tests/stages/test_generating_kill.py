"""SIGKILL in the midst of a film, then again: the film of a run that was left alone."""

import json
import os
import subprocess
import sys
import time

import pytest

from longtake.lake import Lake
from longtake.records import Segment
from tests.stages.test_generating import objects, segments
from tests.stages.tiny_worlds import save_picture, save_tiny_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEGMENTS, FILMS, MOMENTS = 6, 2, 10
CONFIG = {
    "script": {"segments": SEGMENTS, "cuts": [3], "dynamics": ["the red square goes left@1"]},
    "sampling": {"steps": 20}, "encoder": {"kind": "random"}, "drift": {"similarity_at_least": 0.99}, "on_drift": "anchor",
    "batch": FILMS,
}  # fmt: skip
"""Two films side by side that are anchored now and then."""


def chosen():
    """`LONGTAKE_KILLS=all`: every moment; else one that changes from day to day."""
    if os.environ.get("LONGTAKE_KILLS") == "all":
        return list(range(MOMENTS))
    return [int(time.time() // 86_400) % MOMENTS]


def start(place, data):
    (place / "prompts.txt").write_text("A red square.\nA green square goes left.\n")
    given = {
        "data_root": str(data), "model": str(place / "owl.safetensors"), "image": str(place / "red.png"),
        "prompts": str(place / "prompts.txt"), "config": CONFIG,
    }  # fmt: skip
    path = place / f"{data.name}.json"
    path.write_text(json.dumps(given))
    command = [sys.executable, "-m", "longtake", "step", "generating", "--config", str(path)]
    environment = os.environ | {"LONGTAKE_METRICS": "off", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def finish(place, data):
    process = start(place, data)
    said, log = process.communicate()
    assert process.returncode == 0, log.decode()[-2000:]
    return json.loads(said)


def count(data):
    """How many segments are done; a table that is just being made has none."""
    return len(Lake(str(data)).tables.read(Segment)) if (data / "tables" / "segments").exists() else 0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    save_tiny_world(folder / "owl.safetensors")
    save_picture(folder / "red.png")
    return folder


@pytest.fixture(scope="module")
def undisturbed(place):
    finish(place, place / "undisturbed")
    lake = Lake(str(place / "undisturbed"))
    found = segments(lake)
    assert len(found) == SEGMENTS * FILMS
    assert any(row["anchored"] for row in found)
    return found, objects(lake)


@pytest.mark.parametrize("moment", chosen())
def test_the_film_is_that_of_an_undisturbed_run(moment, place, undisturbed):
    data = place / f"killed{moment}"
    process = start(place, data)
    while process.poll() is None and count(data) < FILMS * SEGMENTS * moment // MOMENTS:
        time.sleep(0.01)
    time.sleep(0.03 * moment)
    process.kill()
    process.communicate()
    done = count(data)
    summary = finish(place, data)
    assert summary["skipped"] == done
    lake = Lake(str(data))
    assert (segments(lake), objects(lake)) == undisturbed

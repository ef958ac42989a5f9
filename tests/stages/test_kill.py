"""SIGKILL at some moment of scoring, on either engine, of selecting and of captioning, then again: the tables of an undisturbed run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from longtake.lake import Lake
from longtake.records import Caption, Score, Selection
from longtake.stages import listing, slicing
from tests.drawing import draw_film
from tests.engine.clusters import two_nodes
from tests.pipelines.conftest import descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SLICING = {"rule": {"min_clip_s": 1.0}}
CAPTIONING = {"writing": {"measured": {"subject": False, "text": False}}}
MOMENTS = 12
"""A step is cut into this many moments; `make soak` kills at each, CI at one that changes from day to day."""


def chosen(shift):
    if os.environ.get("LONGTAKE_KILLS") == "all":
        return list(range(MOMENTS))
    return [(5 * int(time.time() // 86_400) + shift) % MOMENTS]


@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    """A folder with eight clips in a lake."""
    folder = tmp_path_factory.mktemp("sliced")
    for seed in range(4):
        draw_film(folder / "raw" / f"{seed}.mp4", (2 * seed, 60), (2 * seed + 1, 60))
    places = {"raw": str(folder / "raw"), "data_root": str(folder / "data")}
    listing.run(**places, shards=1)
    slicing.run(**places, config=SLICING)
    return folder


class Lakes:
    """Copies of one lake, on each of which a step is run in a process of its own."""

    def __init__(self, folder, source):
        self.folder, self.source = folder, source

    def copy(self, name, of=None):
        shutil.copytree(of or self.source / "data", self.folder / name)
        return self.folder / name

    def start(self, step, data, **parameters):
        given = {"data_root": str(data), **parameters}
        if step != "captioning":  # to which the dataset says it
            given |= {"raw": str(self.source / "raw"), "slicing_config": SLICING}
        path = self.folder / f"{data.name}-{step}.json"
        path.write_text(json.dumps(given))
        command = [sys.executable, "-m", "longtake", "step", step, "--config", str(path)]
        environment = os.environ | {"LONGTAKE_METRICS": "off"}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)

    def finish(self, *given, **parameters):
        process = self.start(*given, **parameters)
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()[-2000:]

    def kill(self, after_s, *given, **parameters):
        process = self.start(*given, **parameters)
        time.sleep(after_s)
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()

    def check(self, step, record, shift, *, of=None, **parameters):
        """Kills the step at each moment, runs it again, and compares the table with that of a step left alone."""
        whole = self.copy(f"{step}-whole", of)
        began = time.monotonic()
        self.finish(step, whole, **parameters)
        lasted_s = time.monotonic() - began
        wanted = Lake(str(whole)).tables.read(record)
        assert wanted
        for moment in chosen(shift):
            data = self.copy(f"{step}-{moment}", of)
            self.kill(lasted_s * (moment + 0.5) / MOMENTS, step, data, **parameters)
            self.finish(step, data, **parameters)
            assert Lake(str(data)).tables.read(record) == wanted, f"moment {moment}"
        return whole


def test_scoring_on_this_machine_then_selecting_then_captioning(sliced, tmp_path):
    lakes = Lakes(tmp_path, sliced)
    scoring = {"measuring": {"text": False}}
    scored = lakes.check("scoring", Score, 0, config=scoring)
    config = {"by": "thresholds", "thresholds": {"text_share": {}}}
    selected = lakes.check("selecting", Selection, 4, of=scored, scoring_config=scoring, config=config)
    lakes.check("captioning", Caption, 6, of=selected, config=CAPTIONING)


def test_scoring_and_captioning_on_ray_whose_rows_are_those_of_this_machine(sliced, tmp_path):
    measuring = {"measuring": {"text": False}}
    lakes = Lakes(tmp_path, sliced)
    local = lakes.copy("local")
    lakes.finish("scoring", local, config=measuring)
    config = {"by": "thresholds", "thresholds": {"text_share": {}}}
    lakes.finish("selecting", local, scoring_config=measuring, config=config)
    on_ray = lakes.copy("captioned-on-ray", of=local)
    lakes.finish("captioning", local, config=CAPTIONING)
    with two_nodes():
        whole = lakes.check("scoring", Score, 8, config=measuring | {"work": {"engine": "ray"}})
        lakes.finish("captioning", on_ray, config=CAPTIONING | {"work": {"engine": "ray"}})
    captions = Lake(str(on_ray)).tables.read(Caption)
    assert captions
    assert captions == Lake(str(local)).tables.read(Caption)
    assert Lake(str(whole)).tables.read(Score) == Lake(str(local)).tables.read(Score)

"""A training by people's marks, from the lake's tables to a checkpoint in the lake; tiny clips, a tiny network."""

import json
from functools import partial

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.scoring.architecture import PRESETS
from longtake.scoring.checkpoint import load_checkpoint
from longtake.stages import tsa_training
from longtake.stages.labels import make_label
from longtake.tsa_training import course
from longtake.tsa_training.drawn import draw_scene
from longtake.tsa_training.rendering import write_clip
from tests.annotating.lakes import fill
from tests.tsa_training.test_training import TINY

CONFIG = {"fewest_labels": 8, "seeds": [0], "optimisation": {"epochs": 1, "fusion_epochs": 2}}


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "small", TINY)
    monkeypatch.setattr(course, "evaluate", partial(course.evaluate, draws=5))
    write_clip(tmp_path / "clip.mp4", draw_scene(0.4, 64, np.random.default_rng(0)), 25.0, 30)
    return fill(tmp_path, [None] * 9, film=(tmp_path / "clip.mp4").read_bytes())


@pytest.mark.slow
def test_marks_become_a_network_in_the_lake_with_a_page_and_figures_for_kubeflow(lake, tmp_path):
    objects, clips, places = lake
    marks = [1, 5, 2, 4, 3, 5, 1, 4, 2]
    objects.tables.merge([make_label(clip, "ann", mark) for clip, mark in zip(clips, marks, strict=True)])
    summary = tsa_training.run(**places, config=CONFIG)
    assert summary.items == {"kept": 9}
    assert sum(map(sum, summary.confusion)) == len([1 for _ in range(round(0.3 * 9))])
    assert all(len(point) == 3 for point in summary.roc)
    assert json.loads(summary.to_json())["weights"] == summary.weights
    key = summary.weights.split("/data/")[1]
    (tmp_path / "network.safetensors").write_bytes(objects.objects.read(key))
    checkpoint = load_checkpoint(tmp_path / "network.safetensors")
    assert checkpoint.facts["trained on"] == "people's marks of 9 clips"
    page = objects.objects.read("reports/by-hand/tsa_training-1of1.html").decode()
    assert "debiased mean of people" in page


def test_too_few_marks_are_a_sentence_with_both_ways_out(lake):
    objects, clips, places = lake
    objects.tables.merge([make_label(clips[0], "ann", 3)])
    with pytest.raises(UserError, match=r"1 clips .* needs 8 .*longtake annotate.*targets: curriculum"):
        tsa_training.run(**places, config=CONFIG | {"targets": "labels"})

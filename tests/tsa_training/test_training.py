"""The whole course on made-up inputs: the network learns what the fragments, the image and the labels all say."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from safetensors.torch import save_file

from longtake.records import METRICS
from longtake.scoring.architecture import PRESETS, Architecture, DynamicBranch, LabelBranch, StaticBranch
from longtake.scoring.checkpoint import load_checkpoint
from longtake.scoring.efficientnet import EfficientNetLite
from longtake.scoring.inputs import Inputs
from longtake.tsa_training import course
from longtake.tsa_training.config import Curriculum, Optimisation, TSATrainingConfig
from longtake.tsa_training.course import draw_samples, judge_samples, learn, save
from longtake.tsa_training.examples import Example, ExampleFiles, ExampleSet, calibrate
from longtake.tsa_training.eyes import PREFIX
from longtake.tsa_training.samples import Shot
from longtake.tsa_training.training import Training, ablation, name_of

TINY = Architecture(
    dynamic=DynamicBranch(
        segments=2, frames=2, grid=2, patch_px=16, token_TYX=(2, 8, 8), width=8, depths=(1,), heads=(1,),
        window_TYX=(1, 2, 2), gated_stages=1,
    ),
    static=StaticBranch(images=1, size_px=32, widths=(8, 8, 8, 8), depths=(1, 1, 1, 1), logits=0),
    labels=LabelBranch(hidden=(16,)), features=8, head=(8,),
)  # fmt: skip
CURRICULUM = Curriculum(samples=32, drawn_samples=8, held_out_ladders=1, held_out_composed=4, steps=2)
SHOTS = [Shot(source, 0) for source in ("alps", "bus", "cat", "dog")]
PARTS = {"alps": "train", "bus": "train", "cat": "validation", "dog": "test"}


@pytest.fixture(params=["own backbones", "pretrained eyes"])
def lesson_of(request, tmp_path, monkeypatch):
    architecture = TINY
    if request.param == "pretrained eyes":
        architecture = replace(TINY, eyes=1, eyes_see_T=(0, 1))
        eyes = EfficientNetLite(1).state_dict()
        save_file({PREFIX + name: one for name, one in eyes.items()}, tmp_path / "eyes.safetensors")
    monkeypatch.setitem(PRESETS, "small", architecture)
    monkeypatch.setattr(course, "evaluate", partial(course.evaluate, draws=5))
    samples = draw_samples(SHOTS, PARTS, CURRICULUM)
    files = ExampleFiles(tmp_path / "examples")
    files.folder.mkdir()
    rng = np.random.default_rng(0)
    for sample in samples:
        light = int(25 + 45 * sample.target)
        labels_L = rng.normal(size=len(METRICS)).astype(np.float32)
        labels_L[6] = sample.target + rng.normal() * 0.1
        fragments = np.full((2, 2, 32, 32, 3), light, np.uint8)
        files.save(sample.name, Inputs(fragments, np.full((1, 32, 32, 3), light, np.uint8), labels_L))
    examples = [Example(s.name, s.target, s.group, s.part, s.severities) for s in samples]
    config = TSATrainingConfig(
        curriculum=CURRICULUM, seeds=(0,), ablation=True, eyes=str(tmp_path / "eyes.safetensors"),
        optimisation=Optimisation(epochs=2, fusion_epochs=3, learning_rate=0.01, backbone_rate=1, warmup_epochs=0),
    )  # fmt: skip

    def run(said):
        return learn(judge_samples(samples), examples, files, config, tmp_path / "networks", said.append), config

    return run


def test_a_course_trains_every_row_judges_on_held_out_sources_and_does_nothing_twice(lesson_of, tmp_path):
    said = []
    lesson, config = lesson_of(said)
    assert {row.source for row in lesson.judged if row.held_out_source} == {"dog"}
    assert list(lesson.ablation) == ["dynamic", "+ static", "+ labels", "+ WCGB", "labels alone"]
    assert all(len(runs) == 1 for runs in lesson.ablation.values())
    assert lesson.evaluation.ladders.all.of == 2 * 35  # clean, and two severities, of every kind
    assert next(iter(lesson.evaluation.groups.values())).srcc.value > 0.5
    save(tmp_path / "network.safetensors", lesson, config, {"trained on": "shades"})
    loaded = load_checkpoint(tmp_path / "network.safetensors")
    assert loaded.facts["trained on"] == "shades"
    assert loaded.network.architecture == PRESETS["small"]
    again = []
    repeated, _ = lesson_of(again)
    assert said
    assert not again
    assert [row.vtss for row in repeated.judged] == [row.vtss for row in lesson.judged]


def test_the_rows_of_the_ablation_are_all_different_networks():
    names = {name: name_of(row) for name, row in ablation(TINY).items()}
    assert len(set(names.values())) == 5
    assert ablation(TINY)["+ WCGB"] == TINY


def test_a_metric_that_was_measured_nowhere_reads_as_zero():
    labels_NL = np.ones((4, len(METRICS)), np.float32)
    labels_NL[:, -1] = np.nan
    found = calibrate(labels_NL, np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.label_medians_L[-1] == 0
    assert found.label_sds_L[-1] == 1


def groups_of_two(severities=True):
    return [
        Example(f"{group}-{step}", 5.0 - step, group, "train", (0.5 * step, 0.0) if severities else ())
        for group in ("a", "b", "c", "d")
        for step in (0, 1)
    ]


def test_defects_are_put_onto_another_shot_group_by_group_and_only_while_it_learns(tmp_path):
    data = ExampleSet(groups_of_two(), ExampleFiles(tmp_path), None, "cpu")
    training = Training(data, Optimisation(transplant=1.0), 0, tmp_path, None)
    indices = [3, 2, 6, 7]
    chosen, before, after = training._transplant(indices, np.random.default_rng(2))
    assert (chosen, before) == (indices, [2, 2, 6, 6])
    assert after[0] == after[1]
    assert after[2] == after[3]
    assert set(after) <= {0, 2, 4, 6}
    assert after != before
    assert training._transplant(indices, None) == (indices, indices, indices)


def test_marked_clips_have_no_clean_one_to_take_defects_from(tmp_path):
    data = ExampleSet(groups_of_two(severities=False), ExampleFiles(tmp_path), None, "cpu")
    training = Training(data, Optimisation(transplant=1.0), 0, tmp_path, None)
    assert training._transplant([0, 1], np.random.default_rng(0)) == ([0, 1], [0, 1], [0, 1])

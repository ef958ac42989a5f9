import numpy as np
import pytest

from longtake.tsa_training.defects import KINDS, Scene, crf_of
from longtake.tsa_training.drawn import draw_scene

FRAMES_NHW3 = draw_scene(0.8, 192, np.random.default_rng(7))
OTHER_NHW3 = FRAMES_NHW3[::-1, ::-1].copy()
IN_THE_CODEC = {"compression"}
IN_TIME = {"speed_up", "dissolves", "wipes"}
"""Which frame comes when: how far that is from the frame that came before follows from what is in them."""


def put(kind, severity, seed=3):
    scene = Scene(FRAMES_NHW3, lambda: OTHER_NHW3, 25.0, np.random.default_rng(seed))
    return KINDS[kind].apply(scene, severity)


def distance(kind, severity):
    return np.abs(put(kind, severity).astype(int) - FRAMES_NHW3).mean()


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in IN_THE_CODEC])
def test_a_defect_changes_the_picture_more_the_more_severe_it_is(kind):
    mild, bad = put(kind, 0.2), put(kind, 1.0)
    assert mild.shape == bad.shape == FRAMES_NHW3.shape
    assert mild.dtype == np.uint8
    assert 0 < distance(kind, 0.2) < (distance(kind, 1.0) if kind not in IN_TIME else 255)
    assert np.array_equal(put(kind, 1.0), bad)


def test_no_defect_touches_what_it_was_given():
    before = FRAMES_NHW3.copy()
    for kind in KINDS:
        put(kind, 0.7)
    assert np.array_equal(FRAMES_NHW3, before)


def test_compression_is_left_to_the_codec():
    assert [crf_of(severity) for severity in (0.0, 0.5, 1.0)] == [18, 39, 48]
    assert put("compression", 1.0) is FRAMES_NHW3


def test_each_dimension_has_kinds_to_train_on_and_others_to_judge_by():
    for dimension in ("dynamic", "static", "naturalness"):
        held_out = [kind.held_out for kind in KINDS.values() if kind.dimension == dimension]
        assert held_out.count(True) >= 3
        assert held_out.count(False) >= 4

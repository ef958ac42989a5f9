"""The meter's arithmetic on features made by hand, and films drawn so that their order is known."""

import dataclasses
import pickle

import numpy as np
import pytest

from longtake.errors import UserError
from longtake.evaluation.drift import DriftMeter, summarise
from longtake.evaluation.encoders import RandomEncoder
from tests.evaluation.drawn import film, pan


class ByHand:
    """Features that were written beforehand, in the order of the frames that are asked about."""

    name = "by hand"

    def __init__(self, features):
        self.left = np.array(features, float)

    def __call__(self, frames_NHW3):
        mine, self.left = self.left[: len(frames_NHW3)], self.left[len(frames_NHW3) :]
        return mine


def flat(*levels):
    """Frames of one level each."""
    return np.stack([np.full((32, 32, 3), level, np.uint8) for level in levels])


def measure(segments, encoder=None):
    meter = DriftMeter(encoder or RandomEncoder())
    return [meter.add(frames, new_scene) for frames, new_scene in segments]


def test_the_first_segment_has_no_seam_and_is_like_itself():
    row = DriftMeter(RandomEncoder()).add(flat(10, 12, 16), new_scene=True)
    assert (row.index, row.scene, row.scene_cut, row.frames) == (0, 0, False, 3)
    seam = {name: value for name, value in dataclasses.asdict(row).items() if name.startswith("seam")}
    assert len(seam) == 6
    assert set(seam.values()) == {None}
    assert (row.similarity_to_first, row.similarity_to_scene) == (pytest.approx(1), pytest.approx(1))
    assert (row.colour_levels_from_first, row.saturation) == (0, 0)


def test_pixels_of_seam_and_interior_are_told_apart_and_the_repeated_frame_counts_nowhere():
    meter = DriftMeter(RandomEncoder())
    first = meter.add(flat(10, 12, 16), False)
    second = meter.add(flat(17, 26, 30), False)  # 17 is the decoder's own take of 16
    assert (first.motion_levels, second.motion_levels) == (3, 4)
    assert second.frames == 2
    assert second.seam_pixel_levels == 10
    assert second.seam_pixel_ratio == pytest.approx(10 / 4)  # the median of 2, 4 and 4
    assert first.flicker == pytest.approx(252 / 255)
    whole = meter.add(flat(31, 32), False, carries_seam=False)
    assert (whole.frames, whole.seam_pixel_levels) == (2, 1)


def test_consistency_is_vbenchs_over_frames_and_its_pool_does_not_know_of_segments():
    angles = np.array([0, 0.1, 0.3, 0.4, 0.9, 2.0])
    features = np.stack([np.cos(angles), np.sin(angles)], 1) * np.array([[3], [1], [2], [1], [5], [1]])
    meter = DriftMeter(ByHand(features))
    rows = [meter.add(flat(1, 1, 1), False), meter.add(flat(1, 1), False), meter.add(flat(1, 1, 1), False)]
    expected = [
        (max(0, np.cos(angles[i] - angles[i - 1])) + max(0, np.cos(angles[i]))) / 2 for i in range(1, len(angles))
    ]
    assert rows[0].consistency == pytest.approx(np.mean(expected[:2]))
    assert rows[1].consistency == pytest.approx(expected[2])
    assert rows[2].consistency == pytest.approx(np.mean(expected[3:]))
    assert summarise(rows).consistency == pytest.approx(np.mean(expected))


def test_features_of_seam_adjacency_and_first_clip_are_as_by_hand():
    angles = np.array([0.0, 0.2, 0.6, 0.8])
    meter = DriftMeter(ByHand(np.stack([np.cos(angles), np.sin(angles)], 1)))
    first, second = meter.add(flat(1, 1), False), meter.add(flat(1, 1, 1), False)
    assert first.adjacent_similarity == pytest.approx(np.cos(0.2))
    assert second.seam_feature_distance == pytest.approx(1 - np.cos(0.4))
    assert second.seam_feature_ratio == pytest.approx((1 - np.cos(0.4)) / (1 - np.cos(0.2)))
    assert second.similarity_to_first == pytest.approx(np.cos(0.6))


def test_a_segment_of_one_new_frame_has_a_seam_and_no_interior():
    meter = DriftMeter(RandomEncoder())
    meter.add(flat(5), False)
    row = meter.add(flat(5, 9), False)
    assert row.seam_pixel_levels == 4
    assert (row.seam_pixel_ratio, row.flicker, row.motion_levels, row.flow_px, row.adjacent_similarity) == (None,) * 5
    assert row.consistency is not None


def test_colours_are_measured_in_their_units():
    picture = np.zeros((1, 32, 32, 3), np.uint8)
    picture[..., :] = (100, 50, 200)
    meter = DriftMeter(RandomEncoder())
    row = meter.add(picture, False)
    assert (row.blue_levels, row.green_levels, row.red_levels) == (100, 50, 200)
    assert row.saturation == pytest.approx(0.75)
    assert (row.contrast_levels, row.sharpness) == (0, 0)
    assert meter.add(picture + np.uint8(12), False, carries_seam=False).colour_levels_from_first == pytest.approx(12)
    striped = np.zeros((1, 32, 32, 3), np.uint8)
    striped[:, :, ::2] = 100
    row = meter.add(striped, True)
    assert row.contrast_levels == pytest.approx(50)
    assert row.sharpness == pytest.approx(200**2, rel=0.05)


@pytest.mark.parametrize("size", [(48, 64), (96, 192), (288, 384)])
def test_flow_tells_how_many_pixels_the_film_moves_whatever_its_size(size):
    assert DriftMeter(RandomEncoder()).add(pan([3] * 4, size), False).flow_px == pytest.approx(3, rel=0.15)


def test_in_a_still_film_seams_are_invisible_and_a_jump_is_large_and_finite():
    rows = measure([(flat(10, 10), False), (flat(10, 10), False), (flat(10, 40, 40), False)])
    assert (rows[1].seam_pixel_ratio, rows[1].seam_flow_ratio, rows[1].seam_feature_ratio) == (1, 1, 1)
    assert rows[2].seam_pixel_ratio == pytest.approx(30 / 0.25)


def test_a_film_with_a_jump_at_each_seam_is_told_from_one_without():
    smooth, jumping = summarise(measure(film())), summarise(measure(film(jump=18)))
    assert smooth.seams.count == jumping.seams.count == 5
    assert 0.7 < smooth.seams.pixel_ratio < 1.3
    assert jumping.seams.pixel_ratio > 2 * smooth.seams.pixel_ratio
    assert jumping.seams.feature_ratio > 2 * smooth.seams.feature_ratio
    assert jumping.seams.flicker < smooth.seams.flicker
    assert jumping.flicker == pytest.approx(smooth.flicker, abs=0.005)  # interiors know nothing of it


@pytest.mark.parametrize(("over_the_seam", "ratio"), [(2, 1), (7, 3.5), (0, 0)])
def test_motion_that_jumps_or_halts_at_the_seam_is_seen_in_the_flow(over_the_seam, ratio):
    frames = pan([2, 2, 2, over_the_seam, 2, 2, 2])
    rows = measure([(frames[:4], False), (frames[3:], False)])
    assert rows[1].seam_flow_ratio == pytest.approx(ratio, rel=0.15, abs=0.05)


def test_colours_that_drift_are_ranked_by_how_fast_and_by_nothing_else():
    found = [summarise(measure(film(tint=tint))) for tint in (0, 3, 6)]
    slopes = [one.trends["colour_levels_from_first"].slope for one in found]
    assert slopes[0] < 0.3 < slopes[1] < slopes[2]
    assert slopes[2] - slopes[1] == pytest.approx(1, rel=0.1)  # 3 levels of one channel of three
    light = [one.trends["light_levels"].start_end for one in found]
    assert light[0] < light[1] < light[2]
    similar = [one.trends["similarity_to_first"].end for one in found]
    assert similar[0] > similar[1] > similar[2]


def test_a_still_film_wins_consistency_and_its_motion_says_why():
    still, moving = summarise(measure(film(speed=0))), summarise(measure(film(speed=3)))
    assert still.consistency > moving.consistency
    assert still.flicker == pytest.approx(1)
    assert (still.flow_px, still.motion_levels) == (0, 0)
    assert moving.flow_px > 0.02
    assert moving.motion_levels > 1


def test_grain_lowers_the_flicker_number():
    assert summarise(measure(film(noise=6))).flicker < summarise(measure(film())).flicker - 0.01


def test_scene_cuts_are_scored_apart_and_begin_a_scene_of_their_own():
    rows = measure(film(cuts=(2, 4)))
    assert [row.scene for row in rows] == [0, 0, 1, 1, 2, 2]
    assert [row.scene_cut for row in rows] == [False, False, True, False, True, False]
    assert [row.frames for row in rows] == [9, 8, 9, 8, 9, 8]
    whole = summarise(rows)
    assert (whole.scenes, whole.cuts.count, whole.seams.count) == (3, 2, 3)
    assert whole.cuts.pixel_ratio > 5 * whole.seams.pixel_ratio
    assert whole.seams.worst_pixel_ratio < 2
    assert rows[2].similarity_to_scene == pytest.approx(1)
    assert rows[2].similarity_to_first < rows[3].similarity_to_scene


def test_what_the_meter_keeps_does_not_grow_with_the_film():
    meter, sizes = DriftMeter(RandomEncoder()), []
    for frames, new_scene in film(segments=30, cuts=(7, 20)):
        meter.add(frames, new_scene)
        sizes.append(len(pickle.dumps(meter)))
    assert max(sizes[7:]) - min(sizes[7:]) < 100  # from the second scene on, which has an anchor of its own


def test_segments_that_cannot_be_measured_are_refused_with_what_they_are():
    meter = DriftMeter(RandomEncoder())
    with pytest.raises(UserError, match=r"a segment is float64 \[2, 32, 32, 3\]; expected frames"):
        meter.add(flat(1, 2).astype(float), False)
    meter.add(flat(1, 2), False)
    with pytest.raises(UserError, match="segment 1 has 1 frames, none of them new"):
        meter.add(flat(2), False)
    with pytest.raises(UserError, match="segment 1 is 16x32, the film 32x32"):
        meter.add(flat(2, 3)[:, :, :16], False)
    with pytest.raises(UserError, match=r"by hand gave features \[1, 2\] for 2 frames"):
        DriftMeter(ByHand([[1, 0]])).add(flat(1, 2), False)

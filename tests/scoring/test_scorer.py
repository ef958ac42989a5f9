"""Clips of every kind, from the file to its numbers: each has a score, or a reason."""

import math

import numpy as np
import pytest

from longtake.records import METRICS, bucket_of
from longtake.scoring import ScoringConfig, score_clip
from longtake.scoring.config import Suitability
from longtake.scoring.faults import REASONS, Unmeasurable
from longtake.scoring.scorer import measure_clip
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard
from tests.drawing import shot, write_video
from tests.video.drawn import write_film

QUIET = ScoringConfig(text=False, suitability=None)


@pytest.fixture(scope="module")
def guard():
    with Guard() as guard:
        yield guard


@pytest.fixture
def measured(tmp_path, guard):
    """A function that writes a film and gives its numbers."""

    def run(frames_NHW3=None, **film):
        path = tmp_path / film.pop("name", "clip.mp4")
        if frames_NHW3 is not None:
            write_video(frames_NHW3, path)
        else:
            write_film(path, **film)
        return measure_clip(path, guard, QUIET, None)

    return run


def assert_sound(found):
    values = {name: value for name, value in found.metrics.items() if name != "text_share"}
    assert tuple(found.metrics) == METRICS
    assert all(math.isfinite(value) for value in values.values())
    assert len(found.fingerprint) == 64


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_clip_of_one_colour_has_numbers_that_say_so(measured, level):
    found = measured(np.full((50, 96, 160, 3), level, np.uint8))
    assert_sound(found)
    numbers = found.metrics
    assert (numbers["motion"], numbers["camera_shake"], numbers["clarity"], numbers["still_share"]) == (0, 0, 0, 1)
    assert numbers["clipped_share"] == (level != 128)
    assert numbers["brightness"] == pytest.approx(level / 255, abs=0.02)


def test_pure_noise_has_numbers(measured):
    assert_sound(measured(np.random.default_rng(0).integers(0, 256, (40, 96, 160, 3), np.uint8)))


@pytest.mark.parametrize("frames", [2, 3, 4])
def test_the_shortest_clips_have_numbers(measured, frames):
    assert_sound(measured(shot(1, frames)))


def test_a_clip_of_one_frame_has_a_reason(measured):
    with pytest.raises(Unmeasurable, match="one_frame") as fault:
        measured(shot(1, 1))
    assert fault.value.reason in REASONS


@pytest.mark.parametrize("size", [(3, 3), (2, 300), (500, 4)])
def test_the_smallest_pictures_have_numbers(measured, size):
    assert_sound(measured(name="clip.mkv", frames=20, size=size, codec="ffv1", pixel_format="gray", options={}))


@pytest.mark.slow
def test_8k_has_numbers(measured):
    found = measured(
        name="clip.avi", frames=3, size=(7680, 4320), codec="mjpeg", pixel_format="yuvj420p", options={"qmin": "20"}
    )
    assert_sound(found)


@pytest.mark.parametrize("fps", [1, 10, 24, 60, 120])
def test_every_frame_rate_has_numbers(measured, fps):
    assert_sound(measured(frames=max(6, fps), fps=fps))


def test_what_is_no_film_has_a_reason(tmp_path, guard):
    (tmp_path / "clip.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(4096))
    with pytest.raises(VideoFault):
        measure_clip(tmp_path / "clip.mp4", guard, QUIET, None)


def test_a_metric_that_is_no_number_is_a_reason_and_no_row_of_nan(tmp_path, guard):
    class Broken:
        def share(self, frames_NHW3):
            return math.nan

    write_video(shot(1, 30), tmp_path / "clip.mp4")
    with pytest.raises(Unmeasurable, match="not_finite: text_share"):
        measure_clip(tmp_path / "clip.mp4", guard, ScoringConfig(suitability=None), Broken())


def test_the_same_clip_twice_has_the_same_numbers_to_the_bit(tmp_path, guard):
    write_video(shot(1, 60), tmp_path / "clip.mp4")
    one, two = (measure_clip(tmp_path / "clip.mp4", guard, QUIET, None) for _ in range(2))
    assert (one.metrics, one.fingerprint) == (two.metrics, two.fingerprint)


def test_numbers_do_not_depend_on_resolution_or_frame_rate_where_they_claim_to(tmp_path, guard):
    """The same pan: 80 px/s of a picture 640 wide, drawn at two sizes and two rates."""
    found = []
    for scale, fps_ratio in ((1, 1), (2, 1), (1, 2)):
        picture = np.kron(shot(5, 1, 320 * scale, 180 * scale)[0], np.ones((2, 2, 1), np.uint8))
        frames = [np.roll(picture, step * 4 * scale * fps_ratio, axis=1) for step in range(50 // fps_ratio)]
        path = tmp_path / f"{scale}{fps_ratio}.mp4"
        write_video(np.stack(frames), path)
        found.append(measure_clip(path, guard, QUIET, None).metrics)
    plain, larger, faster = found
    assert plain["motion"] == pytest.approx(25 * 4 / 640 * 256, rel=0.1)
    assert larger["motion"] == pytest.approx(plain["motion"], rel=0.05)
    assert faster["motion"] == pytest.approx(2 * plain["motion"], rel=0.1)
    for name in ("brightness", "contrast", "colourfulness"):
        assert larger[name] == pytest.approx(plain[name], rel=0.05)


def test_a_file_that_lies_in_no_lake_gets_the_row_of_the_table(tmp_path):
    write_video(shot(1, 30), tmp_path / "clip.mp4")
    row = score_clip(tmp_path / "clip.mp4", QUIET)
    assert (row.bucket, row.video_id) == (bucket_of(row.clip_id), row.clip_id)
    assert row.reason is None
    assert row.motion > 0
    assert (row.vtss, row.vtss_reason, row.vtss_gain) == (None, None, None)


def test_what_the_network_sees_comes_from_the_one_decode_of_the_metrics(tmp_path):
    from longtake.scoring.architecture import SMALL

    class Counting(Guard):
        glimpses = 0

        def glimpse(self, *given):
            self.glimpses += 1
            return super().glimpse(*given)

    write_video(shot(1, 60), tmp_path / "clip.mp4")
    with Counting() as guard:
        plain, seeing = (measure_clip(tmp_path / "clip.mp4", guard, QUIET, None, network) for network in (None, SMALL))
        assert guard.glimpses == 2
    assert plain.inputs is None
    assert seeing.inputs.fragments_STHW3.shape == (4, 8, 224, 224, 3)
    assert seeing.inputs.images_KHW3.shape == (4, 224, 224, 3)
    assert np.isnan(seeing.inputs.labels_L).tolist() == [name == "text_share" for name in METRICS]
    assert (seeing.metrics, seeing.fingerprint) == (plain.metrics, plain.fingerprint)


@pytest.mark.parametrize("frames", [2, 3, 30])
def test_vtss_is_the_same_to_the_bit_each_time_however_short_the_clip(tmp_path, guard, frames):
    pytest.importorskip("torch", reason="the network extra is not installed")
    from tests.scoring.tiny_checkpoint import draw_checkpoint

    write_video(shot(1, frames), tmp_path / "clip.mp4")
    weights = draw_checkpoint(tmp_path / "tiny.safetensors")
    config = ScoringConfig(text=False, suitability=Suitability(weights=str(weights)))
    one, two = (score_clip(tmp_path / "clip.mp4", config, guard=guard) for _ in range(2))
    assert one == two
    assert 1 < one.vtss < 5
    assert (one.vtss_reason is None) == (one.vtss_gain is None)


def test_a_vtss_that_is_no_number_is_a_reason(tmp_path, guard):
    pytest.importorskip("torch", reason="the network extra is not installed")
    from tests.scoring.tiny_checkpoint import draw_checkpoint

    write_video(shot(1, 30), tmp_path / "clip.mp4")
    weights = draw_checkpoint(tmp_path / "tiny.safetensors", broken=True)
    with pytest.raises(Unmeasurable, match="not_finite: vtss"):
        score_clip(
            tmp_path / "clip.mp4", ScoringConfig(text=False, suitability=Suitability(weights=str(weights))), guard=guard
        )

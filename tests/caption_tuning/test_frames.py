import cv2
import numpy as np
import pytest

from longtake.caption_tuning.frames import FrameFiles, plan_moments, read_image, read_video
from longtake.caption_tuning.seeds import BadSeed
from longtake.caption_tuning.workers import Keeper, KeeperOrder
from longtake.captioning.config import Sampling
from longtake.captioning.measured.measuring import spread
from longtake.tsa_training.rendering import write_clip
from longtake.video.config import Limits
from longtake.video.guard import Guard
from tests.caption_tuning.drawn import frames, seed, shown

SAMPLING = Sampling(frames=4, size_px=64)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds, 50 frames; the level of grey of frame n is 4 n."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(
        path, np.arange(50, dtype=np.uint8)[:, None, None, None] * np.full((1, 48, 64, 3), 4, np.uint8), 25.0, 10
    )
    return path


def test_a_model_learns_from_the_frames_that_captioning_would_show_it():
    assert plan_moments(0.0, 7.3, 8) == pytest.approx(spread(7.3, 8))
    assert plan_moments(2.0, 4.0, 2) == (2.5, 3.5)


def test_spans_of_a_video_are_read_in_one_go_each_with_times_from_its_own_beginning(clip):
    seeds = [seed(0), seed(1, start_s=1.0, end_s=2.0), seed(2, start_s=9.0, end_s=10.0)]
    with Guard() as guard:
        found = read_video(clip, seeds, guard, SAMPLING)
    whole, half, beyond = (found[item.name] for item in seeds)
    assert whole.frames_NHW3.mean(axis=(1, 2, 3)) == pytest.approx([24, 72, 124, 172], abs=4)
    assert half.frames_NHW3.mean(axis=(1, 2, 3)) == pytest.approx([112, 136, 160, 184], abs=4)
    assert half.times_s == pytest.approx([0.12, 0.36, 0.6, 0.84], abs=0.021)
    assert isinstance(beyond, BadSeed)
    assert beyond.reason == "outside_video"


def test_frames_come_back_from_their_file_almost_as_they_were(tmp_path):
    files = FrameFiles(tmp_path)
    files.save("a", shown())
    back = files.load("a")
    assert np.array_equal(back.times_s, shown().times_s)
    assert np.abs(back.frames_NHW3.astype(int) - shown().frames_NHW3).mean() < 2
    strip = cv2.imdecode(np.frombuffer(files.strip("a"), np.uint8), cv2.IMREAD_COLOR)
    assert strip.shape == (96, 4 * 128 + 3 * 3, 3)


def test_an_image_is_a_clip_of_one_frame_upright_and_no_larger_than_asked_for(tmp_path):
    from PIL import Image

    picture = Image.fromarray(np.zeros((100, 200, 3), np.uint8))
    picture.paste((255, 0, 0), (0, 0, 200, 50))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter clockwise
    picture.save(tmp_path / "turned.jpg", exif=exif)
    found = read_image(tmp_path / "turned.jpg", SAMPLING)
    assert found.frames_NHW3.shape == (1, 64, 32, 3)
    assert found.frames_NHW3[0, 30, 24] == pytest.approx([0, 0, 254], abs=3)  # red is on the right now
    assert found.times_s.tolist() == [0.0]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "cannot identify"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
    ],
)
def test_an_image_that_is_none_has_a_reason(tmp_path, content, detail):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadSeed) as caught:
        read_image(tmp_path / "a.png", SAMPLING)
    assert caught.value.reason == "unreadable_image"
    assert detail in caught.value.detail


def test_an_image_that_is_too_large_is_not_decoded(tmp_path):
    from PIL import Image

    Image.new("1", (9000, 8000)).save(tmp_path / "large.png")
    with pytest.raises(BadSeed, match="unreadable_image") as caught:
        read_image(tmp_path / "large.png", SAMPLING)
    assert "9000 x 8000" in caught.value.detail


def test_a_keeper_keeps_what_it_can_read_and_says_why_it_cannot_the_rest(tmp_path, clip):
    (tmp_path / "frames").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 8)
    cv2.imwrite(str(tmp_path / "still.png"), frames()[0])
    good, late = seed(0, media=str(clip)), seed(1, media=str(clip), start_s=8.0, end_s=9.0)
    still = seed(3, media=str(tmp_path / "still.png"))
    broken = seed(2, media=str(tmp_path / "broken.mp4"))
    order = KeeperOrder(tmp_path / "frames", SAMPLING, Limits())
    keeper = order()
    try:
        found = keeper([[good, late], [broken], [still]])
    finally:
        keeper.close()
    assert [{name: reason for name, (reason, _) in faults.items()} for faults in found] == [
        {late.name: "outside_video"}, {broken.name: "unreadable"}, {},
    ]  # fmt: skip
    files = FrameFiles(tmp_path / "frames")
    assert [files.has(item.name) for item in (good, late, broken, still)] == [True, False, False, True]
    again = Keeper(order, lambda item, scratch: pytest.fail("it is there already"))
    assert again([[good]]) == [{}]

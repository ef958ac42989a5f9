"""VTSS from a checkpoint to the number, and what costs a clip most."""

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the network extra is not installed")

import torch

from longtake.errors import UserError
from longtake.records import METRICS
from longtake.scoring.architecture import Architecture
from longtake.scoring.inputs import Inputs
from longtake.scoring.reasons import LEAST_GAIN, Suited, in_words, name_reason, vtss_columns
from longtake.scoring.suitability import open_predictor, place_of
from longtake.scoring.vtss import VtssPredictor, what_ifs
from tests.rows import clip, score, video
from tests.scoring.tiny_checkpoint import draw_checkpoint
from tests.scoring.tiny_network import TINY


def draw(seed, network=TINY):
    noise = np.random.default_rng(seed)
    segments, frames, side = (
        network.dynamic.segments,
        network.dynamic.frames,
        network.dynamic.grid * network.dynamic.patch_px,
    )
    return Inputs(
        noise.integers(0, 256, (segments, frames, side, side, 3), np.uint8),
        noise.integers(0, 256, (network.static.images, network.static.size_px, network.static.size_px, 3), np.uint8),
        noise.normal(1, 5, len(METRICS)).astype(np.float32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return draw_checkpoint(tmp_path_factory.mktemp("weights") / "tiny.safetensors")


@pytest.fixture(scope="module")
def predictor(weights):
    return VtssPredictor(weights, "cpu")


def test_a_clip_has_one_score_to_the_bit_alone_or_among_others_and_on_any_number_of_threads(predictor, weights):
    clips = [draw(seed) for seed in range(16)]
    alone = [predictor.predict([one])[0] for one in clips]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert predictor.predict(clips) == alone
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert VtssPredictor(weights, "cpu").predict(clips[::-1]) == alone[::-1]
    assert len({one.vtss for one in alone}) == 16
    assert all(1 <= one.vtss <= 5 for one in alone)


def test_the_reason_is_the_label_whose_change_to_its_median_raises_vtss_most(predictor):
    """What the predictor says of one clip, against scores of clips that have that label."""
    for one in (draw(seed) for seed in range(3)):
        (said,) = predictor.predict([one])
        changed = np.stack([np.where(np.arange(len(METRICS)) == at, 1.0, one.labels_L) for at in range(len(METRICS))])
        gains = [
            predictor.predict([replace(one, labels_L=row.astype(np.float32))])[0].vtss - said.vtss for row in changed
        ]
        best = int(np.argmax(gains))
        if gains[best] < LEAST_GAIN:
            assert (said.reason, said.gain) == (None, 0.0)
        else:
            assert said.reason == METRICS[best]
            assert said.gain == pytest.approx(gains[best], abs=1e-5)


def test_a_label_that_was_not_measured_is_no_reason(predictor):
    found = [(seed, predictor.predict([draw(seed)])[0].reason) for seed in range(16)]
    seed, reason = next((seed, reason) for seed, reason in found if reason)
    one = draw(seed)
    one.labels_L[METRICS.index(reason)] = np.nan
    assert predictor.predict([one])[0].reason != reason
    assert math.isfinite(predictor.predict([one])[0].vtss)


def test_a_network_without_labels_gives_no_reasons(tmp_path):
    pictures = Architecture(
        dynamic=TINY.dynamic, static=TINY.static, labels=None, fusion="concat", features=16, head=(8,)
    )
    said = VtssPredictor(draw_checkpoint(tmp_path / "w.safetensors", pictures), "cpu").predict([draw(0)])[0]
    assert (said.reason, said.gain) == (None, 0.0)
    assert vtss_columns(said) == {"vtss": said.vtss, "vtss_reason": None, "vtss_gain": None}


def test_a_network_of_labels_alone_needs_no_pixels(tmp_path):
    labels = Architecture(dynamic=None, static=None, labels=TINY.labels, fusion="concat", features=16, head=(8,))
    blind = replace(
        draw(0), fragments_STHW3=np.zeros((0, 0, 1, 1, 3), np.uint8), images_KHW3=np.zeros((0, 1, 1, 3), np.uint8)
    )
    assert 1 <= VtssPredictor(draw_checkpoint(tmp_path / "w.safetensors", labels), "cpu").predict([blind])[0].vtss <= 5


def test_a_broken_network_gives_nan_and_no_number_within_the_scale(tmp_path):
    said = VtssPredictor(draw_checkpoint(tmp_path / "w.safetensors", broken=True), "cpu").predict([draw(0)])[0]
    assert math.isnan(said.vtss)
    assert said.reason is None


def test_what_ifs_are_the_labels_and_then_each_at_its_median():
    rows = what_ifs(np.array([7, 8, np.nan], np.float32), (1, 2, 3))
    np.testing.assert_array_equal(
        rows, np.array([[7, 8, np.nan], [1, 8, np.nan], [7, 2, np.nan], [7, 8, 3]], np.float32)
    )


def test_a_gain_below_the_bar_or_unknown_is_no_reason():
    gains = dict.fromkeys(METRICS, 0.0)
    assert name_reason([*(gains | {"noise": 0.2, "motion": math.nan}).values()]) == ("noise", 0.2)
    assert name_reason([*(gains | {"noise": LEAST_GAIN - 0.01}).values()]) == (None, 0.0)
    assert name_reason([math.nan] * len(METRICS)) == (None, 0.0)


def test_a_reason_reads_as_words_with_value_and_unit():
    of = clip(0, video(1))
    shaky = score(of, vtss=2.0, vtss_reason="camera_shake", vtss_gain=0.4213, camera_shake=12.34)
    assert in_words(shaky) == "camera_shake 12.3 px/s costs it most: VTSS would be 0.42 higher with a typical value"
    assert in_words(score(of, vtss=4.0)) == ""
    assert vtss_columns(None) == dict.fromkeys(("vtss", "vtss_reason", "vtss_gain"))


def test_weights_that_are_nowhere_or_nothing_are_said(tmp_path):
    with pytest.raises(UserError, match=r"suitability\.weights is .*/nothing.*suitability: null"):
        place_of(str(tmp_path / "nothing"))
    assert place_of("s3://models/tsa.safetensors") == "s3://models/tsa.safetensors"
    (tmp_path / "w.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError):
        open_predictor(tmp_path / "w.safetensors")


def test_without_torch_the_extra_is_named(monkeypatch, weights):
    import sys

    monkeypatch.delitem(sys.modules, "longtake.scoring.vtss")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        UserError, match=r"torch is not installed; pip install 'longtake\[network\]'.*suitability: null"
    ):
        open_predictor(weights)


def test_suited_travels_without_torch():
    assert Suited.__module__ == "longtake.scoring.reasons"

import numpy as np
import pytest

from longtake.errors import UserError

torch = pytest.importorskip("torch", reason="the torch extra is not installed")
transformers = pytest.importorskip("transformers", reason="the torch extra is not installed")

from safetensors.torch import save_file  # noqa: E402

from longtake.scoring.aesthetics import AestheticPredictor, prepare  # noqa: E402
from tests.scoring.tiny_clip import draw_weights  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    draw_weights(folder)
    return folder


def frames(seed, count=3, height=48, width=64):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def test_a_clip_has_the_mean_score_of_its_frames_whatever_else_is_in_the_batch(weights):
    predictor = AestheticPredictor(str(weights / "clip"), weights / "head.safetensors")
    one, other = frames(1), frames(2, height=90, width=40)
    together = predictor.scores([one, other])
    assert together == pytest.approx(predictor.scores([one]) + predictor.scores([other]), rel=1e-4)
    by_frame = [predictor.scores([one[index : index + 1]])[0] for index in range(3)]
    assert together[0] == pytest.approx(np.mean(by_frame), rel=1e-4)
    assert 4 <= together[0] <= 6  # 5, and one feature of a vector of length 1
    assert together[0] != pytest.approx(together[1], abs=1e-4)


def test_frames_become_what_clip_was_trained_on():
    grey_N3SS = prepare(np.full((1, 60, 100, 3), 128, np.uint8), 32)
    assert grey_N3SS.shape == (1, 3, 32, 32)
    red_HW3 = np.zeros((1, 40, 40, 3), np.uint8)
    red_HW3[..., 2] = 255
    red_N3SS = prepare(red_HW3, 32)
    assert red_N3SS[0, 0].mean() == pytest.approx((1 - 0.48145466) / 0.26862954, rel=1e-4)
    assert red_N3SS[0, 2].mean() == pytest.approx(-0.40821073 / 0.27577711, rel=1e-4)


def test_the_preparation_is_that_of_transformers(weights):
    pil = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    picture_HW3 = np.kron(frames(3, 1, 9, 13)[0], np.ones((10, 10, 1), np.uint8))
    theirs = processor(pil.fromarray(picture_HW3[..., ::-1].copy()), return_tensors="np")["pixel_values"]
    assert np.abs(prepare(picture_HW3[None], 32).numpy() - theirs).max() < 0.1


def test_weights_that_do_not_fit_are_a_sentence(weights, tmp_path):
    save_file({"layers.0.weight": torch.zeros(1, 5), "layers.0.bias": torch.zeros(1)}, tmp_path / "narrow.safetensors")
    with pytest.raises(UserError, match="takes 5 features, and the CLIP model gives 8"):
        AestheticPredictor(str(weights / "clip"), tmp_path / "narrow.safetensors")
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="expected layers"):
        AestheticPredictor(str(weights / "clip"), tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="is no CLIP model in safetensors"):
        AestheticPredictor(str(tmp_path), weights / "head.safetensors")

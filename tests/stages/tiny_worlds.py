"""World models of a few thousand weights, saved; and a picture that their films begin with."""

from dataclasses import replace

import cv2
import torch

from longtake.dit.config import DiTConfig
from longtake.latents.config import EncodingConfig, LinearConfig, TextConfig
from longtake.latents.linear import fit_linear
from longtake.owl.config import FilmConfig
from longtake.owl.trained_world import WorldCard, make_world, save_world
from tests.owl.tiny import CONFIG, story, words

LINEAR = LinearConfig(channels=8, step_px=4)


def film_config(conditions=("motion",), size=16):
    return FilmConfig(
        dit=DiTConfig(depth=1, width_per_layer=32, head_width=16, text_width=12, frequency_width=16, conditions=conditions),
        frames=5, height=size, width=size, encoding=EncodingConfig(linear=LINEAR, text=TextConfig(encoder="none")),
    )  # fmt: skip


def save_tiny_world(path, *, lmm=None, lmm_place=None, **how):
    """Untrained weights, pushed apart: its films move. `lmm`: the config of a pretrained language model, which the card says to be at
    `lmm_place`."""
    plain = CONFIG if lmm is None else replace(CONFIG, lmm=lmm)
    told = [torch.from_numpy(clip.frames_NHW3)[None] for number in range(6) for clip in story(number).clips]
    model = make_world(plain, film_config(**how), words(), fit_linear(iter(told), LINEAR))
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    moved = plain if lmm is None else replace(plain, lmm=replace(lmm, model=lmm_place))
    card = WorldCard(
        config=moved, film=film_config(**how), words=None if lmm else words().to_json(), trained_on="squares", run_id="r", stage="world",
        step=3, loss=0.5,
    )  # fmt: skip
    save_world(path, model, {}, card)
    return path


def save_picture(path, size=(24, 40)):
    cv2.imwrite(str(path), cv2.resize(story(0).image_HW3, size[::-1], interpolation=cv2.INTER_NEAREST))
    return path

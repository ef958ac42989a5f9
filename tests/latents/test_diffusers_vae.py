import json

import pytest
import torch

from longtake.errors import UserError
from longtake.latents.autoencoder import latent_shape
from longtake.latents.config import DiffusersConfig
from longtake.latents.diffusers_vae import FAMILIES, open_diffusers
from tests.latents.drawn import drifting
from tests.latents.tiny_models import make_vae

KINDS = ("wan", "cogvideox", "ltx", "hunyuan")
SCALES = {
    "wan": (torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([1.0, 2.0, 3.0, 4.0])),
    "cogvideox": (torch.zeros(4), torch.full((4,), 1 / 0.7)),
    "ltx": (torch.linspace(0, 1, 8), torch.linspace(1, 2, 8)),
    "hunyuan": (torch.zeros(4), torch.full((4,), 1 / 0.476986)),
}
"""Mean and deviation of raw latents, as each model's pipeline takes them."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny model of each kind."""
    return {kind: make_vae(kind, tmp_path_factory.mktemp(kind) / "vae") for kind in KINDS}


def opened(folder, **fields):
    return open_diffusers(DiffusersConfig(model=str(folder), **fields))


@pytest.mark.parametrize("kind", KINDS)
def test_latents_are_what_the_model_says_of_the_frames_standardised_as_its_pipeline_does(kind, folders):
    autoencoder = opened(folders[kind])
    frames = drifting(0, frames=17, height=64, width=96)
    latents = autoencoder.encode(frames)
    assert latents.dtype == torch.float32
    assert tuple(latents.shape) == (1, autoencoder.channels, *latent_shape(autoencoder, 17, 64, 96))
    assert (autoencoder.step_t, autoencoder.step_px) == ((8, 32) if kind == "ltx" else (4, 8))
    red_first = frames[..., [2, 1, 0]].permute(0, 4, 1, 2, 3) / 127.5 - 1
    with torch.no_grad():
        raw = autoencoder.model.encode(red_first).latent_dist.mode()
    mean, std = (value[:, None, None, None] for value in SCALES[kind])
    torch.testing.assert_close(latents, (raw - mean) / std)
    decoded = autoencoder.decode(latents)
    assert (decoded.shape, decoded.dtype) == (frames.shape, torch.uint8)
    temb = {"temb": torch.zeros(1)} if kind == "ltx" else {}
    with torch.no_grad():
        direct = autoencoder.model.decode(raw, **temb).sample[:, [2, 1, 0]].permute(0, 2, 3, 4, 1)
    assert (decoded - ((direct + 1) * 127.5).clamp(0, 255)).abs().max() < 0.51


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_a_window_of_one_frame(kind, folders):
    autoencoder = opened(folders[kind])
    frames = drifting(1, frames=1, height=64, width=64)
    assert autoencoder.decode(autoencoder.encode(frames)).shape == frames.shape


@pytest.mark.parametrize("kind", ["wan", "ltx"])
def test_what_comes_later_changes_no_latent_before_it(kind, folders):
    autoencoder = opened(folders[kind])
    frames = drifting(0, frames=17, height=32, width=64)
    changed = frames.clone()
    changed[:, 9:] = drifting(5, frames=8, height=32, width=64)
    until = latent_shape(autoencoder, 9, 32, 64)[0]
    torch.testing.assert_close(autoencoder.encode(frames)[:, :, :until], autoencoder.encode(changed)[:, :, :until])


def test_the_name_tells_weights_apart_and_not_how_they_are_computed_with(folders):
    names = {opened(folders[kind]).name for kind in KINDS}
    assert {name.partition("-")[0] for name in names} == set(KINDS)
    low = opened(folders["wan"], dtype="bfloat16")
    assert low.name in names
    assert low.encode(drifting(0)).dtype == torch.float32
    assert opened(folders["wan"].parent, subfolder="vae").name in names


def test_other_models_and_unfit_windows_are_the_user_s_mistakes(folders, tmp_path):
    with pytest.raises(UserError, match="frames are 1 \\+ a multiple of 4, sides a multiple of 8"):
        opened(folders["wan"]).encode(drifting(0, frames=8))
    with pytest.raises(UserError, match="is no folder"):
        opened(tmp_path / "gone")
    with pytest.raises(UserError, match=r"has no \*\.safetensors"):
        opened(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"no config\.json that can be read"):
        opened(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "AutoencoderKL"}))
    with pytest.raises(
        UserError, match="is of the class AutoencoderKL; video autoencoders that are known: AutoencoderKLWan"
    ):
        opened(tmp_path)
    (tmp_path / "config.json").write_text((folders["wan"] / "config.json").read_text())
    with pytest.raises(UserError, match="cannot be loaded as AutoencoderKLWan"):
        opened(tmp_path)


def test_every_family_that_is_known_is_tested_here():
    assert {family.kind for family in FAMILIES.values()} == set(KINDS)

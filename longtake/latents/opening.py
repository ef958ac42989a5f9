"""Opens the autoencoder that a config names."""

from pathlib import Path

import torch

from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder
from longtake.latents.config import EncodingConfig
from longtake.latents.diffusers_vae import open_diffusers
from longtake.latents.linear import load_linear


def open_autoencoder(config: EncodingConfig, *, basis: Path | None, device: torch.device | str = "cpu") -> Autoencoder:
    """Ready to encode and decode on the device. `basis` is the file of a linear one. Raises UserError where the files do not fit."""
    if config.autoencoder == "diffusers":
        if config.diffusers is None:
            raise UserError("autoencoder: diffusers needs diffusers: {model: FOLDER or name}; or take linear")
        return open_diffusers(config.diffusers, device)
    if basis is None:
        raise UserError("a linear autoencoder needs its basis, which the step encoding fits and keeps with the samples")
    linear, asked = load_linear(basis), config.linear
    found = (linear.step_t, linear.step_px, linear.channels)
    if found != (asked.step_t, asked.step_px, asked.channels):
        raise UserError(
            f"the basis {basis.name} has blocks of {found[0]} x {found[1]} x {found[1]} and {found[2]} channels, and the config says "
            f"linear: {{step_t: {asked.step_t}, step_px: {asked.step_px}, channels: {asked.channels}}}; say what the basis has, or "
            "leave it out"
        )
    return linear.to(device)

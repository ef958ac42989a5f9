"""The video autoencoders of `diffusers` behind our interface: Wan, CogVideoX, LTX, HunyuanVideo, told apart by their config.json.

Each has its own way to say how its latents become zero mean and unit variance: that of its pipeline in diffusers. CogVideoX and
HunyuanVideo normalise over time: they are causal nearly, not quite.

Legend: B windows, N frames, H, W pixels, 3 channels (blue, green, red; the models take red first); C channels, t, h, w of latents.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from longtake.errors import TransientError, UserError, first_line
from longtake.latents.autoencoder import check_frames, latent_shape
from longtake.latents.config import DiffusersConfig
from longtake.pretrained import check_format, load_pretrained


@dataclass(frozen=True, kw_only=True)
class Family:
    """What differs between the classes."""

    kind: str
    """Of the name."""
    steps: Callable[[Any], tuple[int, int]]
    """(step_t, step_px) of a model."""
    scale: Callable[[Any], tuple[Tensor, Tensor]]
    """(mean_C, std_C) of its raw latents."""


def _listed(model: Any) -> tuple[Tensor, Tensor]:
    return torch.tensor(model.config.latents_mean), torch.tensor(model.config.latents_std)


def _by_factor(model: Any) -> tuple[Tensor, Tensor]:
    channels = model.config.latent_channels
    return torch.zeros(channels), torch.full((channels,), 1 / model.config.scaling_factor)


def _in_buffers(model: Any) -> tuple[Tensor, Tensor]:
    return model.latents_mean.float(), model.latents_std.float() / model.config.scaling_factor


def _by_ratio(model: Any) -> tuple[int, int]:
    return model.temporal_compression_ratio, model.spatial_compression_ratio


FAMILIES: Mapping[str, Family] = {
    "AutoencoderKLWan": Family(
        kind="wan", steps=lambda m: (m.config.scale_factor_temporal, m.config.scale_factor_spatial), scale=_listed
    ),
    "AutoencoderKLCogVideoX": Family(
        kind="cogvideox",
        steps=lambda m: (m.config.temporal_compression_ratio, 2 ** (len(m.config.block_out_channels) - 1)),
        scale=_by_factor,
    ),
    "AutoencoderKLLTXVideo": Family(kind="ltx", steps=_by_ratio, scale=_in_buffers),
    "AutoencoderKLHunyuanVideo": Family(kind="hunyuan", steps=_by_ratio, scale=_by_factor),
}
"""By `_class_name`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DiffusersAutoencoder:
    """A model of diffusers with the mean and deviation of its raw latents."""

    model: Any
    name: str
    mean_C: Tensor
    std_C: Tensor
    step_t: int
    step_px: int

    @property
    def channels(self) -> int:
        return len(self.mean_C)

    @torch.no_grad()
    def encode(self, frames_BNHW3: Tensor) -> Tensor:
        """uint8 -> latents_BCthw, float32: the mean that the model gives, nothing drawn. Raises UserError for windows that do not fit."""
        check_frames(self, frames_BNHW3.shape)
        pixels_B3NHW = frames_BNHW3.to(self.model.device).flip(-1).permute(0, 4, 1, 2, 3)
        pixels_B3NHW = pixels_B3NHW.to(self.model.dtype).div_(127.5).sub_(1.0)
        raw_BCthw = self.model.encode(pixels_B3NHW).latent_dist.mode().float()
        shape = latent_shape(self, *frames_BNHW3.shape[1:4])
        if raw_BCthw.shape[2:] != shape:
            raise UserError(
                f"{self.name} makes latents of {tuple(raw_BCthw.shape[2:])} where {shape} fit the window: its tiles do not suit that size; "
                "give diffusers: {tiled: false}, or windows of another size"
            )
        return (raw_BCthw - _wide(self.mean_C)) / _wide(self.std_C)

    @torch.no_grad()
    def decode(self, latents_BCthw: Tensor) -> Tensor:
        """-> frames_BNHW3, uint8."""
        raw_BCthw = latents_BCthw.to(self.mean_C) * _wide(self.std_C) + _wide(self.mean_C)
        pixels_B3NHW = self.model.decode(raw_BCthw.to(self.model.dtype), **self._clean(len(raw_BCthw))).sample.float()
        values_BNHW3 = pixels_B3NHW.permute(0, 2, 3, 4, 1).flip(-1).add(1.0).mul_(127.5)
        return values_BNHW3.round_().clamp_(0, 255).to(torch.uint8)

    def to(self, device: torch.device | str) -> "DiffusersAutoencoder":
        return replace(self, model=self.model.to(device), mean_C=self.mean_C.to(device), std_C=self.std_C.to(device))

    def _clean(self, count: int) -> dict[str, Tensor]:
        """Some decoders of LTX remove noise as well: they are told that there is none."""
        if not getattr(self.model.config, "timestep_conditioning", False):
            return {}
        return {"temb": torch.zeros(count, device=self.model.device, dtype=self.model.dtype)}


def open_diffusers(config: DiffusersConfig, device: torch.device | str = "cpu") -> DiffusersAutoencoder:
    """Loads the model from a folder or the hub. Raises UserError for what is none of the known ones, TransientError without the hub."""
    family, model = _load(config)
    name = f"{family.kind}-{_weights_digest(model)}"
    mean_C, std_C = family.scale(model)
    step_t, step_px = family.steps(model)
    if config.tiled:
        model.enable_tiling()
    if config.dtype == "bfloat16" or (config.dtype == "auto" and torch.device(device).type == "cuda"):
        model = model.to(torch.bfloat16)
    model = model.to(device).eval().requires_grad_(False)
    return DiffusersAutoencoder(
        model=model, name=name, mean_C=mean_C.to(device), std_C=std_C.to(device), step_t=step_t, step_px=step_px
    )


def _load(config: DiffusersConfig) -> tuple[Family, Any]:
    import diffusers

    where = f"{config.model}/{config.subfolder}" if config.subfolder else config.model
    folder = Path(where)
    if Path(config.model).is_absolute() and not folder.is_dir():
        raise UserError(f"{folder} is no folder; give the folder of a video autoencoder, or its name on the hub")
    check_format(folder)
    class_name = _class_name(config)
    if class_name not in FAMILIES:
        raise UserError(
            f"{where} is of the class {class_name or 'that its config.json does not name'}; video autoencoders that are known: "
            f"{', '.join(FAMILIES)}. Of a whole pipeline give subfolder: vae"
        )
    model = load_pretrained(
        getattr(diffusers, class_name).from_pretrained, config.model, class_name, where=where, subfolder=config.subfolder or None,
        low_cpu_mem_usage=False,
    )  # fmt: skip
    return FAMILIES[class_name], model


def _class_name(config: DiffusersConfig) -> str:
    """What config.json says; empty where it says nothing."""
    from diffusers.configuration_utils import ConfigMixin

    folder = Path(config.model) / config.subfolder
    try:
        if folder.is_dir():
            read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        else:
            read = ConfigMixin.load_config(config.model, subfolder=config.subfolder or None)
    except (OSError, ValueError) as error:
        if "connect" in str(error):
            raise TransientError(
                f"{config.model} is no folder here, and the hub, where it may be, does not answer; give a folder, or try again"
            ) from None
        raise UserError(f"{config.model} has no config.json that can be read: {first_line(error)}") from None
    return str(read.get("_class_name", "")) if isinstance(read, dict) else ""


def _weights_digest(model: Any) -> str:
    """Of the model's numbers in float32, whatever they are computed in later."""
    content = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        content.update(name.encode())
        content.update(tensor.float().contiguous().numpy().tobytes())
    return content.hexdigest()[:16]


def _wide(values_C: Tensor) -> Tensor:
    return values_C[:, None, None, None]

"""A film decoder out of a pipeline of `diffusers`, by its folder: its transformer, autoencoder, text encoder and noise schedule."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from longtake.dit.config import Objective
from longtake.errors import UserError
from longtake.latents.autoencoder import latent_shape
from longtake.latents.config import DiffusersConfig, TextConfig
from longtake.latents.diffusers_vae import open_diffusers
from longtake.latents.text import TextEncoder, open_text_encoder
from longtake.owl.backbones import CogVideoXBackbone, LTXBackbone, WanBackbone
from longtake.owl.film import LatentFilm, of_states
from longtake.pretrained import load_pretrained, told_of


@dataclass(frozen=True, kw_only=True)
class Family:
    """What differs between pipelines, but for the transformer's call."""

    backbone: type[WanBackbone | LTXBackbone | CogVideoXBackbone]
    tokens: int
    """Longest text of its pipeline."""


FAMILIES: Mapping[str, Family] = {
    "WanTransformer3DModel": Family(backbone=WanBackbone, tokens=512),
    "LTXVideoTransformer3DModel": Family(backbone=LTXBackbone, tokens=128),
    "CogVideoXTransformer3DModel": Family(backbone=CogVideoXBackbone, tokens=226),
}
"""By the class of the transformer."""


def open_diffusers_film(
    folder: Path | str,
    *,
    frames: int,
    fps: float,
    size_px: tuple[int, int],
    device: torch.device | str = "cpu",
    dtype: Literal["float32", "bfloat16"] = "float32",
    checkpointing: bool = False,
) -> LatentFilm:
    """`dtype` is that of the transformer's weights; `checkpointing` takes time for memory in training.

    The text encoder is opened when it is asked. Raises UserError for what is no pipeline of a known kind, or does not fit the size.
    """
    folder = Path(folder).expanduser()
    index = _read_json(folder, "model_index.json", "a pipeline of diffusers")
    family, name = _family(folder, index)
    transformer = _load(folder, name, getattr(torch, dtype))
    if checkpointing:
        transformer.enable_gradient_checkpointing()
    autoencoder = open_diffusers(DiffusersConfig(model=str(folder), subfolder="vae"), device)
    scheduler = _scheduler(folder, index)
    backbone = family.backbone.of(transformer, autoencoder, fps, scheduler)
    text = PipelineText(folder, family.tokens, device) if (folder / "text_encoder").is_dir() else None
    shape_thw = latent_shape(autoencoder, frames, *size_px)
    if family.backbone is CogVideoXBackbone:
        _check_cogvideox(transformer, frames, shape_thw)
    tokens = math.prod(shape_thw) // (backbone.config.patch_t * backbone.config.patch_px**2)
    shift = shift_of(scheduler.config, tokens) if backbone.kind == "flow" else 1.0
    objective = of_states(Objective(kind=backbone.kind, shift=shift))
    return LatentFilm(backbone.to(device), objective, autoencoder, text, frames=frames, fps=fps, size_px=size_px)


class PipelineText:
    """The T5 or UMT5 of a pipeline, opened when the first text comes; each text alone, without padding."""

    _opened: TextEncoder | None

    def __init__(self, folder: Path, tokens: int, device: torch.device | str = "cpu") -> None:
        said = _read_json(folder, "text_encoder/config.json", "a text encoder")
        self.name, self.width = f"{said.get('model_type')} {folder.name}", int(said.get("d_model", 0))
        if said.get("model_type") not in ("t5", "umt5"):
            raise UserError(f"{folder}/text_encoder is a {said.get('model_type')}; a t5 or umt5 is expected")
        self._config = TextConfig(encoder=said["model_type"], model=str(folder), tokens=tokens)
        self._device, self._opened = device, None

    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        self._opened = self._opened or open_text_encoder(self._config, self._device)
        return self._opened.encode(texts)


def shift_of(said: Mapping[str, Any], tokens: int) -> float:
    """How far a flow's schedule moves times towards the noise, for clips of so many video tokens (`Objective.shift`).

    By its config: LTX has e^mu, mu a line in the tokens (`calculate_shift` of its pipeline), Wan a number.
    """
    if not said.get("use_dynamic_shifting"):
        return float(said.get("flow_shift") or said.get("shift") or 1.0)
    few, many = said.get("base_image_seq_len", 256), said.get("max_image_seq_len", 4096)
    least, most = said.get("base_shift", 0.5), said.get("max_shift", 1.15)
    mu = least + (most - least) * (tokens - few) / (many - few)
    return mu if said.get("time_shift_type") == "linear" else math.exp(mu)


def _family(folder: Path, index: Mapping[str, Any]) -> tuple[Family, str]:
    name = str((index.get("transformer") or [None, None])[1])
    if name not in FAMILIES:
        raise UserError(
            f"the pipeline in {folder} has a transformer of the class {name}; those that are known: {', '.join(FAMILIES)}"
        )
    if (index.get("transformer_2") or [None])[0] is not None:
        raise UserError(
            f"the pipeline in {folder} has two transformers, one for much and one for little noise; give one of a single transformer"
        )
    return FAMILIES[name], name


def _load(folder: Path, name: str, dtype: torch.dtype) -> Any:
    import diffusers

    load, where = getattr(diffusers, name).from_pretrained, f"{folder}/transformer"
    return load_pretrained(load, folder, name, where=where, subfolder="transformer", torch_dtype=dtype)


def _scheduler(folder: Path, index: Mapping[str, Any]) -> Any:
    """The noise schedule; it has no weights."""
    import diffusers

    name = str((index.get("scheduler") or [None, None])[1])
    if not hasattr(diffusers, name):
        raise UserError(f"the pipeline in {folder} has a scheduler of the class {name}, which diffusers does not know")
    with told_of(f"{folder}/scheduler", name):
        return getattr(diffusers, name).from_pretrained(str(folder), subfolder="scheduler")


def _check_cogvideox(transformer: Any, frames: int, shape_thw: tuple[int, int, int]) -> None:
    """Raises UserError for a length that its autoencoder decodes to another one, and for another size than that of learned places."""
    said, (t, *size) = transformer.config, shape_thw
    if t % 2 == 0:
        raise UserError(
            f"the autoencoder of CogVideoX decodes an odd number of latents, and {frames} frames are {t}; "
            f"give {frames - 4} or {frames + 4} frames"
        )
    made_for = [said.sample_height, said.sample_width]
    if said.use_learned_positional_embeddings and made_for != size:
        raise UserError(
            f"this CogVideoX has learned places of {made_for[0]} x {made_for[1]} latents (rows x columns), and the clips have "
            f"{size[0]} x {size[1]}; film at its own size"
        )


def _read_json(folder: Path, name: str, kind: str) -> dict[str, Any]:
    try:
        said = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = None
    if not isinstance(said, dict):
        raise UserError(
            f"{folder} has no {name} that can be read: {kind} is expected; give the folder of a whole pipeline"
        )
    return said

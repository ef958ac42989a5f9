"""Encoders of transformers: a ViT as DINO's, and CLIP's image side; frames squeezed whole into the model's square.

Legend: N frames, H W rows and columns, 3 channels: blue, green, red; E width of features.
"""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from longtake.errors import UserError
from longtake.evaluation.encoders import BATCH, squares
from longtake.pretrained import load_pretrained, told_of

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""Means and deviations of red, green, blue, where the model's folder tells none."""


class _Pretrained(ABC):
    """A model, its square and its pixels; float32 on a processor, as it was saved on a GPU."""

    def __init__(self, model: Any, place: str, name: str, side_px: int, usual: tuple[Any, Any], device: str) -> None:
        self.name = name
        self._model = (model.float() if device == "cpu" else model).eval().to(device)
        self._side_px, self._device = side_px, device
        mean, deviation = _statistics(place) or usual
        self._mean_3, self._deviation_3 = torch.tensor(mean) * 255, torch.tensor(deviation) * 255

    @torch.inference_mode()
    def __call__(self, frames_NHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        parts = [frames_NHW3[at : at + BATCH] for at in range(0, len(frames_NHW3), BATCH)]
        return np.concatenate([self._encode(self._pixels(part)).float().cpu().numpy() for part in parts])

    def _pixels(self, frames_NHW3: NDArray[np.uint8]) -> Tensor:
        rgb_NHW3 = torch.from_numpy(squares(frames_NHW3, self._side_px)).flip(-1)
        pixels_NHW3 = (rgb_NHW3 - self._mean_3) / self._deviation_3
        return pixels_NHW3.permute(0, 3, 1, 2).to(self._device, next(self._model.parameters()).dtype)

    @abstractmethod
    def _encode(self, pixels_N3HW: Tensor) -> Tensor:
        """features_NE."""


class DinoEncoder(_Pretrained):
    """The class token of a ViT (DINO) or a DINOv2, after its last norm."""

    def __init__(self, place: str, device: str = "cpu") -> None:
        import transformers

        kinds: dict[str, tuple[Any, dict[str, Any]]] = {
            "vit": (transformers.ViTModel, {"add_pooling_layer": False}), "dinov2": (transformers.Dinov2Model, {}),
        }  # fmt: skip
        with told_of(place, "an image encoder"):
            config = transformers.AutoConfig.from_pretrained(place)
        if config.model_type not in kinds:
            raise UserError(
                f"{place} is a {config.model_type}; dino takes {' or '.join(kinds)}, and a CLIP goes by kind: clip"
            )
        load, how = kinds[config.model_type]
        model = load_pretrained(load.from_pretrained, place, "an image encoder", **how)
        super().__init__(model, place, f"{config.model_type}, {Path(place).name}", config.image_size, IMAGENET, device)

    def _encode(self, pixels_N3HW: Tensor) -> Tensor:
        features_NE: Tensor = self._model(pixel_values=pixels_N3HW).last_hidden_state[:, 0]
        return features_NE


class ClipEncoder(_Pretrained):
    """CLIP's embeddings of images."""

    def __init__(self, place: str, device: str = "cpu") -> None:
        import transformers

        load = transformers.CLIPVisionModelWithProjection.from_pretrained
        with told_of(place, "CLIP's image side"):
            config = transformers.AutoConfig.from_pretrained(place)
        if config.model_type not in ("clip", "clip_vision_model"):
            raise UserError(f"{place} is a {config.model_type}; expected a CLIP of transformers")
        model = load_pretrained(load, place, "CLIP's image side")
        super().__init__(model, place, f"clip, {Path(place).name}", model.config.image_size, CLIP, device)

    def _encode(self, pixels_N3HW: Tensor) -> Tensor:
        features_NE: Tensor = self._model(pixel_values=pixels_N3HW).image_embeds
        return features_NE


def _statistics(place: str) -> tuple[Any, Any] | None:
    """The mean and deviation that a folder's preprocessor tells."""
    path = Path(place) / "preprocessor_config.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return (told["image_mean"], told["image_std"]) if {"image_mean", "image_std"} <= told.keys() else None

"""The aesthetic score: a LAION-style predictor, an MLP over the image features of CLIP, with weights that are given.

Source: LAION-Aesthetics V2 (improved-aesthetic-predictor, Schuhmann 2022): linear layers without activations over the
L2-normalised image embedding, a score of about 1 to 10. Nothing is predicted without its weights.

Legend: N frames, H, W rows and columns, 3 channels, F features.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from longtake.errors import UserError

MEAN_3 = (0.48145466, 0.4578275, 0.40821073)
SD_3 = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own normalisation, red, green, blue (Radford 2021)."""


class AestheticPredictor:
    """CLIP and the head in memory, on a GPU where there is one."""

    def __init__(self, clip: str, head: Path) -> None:
        """`clip` is a folder or hub name, `head` a safetensors file. Raises UserError for weights that do not fit."""
        from safetensors.torch import load_file
        from transformers import CLIPVisionModelWithProjection

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model: Any = CLIPVisionModelWithProjection.from_pretrained(clip, use_safetensors=True)
        except (OSError, ValueError) as error:
            raise UserError(f"aesthetics.clip {clip!r} is no CLIP model in safetensors: {error}") from None
        self._model = model.to(self.device).eval()
        self._size_px = (
            self._model.config.vision_config.image_size
            if hasattr(self._model.config, "vision_config")
            else self._model.config.image_size
        )
        self._layers = [
            (weight.to(self.device), bias.to(self.device)) for weight, bias in _layers(load_file(head), head)
        ]
        width, wanted = self._layers[0][0].shape[1], self._model.config.projection_dim
        if width != wanted:
            raise UserError(f"aesthetics.head {head} takes {width} features, and the CLIP model gives {wanted}")

    def scores(self, clips_NHW3: Sequence[np.ndarray]) -> list[float]:
        """The mean score of each clip's frames (uint8; blue, green, red). One pass over the frames of all clips."""
        frames_N3SS = torch.cat([prepare(frames_NHW3, self._size_px) for frames_NHW3 in clips_NHW3])
        with torch.inference_mode():
            features_NF = self._model(pixel_values=frames_N3SS.to(self.device)).image_embeds.float()
            features_NF = functional.normalize(features_NF, dim=-1)
            for weight, bias in self._layers:
                features_NF = functional.linear(features_NF, weight, bias)
        parts = features_NF[:, 0].cpu().split([len(frames_NHW3) for frames_NHW3 in clips_NHW3])
        return [float(part.mean()) for part in parts]


def prepare(frames_NHW3: np.ndarray, size_px: int) -> torch.Tensor:
    """Frames as CLIP wants them, float32 [N, 3, size_px, size_px]: shorter side scaled (bicubic), centre cut, normalised.

    In torch alone: the processors of transformers want torchvision.
    """
    rgb_N3HW = torch.from_numpy(np.ascontiguousarray(frames_NHW3[..., ::-1])).permute(0, 3, 1, 2).float() / 255
    height, width = rgb_N3HW.shape[2:]
    scale = size_px / min(height, width)
    size = (max(size_px, round(height * scale)), max(size_px, round(width * scale)))
    scaled_N3HW = functional.interpolate(rgb_N3HW, size, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = (size[0] - size_px) // 2, (size[1] - size_px) // 2
    cut_N3SS = scaled_N3HW[..., top : top + size_px, left : left + size_px]
    mean_311, sd_311 = (torch.tensor(values)[:, None, None] for values in (MEAN_3, SD_3))
    return (cut_N3SS - mean_311) / sd_311


def _layers(weights: dict[str, torch.Tensor], head: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of `layers.<n>`, in order of n."""
    numbers = sorted(
        int(name.split(".")[1]) for name in weights if name.startswith("layers.") and name.endswith(".weight")
    )
    layers = [(weights[f"layers.{n}.weight"].float(), weights[f"layers.{n}.bias"].float()) for n in numbers]
    if not layers or len(layers[-1][1]) != 1:
        raise UserError(
            f"aesthetics.head {head} holds {', '.join(sorted(weights)[:6]) or 'nothing'}; expected layers.<n>.weight and "
            ".bias, the last of width 1"
        )
    return layers

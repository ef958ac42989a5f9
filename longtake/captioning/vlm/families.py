"""What differs between the families: how they take frames, where these stand in the prompt, and what else forward needs.

Legend: N frames, B rows of a batch, T tokens, 3 channels, H, W rows and columns, P patches, D numbers of one patch.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from longtake.captioning.vlm.preprocessing import (
    CLIP_MEAN,
    CLIP_STD,
    FILTERS,
    HALF,
    Look,
    crop_centre,
    fit_pixels,
    fit_short_side,
    normalise,
    pad_to_square,
    patchify,
    resize,
    to_pictures,
)  # fmt: skip
from longtake.errors import UserError

Settings = Mapping[str, Mapping[str, Any]]
"""How stills (`image`) and clips (`video`) are prepared, as the checkpoint's files say; may be empty."""
SECONDS_APART = 1.0
"""Of two frames, where nobody says when they are shown."""
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Frames of one prompt, ready."""

    content: list[dict[str, str]]
    """What the chat template is given before the prompt: `image`, `video` and `text` items."""
    runs: list[int]
    """For each placeholder that the template then writes, in order, how many tokens it stands for."""
    tensors: dict[str, Tensor]


class Family(ABC):
    """One way of showing frames to a model."""

    around = "{}"
    """Text in place of a placeholder, itself in the braces."""
    poolable_module = ""
    """Whose output is a plain square grid of visual tokens; empty: there is none."""

    def __init__(self, config: Any, settings: Settings, pooling: int, device: torch.device) -> None:
        self.config, self.settings = config, settings
        self.pooling, self.device = pooling, device
        self.image_token_id: int = config.image_token_id
        self.video_token_id: int | None = getattr(config, "video_token_id", None)

    @property
    def placeholder_ids(self) -> list[int]:
        return [self.image_token_id] if self.video_token_id is None else [self.image_token_id, self.video_token_id]

    @abstractmethod
    def show(self, frames_NHW3: np.ndarray, times_s: np.ndarray | None) -> Shown: ...

    @abstractmethod
    def join(self, tensors: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        """Of several prompts, each with frames, the tensors for one forward pass."""

    def beside(self, input_ids_BT: Tensor) -> dict[str, Tensor]:
        """What forward needs besides, from the tokens."""
        return {}

    def positions(self, model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], int]:
        """Of a batch of one prompt: position arguments of its forward pass, and what is added to a later token's place."""
        return {}, 0

    def later_positions(self, places_B: Tensor) -> Tensor:
        """Position ids of one token a row, from its place (with what `positions` adds)."""
        return places_B[:, None]

    def look(self, kind: str, mean: tuple[float, ...], std: tuple[float, ...]) -> Look:
        said = self.settings.get(kind, {})
        resample = said.get("resample", 3)
        if resample not in FILTERS:
            raise UserError(f"the model's preprocessing asks for Pillow's filter {resample}; 1, 2 and 3 are known")
        return Look(
            filter=FILTERS[resample],
            mean=tuple(said.get("image_mean") or mean),
            std=tuple(said.get("image_std") or std),
        )


class Llava(Family):
    """LLaVA 1.5 and its like: each frame is an image; the shorter side is fitted, and the middle cut out."""

    poolable_module = "multi_modal_projector"

    def __init__(self, config: Any, settings: Settings, pooling: int, device: torch.device) -> None:
        super().__init__(config, settings, pooling, device)
        self._look = self.look("image", CLIP_MEAN, CLIP_STD)
        said, vision = settings.get("image", {}), config.vision_config
        self._square = bool(said.get("do_pad", False))
        self._size = said.get("size") or {"shortest_edge": vision.image_size}
        crop = said.get("crop_size") or {"height": vision.image_size, "width": vision.image_size}
        self._crop = (crop["height"], crop["width"]) if said.get("do_center_crop", True) else None
        self._has_class = vision.model_type == "clip_vision_model" and config.vision_feature_select_strategy == "full"

    def show(self, frames_NHW3: np.ndarray, times_s: np.ndarray | None) -> Shown:
        pictures = to_pictures(frames_NHW3)
        if self._square:
            pictures = pad_to_square(pictures, self._look.mean)
        size = self._size
        if "shortest_edge" in size:
            height, width = fit_short_side(pictures.shape[2], pictures.shape[3], size["shortest_edge"])
        else:
            height, width = size["height"], size["width"]
        pictures = resize(pictures, height, width, self._look.filter)
        if self._crop:
            pictures = crop_centre(pictures, *self._crop)
        pixels = normalise(pictures, self._look, self.device)
        patch = self.config.vision_config.patch_size
        grid = pixels.shape[2] // patch, pixels.shape[3] // patch
        tokens = math.prod(grid) // self.pooling**2 + self._has_class
        return Shown(
            content=[{"type": "image"}] * len(pixels), runs=[tokens] * len(pixels), tensors={"pixel_values": pixels}
        )

    def join(self, tensors: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        return {"pixel_values": _cat([one["pixel_values"] for one in tensors])}


class LlavaOnevision(Family):
    """LLaVA-OneVision: frames are a video, whose tokens it averages itself, a quarter remaining; a still is one whole view.

    Views of parts of a still (anyres) are left out: they would be up to nine times the tokens of the whole.
    """

    def __init__(self, config: Any, settings: Settings, pooling: int, device: torch.device) -> None:
        super().__init__(config, settings, pooling, device)
        self._look = self.look("video", CLIP_MEAN, CLIP_STD)
        self._size_px: int = config.vision_config.image_size
        self._side: int = self._size_px // config.vision_config.patch_size

    def show(self, frames_NHW3: np.ndarray, times_s: np.ndarray | None) -> Shown:
        pictures = resize(to_pictures(frames_NHW3), self._size_px, self._size_px, self._look.filter)
        pixels = normalise(pictures, self._look, self.device)
        if len(pixels) > 1:
            tokens = len(pixels) * math.ceil(self._side / 2) ** 2 + 1  # and a line's end
            return Shown(content=[{"type": "video"}], runs=[tokens], tensors={"pixel_values_videos": pixels[None]})
        return Shown(
            content=[{"type": "image"}],
            runs=[self._side**2 + 1],
            tensors={"pixel_values": pixels, "image_sizes": torch.tensor([[self._size_px, self._size_px]])},
        )

    def join(self, tensors: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        joined = {}
        videos = [one["pixel_values_videos"] for one in tensors if "pixel_values_videos" in one]
        if videos:
            if len({video.shape for video in videos}) > 1:
                raise UserError(
                    "clips of one batch differ in their number of frames; LLaVA-OneVision takes as many of each"
                )
            joined["pixel_values_videos"] = _cat(videos)
        stills = [one for one in tensors if "image_sizes" in one]
        if stills:
            joined["pixel_values"] = _cat([one["pixel_values"] for one in stills])
            joined["image_sizes"] = _cat([one["image_sizes"] for one in stills])
            # more than one image is how the model is told to look at whole views alone; it reads no further than there are
            joined["batch_num_images"] = torch.tensor([len(stills) + 1])
        return joined


class Qwen25VL(Family):
    """Qwen2.5-VL: frames are a video in patches of two frames, a still is an image; both keep their shape. 2 x 2 are merged already."""

    def __init__(self, config: Any, settings: Settings, pooling: int, device: torch.device) -> None:
        super().__init__(config, settings, pooling, device)
        vision = config.vision_config
        self._patch, self._merge, self._together = (
            vision.patch_size,
            vision.spatial_merge_size,
            vision.temporal_patch_size,
        )

    def show(self, frames_NHW3: np.ndarray, times_s: np.ndarray | None) -> Shown:
        kind = "video" if len(frames_NHW3) > 1 else "image"
        look, factor = self.look(kind, CLIP_MEAN, CLIP_STD), self._patch * self._merge
        _, H, W, _ = frames_NHW3.shape
        size = fit_pixels(H, W, factor, *self._pixels(kind))
        pixels = normalise(resize(to_pictures(frames_NHW3), *size, look.filter), look, self.device)
        patches_PD, grid = patchify(pixels, self._patch, self._merge, self._together)
        content, runs = [{"type": kind}], [math.prod(grid) // self._merge**2]
        if kind == "image":
            return Shown(
                content=content, runs=runs, tensors={"pixel_values": patches_PD, "image_grid_thw": torch.tensor([grid])}
            )
        apart_s = float(np.mean(np.diff(times_s))) if times_s is not None and len(times_s) > 1 else SECONDS_APART
        tensors = {
            "pixel_values_videos": patches_PD,
            "video_grid_thw": torch.tensor([grid]),
            "second_per_grid_ts": torch.tensor([apart_s * self._together]),
        }
        return Shown(content=content, runs=runs, tensors=tensors)

    def join(self, tensors: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        names = {name: None for one in tensors for name in one}
        return {name: _cat([one[name] for one in tensors if name in one]) for name in names}

    def beside(self, input_ids_BT: Tensor) -> dict[str, Tensor]:
        stills_BT, videos_BT = input_ids_BT == self.image_token_id, torch.eq(input_ids_BT, self.placeholder_ids[-1])
        kinds_BT = stills_BT.int() + 2 * videos_BT.int()
        return {"mm_token_type_ids": kinds_BT}

    def positions(self, model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], int]:
        T = batch["input_ids"].shape[1]
        if "image_grid_thw" not in batch and "video_grid_thw" not in batch:
            return {"position_ids": torch.arange(T, device=batch["input_ids"].device).expand(3, 1, T)}, 0
        named = ("input_ids", "mm_token_type_ids", "image_grid_thw", "video_grid_thw", "second_per_grid_ts")
        positions_3BT, deltas_B1 = model.model.get_rope_index(**{name: batch[name] for name in named if name in batch})
        return {"position_ids": positions_3BT}, int(deltas_B1)

    def later_positions(self, places_B: Tensor) -> Tensor:
        return places_B[None, :, None].expand(3, -1, 1)

    def _pixels(self, kind: str) -> tuple[int, int]:
        """Least and most of one picture."""
        said = self.settings.get(kind, {})
        size = said.get("size") or {}
        least, most = (4 * 28**2, 1280 * 28**2) if kind == "image" else (128 * 28**2, 768 * 28**2)  # as published
        return (
            said.get("min_pixels") or size.get("shortest_edge") or least,
            said.get("max_pixels") or size.get("longest_edge") or most,
        )


class SmolVLM(Family):
    """SmolVLM2: each frame is squeezed to one square tile; those of a clip stand behind their times, as in its training."""

    around = "<fake_token_around_image><global-img>{}<fake_token_around_image>"
    poolable_module = "connector"

    def __init__(self, config: Any, settings: Settings, pooling: int, device: torch.device) -> None:
        super().__init__(config, settings, pooling, device)
        self._look = self.look("image", HALF, HALF)
        tile = settings.get("image", {}).get("max_image_size") or {}
        self._size_px: int = tile.get("longest_edge") or config.vision_config.image_size
        self._tokens = (self._size_px // config.vision_config.patch_size // config.scale_factor) ** 2 // pooling**2

    def show(self, frames_NHW3: np.ndarray, times_s: np.ndarray | None) -> Shown:
        pixels = normalise(
            resize(to_pictures(frames_NHW3), self._size_px, self._size_px, self._look.filter), self._look, self.device
        )
        N = len(pixels)
        content = [{"type": "image"}]
        if N > 1:
            shown_s = np.arange(N) * SECONDS_APART if times_s is None else times_s
            content = [{"type": "text", "text": self._introduce(N, float(shown_s[-1]))}]
            for second in shown_s.astype(int).tolist():
                when = f"\nFrame from {second // 60:02d}:{second % 60:02d}:"
                content += [{"type": "text", "text": when}, {"type": "image"}]
            content.append({"type": "text", "text": "\n\n"})
        return Shown(content=content, runs=[self._tokens] * N, tensors={"pixel_values": pixels[None]})

    def join(self, tensors: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        pixels = [one["pixel_values"][0] for one in tensors]
        if len(pixels) == 1:
            return dict(tensors[0])
        return {"pixel_values": torch.nn.utils.rnn.pad_sequence(pixels, batch_first=True)}  # all-zero pictures are none

    @staticmethod
    def _introduce(frames: int, duration_s: float) -> str:
        """As the model was trained to read it."""
        seconds = int(duration_s)
        length = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"You are provided the following series of {_number(frames)} frames from a {length} [H:MM:SS] video.\n"


def _cat(tensors: Sequence[Tensor]) -> Tensor:
    """One alone is not copied: it is large."""
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def _number(count: int) -> str:
    """In words, below a hundred."""
    if count < len(ONES):
        return ONES[count]
    return TENS[count // 10] + (f"-{ONES[count % 10]}" if count % 10 else "")


FAMILIES: dict[str, type[Family]] = {
    "llava": Llava, "llava_onevision": LlavaOnevision, "qwen2_5_vl": Qwen25VL, "smolvlm": SmolVLM,
}  # fmt: skip
"""By `model_type` of their config.json."""

"""Video transformers of `diffusers`, each called as ours is (`longtake.dit.model.DiT.forward`): Wan, LTX-Video, CogVideoX.

So the objective and the sampler are ours. A text of any length stands where the model's own was; one that is dropped is a learned
null in every place (F.2, 8). Times are 1000 of the model's steps.

Legend: B batch, C channels, t h w latent frames, rows, columns; T H W the same in tokens, R = H W tokens of a frame, S = T R; L tokens
of text, D their width.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from longtake.dit.conditions import TIME_SCALE
from longtake.dit.config import DiTConfig
from longtake.dit.model import from_patches, to_patches
from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder


class Backbone(nn.Module, ABC):
    """A transformer of diffusers with a null for texts that are dropped."""

    kind: ClassVar[Literal["flow", "v"]] = "flow"
    """What it predicts, as `Objective.kind`."""

    def __init__(self, transformer: Any, config: DiTConfig) -> None:
        """Of the config only channels, patches and the width of texts are read; it knows no metrics."""
        super().__init__()
        self.transformer, self.config = transformer, config
        self.null_D = nn.Parameter(torch.zeros(config.text_width))

    def forward(
        self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, text_mask_BL: Tensor, conditions: Mapping[str, Tensor]
    ) -> Tensor:  # fmt: skip
        """prediction_BCthw; `time_Bt`: 0 (clean) to 1 (noise), of each latent frame."""
        none_B1 = ~text_mask_BL.any(1, keepdim=True)
        text_BLD = torch.where(none_B1[..., None], self.null_D, text_BLD * text_mask_BL[..., None])
        number = self.transformer.dtype
        return self.predict(latents_BCthw.to(number), time_Bt, text_BLD.to(number), text_mask_BL | none_B1)

    @abstractmethod
    def predict(self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """prediction_BCthw, in the transformer's own number type; every row has a text by now."""

    def steps_BS(self, latents_BCthw: Tensor, time_Bt: Tensor) -> Tensor:
        """The model's time of each token; latents that share a patch have their mean."""
        grid_THW = self.config.grid(latents_BCthw.shape[2:])
        time_BT = time_Bt.unflatten(1, (grid_THW[0], -1)).mean(2)
        return TIME_SCALE * time_BT.repeat_interleave(grid_THW[1] * grid_THW[2], 1)


class WanBackbone(Backbone):
    """Wan: cross-attention to text without a mask (what lies behind ours is zeros, as in its pipeline), a time for each token.

    Only the TI2V-5B was trained with such times (`expand_timesteps`); the others take them, and learn them.
    """

    @classmethod
    def of(cls, transformer: Any, autoencoder: Autoencoder, fps: float, scheduler: Any) -> "WanBackbone":
        said = transformer.config
        if said.image_dim is not None or said.in_channels != said.out_channels:
            raise UserError(
                f"this Wan takes {said.in_channels} channels and gives {said.out_channels}: it is one of image to video, which reads a "
                "picture by CLIP; give one of text to video, or the TI2V-5B"
            )
        patch_t, patch_px, _ = said.patch_size
        return cls(transformer, shape(said.num_layers, said.in_channels, patch_t, patch_px, said.text_dim))

    def predict(self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        one_time = bool((time_Bt == time_Bt[:, :1]).all())
        steps = TIME_SCALE * time_Bt[:, 0] if one_time else self.steps_BS(latents_BCthw, time_Bt)
        prediction_BCthw: Tensor = self.transformer(latents_BCthw, steps, text_BLD, return_dict=False)[0]
        return prediction_BCthw


class LTXBackbone(Backbone):
    """LTX-Video: masked cross-attention to text, a time for each token, places in seconds and pixels."""

    places: tuple[float, float, float]
    """Seconds and pixels from one latent to the next: time, height, width."""

    @classmethod
    def of(cls, transformer: Any, autoencoder: Autoencoder, fps: float, scheduler: Any) -> "LTXBackbone":
        said = transformer.config
        channels = said.in_channels // (said.patch_size_t * said.patch_size**2)
        made = cls(
            transformer, shape(said.num_layers, channels, said.patch_size_t, said.patch_size, said.caption_channels)
        )
        made.places = (autoencoder.step_t / fps, autoencoder.step_px, autoencoder.step_px)
        return made

    def predict(self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        t, h, w = self.config.grid(latents_BCthw.shape[2:])
        values_BSP = self.transformer(
            to_patches(latents_BCthw, self.config).flatten(1, 2), text_BLD, self.steps_BS(latents_BCthw, time_Bt), mask_BL,
            num_frames=t, height=h, width=w, rope_interpolation_scale=self.places, return_dict=False,
        )[0]  # fmt: skip
        return from_patches(values_BSP.unflatten(1, (t, h * w)), (t, h, w), self.config)


class CogVideoXBackbone(Backbone):
    """CogVideoX: text and video are one sequence, one time for a whole clip, v on a noise schedule of its own.

    A given first latent stands clean among the noisy ones; the model of image to video has it beside them, too.
    """

    kind = "v"
    angles_N: Tensor
    """atan(s / a) of its steps, in right angles: our time of each."""
    image_scale: float = 1.0
    """Of the latent beside the noisy ones."""

    @classmethod
    def of(cls, transformer: Any, autoencoder: Autoencoder, fps: float, scheduler: Any) -> "CogVideoXBackbone":
        said = transformer.config
        if said.patch_size_t is not None:
            raise UserError(
                "this is a CogVideoX 1.5, which films a latent more than it shows; give one of the first kind (2B, 5B, 5B-I2V)"
            )
        made = cls(transformer, shape(said.num_layers, said.out_channels, 1, said.patch_size, said.text_embed_dim))
        angles_N = scheduler.alphas_cumprod.double().sqrt().clamp(0, 1).acos() / (math.pi / 2)
        made.register_buffer("angles_N", angles_N.float(), persistent=False)
        vae = getattr(getattr(autoencoder, "model", None), "config", {})
        if vae.get("invert_scale_latents"):
            made.image_scale = (
                vae["scaling_factor"] ** -2
            )  # its pipeline divides pictures by what it multiplies films by
        return made

    def predict(self, latents_BCthw: Tensor, time_Bt: Tensor, text_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        said, clip_time_B = self.transformer.config, time_Bt.amax(1)
        frames_BtChw = latents_BCthw.transpose(1, 2)
        if said.in_channels != said.out_channels:
            given_B = (time_Bt[:, 0] == 0) & (clip_time_B > 0)
            image_BtChw = torch.zeros_like(frames_BtChw)
            image_BtChw[:, 0] = frames_BtChw[:, 0] * self.image_scale * given_B[:, None, None, None]
            frames_BtChw = torch.cat([frames_BtChw, image_BtChw], 2)
        with text_length(self.transformer.patch_embed, text_BLD.shape[1]):
            prediction_BtChw: Tensor = self.transformer(
                frames_BtChw, text_BLD, self.steps_B(clip_time_B), image_rotary_emb=self.turns(latents_BCthw), return_dict=False,
            )[0]  # fmt: skip
        return prediction_BtChw.transpose(1, 2)

    def steps_B(self, time_B: Tensor) -> Tensor:
        """The step (a fraction) at which the model's schedule mixes data and noise as ours does at this time."""
        after_B = torch.bucketize(time_B, self.angles_N).clamp(1, len(self.angles_N) - 1)
        low_B, high_B = self.angles_N[after_B - 1], self.angles_N[after_B]
        return after_B - 1 + ((time_B - low_B) / (high_B - low_B)).clamp(0, 1)

    def turns(self, latents_BCthw: Tensor) -> tuple[Tensor, Tensor] | None:
        """The rotary embedding of its video tokens, as its pipeline in diffusers makes it; None for a model of another kind."""
        from diffusers.models.embeddings import get_3d_rotary_pos_embed
        from diffusers.pipelines.cogvideo.pipeline_cogvideox import get_resize_crop_region_for_grid

        said = self.transformer.config
        if not said.use_rotary_positional_embeddings:
            return None
        t, h, w = self.config.grid(latents_BCthw.shape[2:])
        rows, columns = said.sample_height // said.patch_size, said.sample_width // said.patch_size
        cos_SE, sin_SE = get_3d_rotary_pos_embed(
            embed_dim=said.attention_head_dim, crops_coords=get_resize_crop_region_for_grid((h, w), columns, rows), grid_size=(h, w),
            temporal_size=t, device=latents_BCthw.device,
        )  # fmt: skip
        return cos_SE, sin_SE


def shape(depth: int, channels: int, patch_t: int, patch_px: int, text_width: int) -> DiTConfig:
    """What film decoder and sampler read of a transformer."""
    return DiTConfig(
        depth=depth, channels=channels, patch_t=patch_t, patch_px=patch_px, text_width=text_width, conditions=()
    )


@contextmanager
def text_length(embed: Any, tokens: int) -> Iterator[None]:
    """Inside, the patch embedding of a CogVideoX expects so many tokens of text before the video's: it is built for one number."""
    usual, places_1SD = embed.max_text_seq_length, getattr(embed, "pos_embedding", None)
    embed.max_text_seq_length = tokens
    if places_1SD is not None:
        text_1LD = places_1SD.new_zeros(1, tokens, places_1SD.shape[2])  # text has no places
        embed.pos_embedding = torch.cat([text_1LD, places_1SD[:, usual:]], 1)
    try:
        yield
    finally:
        embed.max_text_seq_length = usual
        if places_1SD is not None:
            embed.pos_embedding = places_1SD

"""The state decoder (A.2, 1): a clip from the world state and the last frame of the clip before, by diffusion in latents.

States stand where a video model reads its text (B.4). The last frame, encoded alone, is the clean first latent, at t = 0, and is not
learned from (G.1); at a new scene there is none, and the clip depends on the states alone (A.6). A dropped state is the model's own
token for "no text": that is the null state of guidance (F.2, 8).

Legend: B clips, N frames of one, H, W pixels, 3 channels: blue, green, red; C channels of latents, t, h, w their frames, rows, columns;
Q states, D their width; L tokens of a text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from longtake.dit.config import DiTConfig, Objective
from longtake.dit.model import DiT
from longtake.dit.objective import draw, losses
from longtake.dit.sample import Denoiser, Request, denoise
from longtake.dit.sampling_config import SamplingConfig
from longtake.errors import UserError
from longtake.latents.autoencoder import Autoencoder, check_window, latent_shape
from longtake.latents.text import NoText, TextEncoder

STATE_DROPOUT = 0.1
"""Share of clips whose states are withheld in training (F.2, 8)."""
IMAGE_DROPOUT = 0.1
"""Share of clips, beside those of new scenes, whose first frame is withheld (F.2, 8)."""


class Film(Protocol):
    """What the world model asks of a video model: `losses` to learn, `sample` to film."""

    context_width: int
    """D: of the states, as of the texts that they stand for."""
    frames: int
    """N of every clip, learned or filmed; the first repeats the last one of the clip before, but at a new scene."""
    fps: float
    size_px: tuple[int, int]
    """Height, width."""

    def encode(self, frames_BNHW3: Tensor) -> Tensor:
        """uint8 -> latents_BCthw. Raises UserError for frames that do not fit."""

    def decode(self, latents_BCthw: Tensor) -> Tensor:
        """-> frames_BNHW3, uint8."""

    def read_text(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """T(text), what states are aligned with (C.2): text_BLD and mask_BL, True where there is a token.

        Raises UserError where the video model has no text encoder.
        """

    def losses(
        self,
        latents_BCthw: Tensor,
        states_BQD: Tensor,
        new_scene_B: Tensor,
        numbers_B: Sequence[int] | Tensor,
        seed: int,
        *,
        conditions: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """loss_B. The first latent is given clean, mostly, and never where `new_scene_B`; metrics by name, NaN unknown.

        All draws follow from the seed and the clips' numbers.
        """

    def sample(
        self,
        states_QD: Tensor,
        *,
        first_HW3: Tensor | None,
        seed: int,
        config: SamplingConfig,
        conditions: Mapping[str, float] = {},
        advance: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """frames_NHW3, uint8, that begin with the frame where one is given; `advance` is called after each step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Clips:
    """As `longtake.dit.objective.Examples`: states instead of text."""

    latents_BCthw: Tensor
    text_BLD: Tensor
    text_mask_BL: Tensor
    conditions: Mapping[str, Tensor] = field(default_factory=dict)


class LatentFilm(nn.Module):
    """A film decoder out of a model that predicts latents, an autoencoder, and the text encoder that the model reads, if any."""

    model: Denoiser

    def __init__(
        self,
        model: Denoiser,
        objective: Objective,
        autoencoder: Autoencoder,
        text: TextEncoder | None,
        *,
        frames: int,
        fps: float,
        size_px: tuple[int, int],
    ) -> None:
        """Only the model is trained, moved and saved as a module. Raises UserError for parts that do not fit each other."""
        super().__init__()
        self.model, self.objective, self.autoencoder = model, objective, autoencoder
        self.text = None if isinstance(text, NoText) else text
        self.frames, self.fps, self.size_px = frames, fps, size_px
        self.context_width = model.config.text_width
        self.shape_thw = check_parts(model.config, autoencoder, self.text, frames, size_px)

    @property
    def device(self) -> torch.device:
        return next(iter(self.model.parameters())).device

    def encode(self, frames_BNHW3: Tensor) -> Tensor:
        height, width = self.size_px
        if frames_BNHW3.shape[2:] != (height, width, 3) or frames_BNHW3.shape[1] not in (1, self.frames):
            raise UserError(
                f"frames of the shape {tuple(frames_BNHW3.shape)} were given, and this film decoder takes clips of {self.frames} frames "
                f"(or a frame alone), {height} pixels high and {width} wide: [clips, frames, height, width, 3]; bring them to that size"
            )
        return self._placed().encode(frames_BNHW3).to(self.device)

    def decode(self, latents_BCthw: Tensor) -> Tensor:
        return self._placed().decode(latents_BCthw)

    def read_text(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        if self.text is None:
            raise UserError(
                "this film decoder has no text encoder, so there is nothing to align states with; leave stage 1 out, or give one"
            )
        read = self.text.encode(texts)
        text_BLD = nn.utils.rnn.pad_sequence(read, batch_first=True)
        length_B = torch.tensor([len(text_LD) for text_LD in read])
        mask_BL = torch.arange(text_BLD.shape[1]) < length_B[:, None]
        return text_BLD.to(self.device), mask_BL.to(self.device)

    def losses(
        self,
        latents_BCthw: Tensor,
        states_BQD: Tensor,
        new_scene_B: Tensor,
        numbers_B: Sequence[int] | Tensor,
        seed: int,
        *,
        mask_BQ: Tensor | None = None,
        conditions: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """As the protocol says. `mask_BQ`: True where there is a state (a text in their place is padded); metrics by name, NaN unknown."""
        self.check_width(states_BQD)
        given, shape_Cthw = tuple(latents_BCthw.shape[1:]), (self.model.config.channels, *self.shape_thw)
        if given != shape_Cthw:
            raise UserError(
                f"latents of {given} were given, and this film decoder's clips are {shape_Cthw} (channels, frames, rows, columns); "
                "encode them by it"
            )
        draws = draw(self.objective, numbers_B, shape_Cthw, seed).to(self.device)
        draws = replace(draws, clean_first_B=draws.clean_first_B & ~new_scene_B.to(self.device))
        if mask_BQ is None:
            mask_BQ = torch.ones(states_BQD.shape[:2], dtype=torch.bool)
        clips = _Clips(
            latents_BCthw=latents_BCthw.to(self.device),
            text_BLD=states_BQD.to(self.device, torch.float32),
            text_mask_BL=mask_BQ.to(self.device),
            conditions={name: value_B.to(self.device) for name, value_B in (conditions or {}).items()},
        )
        return losses(self.model, clips, draws, self.objective)

    def sample(
        self,
        states_QD: Tensor | None,
        *,
        first_HW3: Tensor | None,
        seed: int,
        config: SamplingConfig,
        conditions: Mapping[str, float] = {},
        advance: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """As the protocol says; without states, what the model films by the frame alone. Raises UserError as `denoise` does."""
        return self.decode(self.sample_latents(states_QD, first_HW3, seed, config, conditions, advance)[None])[0]

    @torch.no_grad()
    def sample_latents(
        self,
        states_QD: Tensor | None,
        first_HW3: Tensor | None,
        seed: int,
        config: SamplingConfig,
        conditions: Mapping[str, float] = {},
        advance: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """The film's latents_Cthw; the first is that of the given frame to the bit."""
        if states_QD is not None:
            self.check_width(states_QD)
        first_C1hw = None if first_HW3 is None else self.encode(first_HW3[None, None])[0]
        request = Request(
            shape=self.shape_thw, text_LD=states_QD, conditions=conditions, seed=seed, first_latent_C1hw=first_C1hw
        )
        with evaluating(self):
            return denoise(self.model, self.objective, request, config, advance=advance)

    def check_width(self, states_XD: Tensor) -> None:
        """Raises UserError for states of another width."""
        if states_XD.shape[-1] != self.context_width:
            raise UserError(
                f"the states are {states_XD.shape[-1]} wide, and this film decoder reads states of {self.context_width}; "
                "make the world model for it (its state's width is the film decoder's context_width)"
            )

    def _placed(self) -> Autoencoder:
        """The autoencoder, where the model is by now."""
        if getattr(self, "_place", None) != self.device:
            self.autoencoder, self._place = self.autoencoder.to(self.device), self.device
        return self.autoencoder


class DiTFilm(LatentFilm):
    """Our transformer: states in its cross-attention."""

    model: DiT

    @classmethod
    def fresh(
        cls,
        config: DiTConfig,
        autoencoder: Autoencoder,
        text: TextEncoder | None = None,
        *,
        frames: int,
        fps: float,
        size_px: tuple[int, int],
        objective: Objective | None = None,
        statistics: Mapping[str, tuple[float, float]] | None = None,
        seed: int = 0,
    ) -> "DiTFilm":
        """Untrained weights of the seed; channels are the autoencoder's, the context is as wide as the text, or as the config says."""
        width = config.text_width if text is None or isinstance(text, NoText) else text.width
        fitting = replace(config, channels=autoencoder.channels, text_width=width)
        model = DiT(fitting, statistics, seed)
        return cls(model, objective or of_states(Objective()), autoencoder, text, frames=frames, fps=fps, size_px=size_px)  # fmt: skip


def of_states(objective: Objective) -> Objective:
    """The same, with states and the first frame withheld as often as Owl-1 is trained here (F.2, 8)."""
    return replace(objective, text_dropout=STATE_DROPOUT, first_frame=1 - IMAGE_DROPOUT)


def check_parts(
    config: DiTConfig, autoencoder: Autoencoder, text: TextEncoder | None, frames: int, size_px: tuple[int, int]
) -> tuple[int, int, int]:
    """(t, h, w) of a clip's latents. Raises UserError for parts, a length or a size that do not fit each other."""
    if autoencoder.channels != config.channels:
        raise UserError(
            f"the autoencoder {autoencoder.name} makes latents of {autoencoder.channels} channels, and the video model takes "
            f"{config.channels}; give the two that belong together"
        )
    if text is not None and text.width != config.text_width:
        raise UserError(
            f"the text encoder {text.name} is {text.width} wide, and the video model reads texts of {config.text_width}; "
            "give the two that belong together, or no text encoder"
        )
    check_window(frames, *size_px, step_t=autoencoder.step_t, step_px=autoencoder.step_px)
    shape = latent_shape(autoencoder, frames, *size_px)
    step_t, side = autoencoder.step_t * config.patch_t, autoencoder.step_px * config.patch_px
    if shape[0] % config.patch_t or any(pixels % side for pixels in size_px) or shape[0] < 2:
        least = 1 + autoencoder.step_t * (max(2, config.patch_t) - 1)
        raise UserError(
            f"a clip of {frames} frames, {size_px[0]} pixels high and {size_px[1]} wide, does not fit this video model: it makes "
            f"{least} frames or {step_t} more each time, and sides that are multiples of {side} pixels"
        )
    return shape


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Nothing is dropped out inside."""
    was = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was)
